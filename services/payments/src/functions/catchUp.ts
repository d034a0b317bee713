import { onSchedule } from '@fanfold/runtime/schedule';
import { catchUp } from '../catchingUp.ts';
import { tableGuard } from '../store/mark.ts';

/** Finds out what notifications would have said that were lost. */
export const handler = onSchedule(catchUp, tableGuard);
