import { onSchedule } from '@fanfold/runtime/schedule';
import { closeDays } from '../closeDays.ts';

export const handler = onSchedule(closeDays);
