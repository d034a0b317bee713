import { republishing, requirePastDay } from './arguments.ts';
import { type Cloud, cloudOf, invoke, longestMs } from './cloud.ts';
import { order, trailOf } from './operation.ts';
import { messageOf } from './sending.ts';
import { notify, print, printJson } from './terminal.ts';

type Service = (typeof republishing)[number];

type Options = { stage: string; date: string; merchant?: string; service?: Service; json?: true };

/**
 * `fanfold republish`: has services publish the events of a day again, from their tables. Consumers know what they have
 * handled, so it changes nothing but what had been missing.
 *
 * @throws UsageError when the day is in the future
 * @throws when not all of it could be done; the message says how to go on
 */
export async function republish({ stage, date, merchant, service, json }: Options): Promise<void> {
  requirePastDay(date, new Date());
  const cloud = await cloudOf(stage);
  const operationId = await order(cloud, {
    command: 'republish',
    reason: null,
    filters: { date, ...(merchant && { merchant }), ...(service && { service }) },
    messages: [],
  });
  const republished: Partial<Record<Service, number>> = {};
  let stopped: unknown;
  for (const each of service ? [service] : republishing) {
    try {
      if (!json) notify(`${each} publishes its events of ${date} again, which may take 15 minutes`);
      republished[each] = await republishDay(cloud, each, {
        date,
        ...(merchant && { merchantId: merchant }),
      });
      if (!json) print(`${each}: ${republished[each]} items of its table publish their events again`);
    } catch (error) {
      stopped = error;
      break;
    }
  }
  if (json) printJson({ stage, operationId, date, republished });
  else print(trailOf(stage, operationId));
  if (stopped)
    throw new Error(`${messageOf(stopped)} Run the command again: what is published twice changes nothing.`);
}

/** @returns how many items of the table publish their events again: payments, closings of a day, documents */
async function republishDay(cloud: Cloud, service: Service, asked: unknown): Promise<number> {
  const answer = await invoke(cloud, service, 'republish', asked, longestMs);
  const { republished } = Object(answer) as { republished?: unknown };
  if (typeof republished === 'number') return republished;
  throw new Error(
    `${service}'s republish did not answer with a count. Deploy the version that this tool is of.`,
  );
}
