import { restore } from '@fanfold/runtime/restore';
import { marked } from '../store/mark.ts';
import { billingRestorer } from '../store/restore.ts';

/** Brings back documents, with their numbers, from recorded events. */
export const handler = restore(billingRestorer, marked);
