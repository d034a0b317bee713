import { setTimeout as delay } from 'node:timers/promises';
import { onSchedule } from '@fanfold/runtime/schedule';
import { reportingMisfits } from '../publish/misfit.ts';
import { witness } from '../publish/witness.ts';

/** Its schedule starts publishLog in the same second. After this time that has published its checkpoint. */
const publishingMs = 5000;

/** Its role allows it to write to its own table only. */
export const handler = onSchedule(async (_run, isScheduled) => {
  if (isScheduled) await delay(publishingMs);
  return reportingMisfits(() => witness(new Date()));
});
