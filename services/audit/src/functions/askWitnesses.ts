import { setTimeout as delay } from 'node:timers/promises';
import { onSchedule } from '@fanfold/runtime/schedule';
import { askWitnesses } from '../cosign/askWitnesses.ts';
import { stageWitnesses } from '../cosign/witnesses.ts';
import { reportingMisfits } from '../publish/misfit.ts';

/** Its schedule starts publishLog and the log's own witness in the same second. After this time both are done. */
const publishingMs = 10_000;

/** By the clock and not by the checkpoint's write: a busy log writes it many times a minute, and a quiet one still has to be cosigned. */
export const handler = onSchedule(async (_run, isScheduled) => {
  const witnesses = stageWitnesses();
  if (witnesses.list.length === 0) return { asked: 0 };
  if (isScheduled) await delay(publishingMs);
  return reportingMisfits(() => askWitnesses(witnesses, () => new Date()));
});
