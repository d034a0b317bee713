import { onSchedule } from '@fanfold/runtime/schedule';
import { closeDays } from '../days/closeDays.ts';
import { tableGuard } from '../store/mark.ts';

export const handler = onSchedule(closeDays, tableGuard);
