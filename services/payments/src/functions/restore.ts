import { restore } from '@fanfold/runtime/restore';
import { marked } from '../store/mark.ts';
import { paymentsRestorer } from '../store/restore.ts';

/** Brings back payments from recorded events. */
export const handler = restore(paymentsRestorer, marked);
