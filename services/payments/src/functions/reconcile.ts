import { onSchedule } from '@fanfold/runtime/schedule';
import { reconcile } from '../reconciling.ts';
import { tableGuard } from '../store/mark.ts';

/** Compares what moved on the account at the provider the day before (UTC) with the payments. */
export const handler = onSchedule(reconcile, tableGuard);
