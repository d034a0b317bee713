import { setTimeout as delay } from 'node:timers/promises';
import { startProgress } from '../../progress.ts';
import { type Cloud, cloudOf } from '../aws/cloud.ts';
import { commandFor, trailOf } from '../commandFor.ts';
import { messageOf, UsageError } from '../errors.ts';
import { order } from '../operations/order.ts';
import type { Restoration, RestorePlan, RestoreRun } from '../operations/restore/restoration.ts';
import { restorations } from '../operations/restore/restorations.ts';
import type { RestoredService } from '../operations/restore/restoredServices.ts';
import { ask, print, printHeading, printJson } from '../terminal.ts';
import { interruption } from './interruption.ts';

type Options = { stage: string; region?: string; dryRun?: true; yes?: true; json?: true };

/**
 * `fanfold restore`: brings back what a service's table lacks that was put back to an earlier time, after showing what that is
 * and a confirmation, and then compares it with all that is recorded.
 *
 * @returns whether the table has all that is recorded, and nothing else, none of it contradicts another, and nothing is known
 *   elsewhere that is not recorded
 * @throws UsageError when it is not confirmed
 * @throws when something of the service may run meanwhile, the table or the log does not fit, or it was interrupted; then it may be run again
 */
export async function restore(
  service: RestoredService,
  { dryRun, yes, json, ...place }: Options,
): Promise<boolean> {
  const signal = interruption();
  const run: RestoreRun = {
    step,
    pause: (durationMs) => delay(durationMs, undefined, { signal }),
    signal,
    isDry: dryRun === true,
  };
  const cloud = await cloudOf(place);
  const restoration: Restoration = restorations[service];
  const plan = await restoration.plan(cloud, run);
  const { stage } = cloud;
  if (!json) {
    printHeading(`${service} in ${stage}`);
    print(...plan.lines);
  }
  if (dryRun) {
    if (json) printJson({ stage, service, dryRun: true, plan: plan.details });
    return !plan.untold;
  }
  if (plan.toWrite > 0 && !yes) await confirm(service);
  const operationId = plan.toWrite > 0 ? await write(cloud, service, plan) : null;
  const proof = await restoration.prove(cloud, run);
  if (proof.isWhole) await restoration.finish?.(cloud, proof);
  if (json) {
    printJson({
      stage,
      service,
      operationId,
      plan: plan.details,
      proof: { holds: proof.holds, isWhole: proof.isWhole, ...proof.details },
    });
  } else {
    print(...proof.lines, ...(operationId === null ? [] : [trailOf(cloud, operationId)]));
  }
  return proof.holds;
}

/** @throws UsageError when somebody says otherwise, or nobody can be asked */
async function confirm(service: string): Promise<void> {
  const answer = await ask(`To write it, type ${service}: `);
  if (answer === service) return;
  throw new UsageError(
    answer === undefined
      ? 'Nothing was written, because there is no terminal to ask for confirmation. Use --yes to restore without being asked; --dry-run only shows it.'
      : 'Nothing was written.',
  );
}

/** @returns the operation's id */
async function write(cloud: Cloud, service: string, plan: RestorePlan): Promise<string> {
  const operationId = await order(cloud, {
    command: 'restore',
    reason: null,
    filters: { service },
    messages: [],
  });
  try {
    await plan.write();
  } catch (error) {
    throw new Error(
      `${messageOf(error)}. What was written stays; run the same command again to go on: ${commandFor(cloud, `restore ${service}`)}. ${trailOf(cloud, operationId)}`,
    );
  }
  return operationId;
}

const step: RestoreRun['step'] = async (what, total, work) => {
  const progress = startProgress(what, total);
  let done = 0;
  try {
    return await work((count) => {
      done += count;
      if (total === undefined) progress.note(done.toLocaleString('en-US'));
      else progress.set(done);
    });
  } finally {
    progress.end();
  }
};
