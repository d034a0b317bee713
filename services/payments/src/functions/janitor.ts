import { eachDue } from '@fanfold/runtime/schedule';
import { settleDue } from '../operation.ts';
import { tableGuard } from '../store/mark.ts';
import { dueFor } from '../store/queries.ts';

/** Settles payments and refunds whose outcome at the provider was unknown when their request ended. */
export const handler = eachDue((run) => dueFor('settle', run.now), settleDue, tableGuard);
