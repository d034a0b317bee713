import { onSchedule } from '@fanfold/runtime/schedule';
import { witness } from '../witness.ts';

/** Under a role of its own, which may write nowhere but to what it remembers. */
export const handler = onSchedule(({ now }) => witness(now));
