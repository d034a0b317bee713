import { startProgress } from '../../progress.ts';
import { cloudOf } from '../aws/cloud.ts';
import { trailOf } from '../commandFor.ts';
import { messageOf } from '../errors.ts';
import { type Republished, republishEvents } from '../operations/republish.ts';
import type { RepublishingService } from '../operations/republishing.ts';
import { print, printJson } from '../terminal.ts';
import { requirePastDay } from './past.ts';

type Options = {
  stage: string;
  region?: string;
  date: string;
  merchant?: string;
  service?: RepublishingService;
  json?: true;
};

/**
 * `fanfold republish`: has services publish the events of a day again, from their tables.
 *
 * @throws UsageError when the day is in the future
 * @throws when not all of it could be done; the message says how to go on
 */
export async function republish({ date, merchant, service, json, ...place }: Options): Promise<void> {
  requirePastDay(date, new Date());
  const cloud = await cloudOf(place);
  const request = { date, ...(merchant && { merchantId: merchant }), ...(service && { service }) };
  let republished: Republished | undefined;
  let progress: ReturnType<typeof startProgress> | undefined;
  let stopped: unknown;
  try {
    for await (republished of republishEvents(cloud, request)) {
      progress?.end();
      const { running } = republished;
      progress =
        running && startProgress(`${running} publishes its events of ${date} again, up to 15 minutes`);
    }
  } catch (error) {
    if (!republished) throw error;
    stopped = error;
  } finally {
    progress?.end();
  }
  const { operationId, counts } = republished as Republished;
  if (json) {
    printJson({ stage: cloud.stage, operationId, date, republished: counts });
  } else {
    for (const [name, count] of Object.entries(counts)) {
      print(`${name}: ${count} items of its table publish their events again`);
    }
    print(trailOf(cloud, operationId));
  }
  if (stopped)
    throw new Error(
      `${messageOf(stopped)} Run the command again: an event that is published twice changes nothing.`,
    );
}
