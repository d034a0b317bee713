import { onSchedule } from '@fanfold/runtime/schedule';
import { closeDays } from '../days/closeDays.ts';

export const handler = onSchedule(closeDays);
