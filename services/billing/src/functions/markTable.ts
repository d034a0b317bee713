import { markTable } from '@fanfold/runtime/behind';
import { marked } from '../store/mark.ts';

/** Runs every minute. Functions that write compare with what it wrote. */
export const handler = markTable(marked);
