import { guardByMark } from '@fanfold/runtime/behind';
import type { Marked } from '@fanfold/runtime/mark';
import { tableName } from './table.ts';

/** What tells whether the table was put back to an earlier time. */
export const marked: Marked = { service: 'payments', tableName };

/** Asked before anything is written. */
export const tableGuard = /* @__PURE__ */ guardByMark(marked);
