import { setTimeout as delay } from 'node:timers/promises';
import { onSchedule } from '@fanfold/runtime/schedule';
import { witness } from '../publish/witness.ts';

/** The clock runs publishLog in the same second: after this time its checkpoint is there. */
const publishingMs = 5000;

/** Under a role of its own, which may write nowhere but to what it remembers. */
export const handler = onSchedule(async () => {
  await delay(publishingMs);
  return witness(new Date());
});
