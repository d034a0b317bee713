import { type Cloud, invoke, longestMs } from '../aws/cloud.ts';
import { order } from './order.ts';
import { type RepublishingService, republishing } from './republishing.ts';

/** `date` is a day (UTC), such as `2026-11-23`. */
export type RepublishRequest = { date: string; merchantId?: string; service?: RepublishingService };

/** How far it is: one object for the whole of it. */
export type Republished = {
  operationId: string;
  /** How many items of its table each service that has ended publishes the events of again: payments, closings of a day, documents. */
  counts: Partial<Record<RepublishingService, number>>;
  /** The service that does it now, which may take 15 minutes; undefined at the end. */
  running: RepublishingService | undefined;
};

/**
 * Has services publish the events of a day again, from their tables. Consumers know what they have handled, so it changes
 * nothing but what had been missing. Tells how far it is before each service, and at the end.
 *
 * @throws when it could not be ordered, or a service failed. What is published twice changes nothing
 */
export async function* republishEvents(
  cloud: Cloud,
  { date, merchantId, service }: RepublishRequest,
): AsyncGenerator<Republished> {
  const operationId = await order(cloud, {
    command: 'republish',
    reason: null,
    filters: { date, ...(merchantId && { merchant: merchantId }), ...(service && { service }) },
    messages: [],
  });
  const republished: Republished = { operationId, counts: {}, running: undefined };
  for (const each of service ? [service] : republishing) {
    republished.running = each;
    yield republished;
    republished.counts[each] = await republishDay(cloud, each, { date, ...(merchantId && { merchantId }) });
  }
  republished.running = undefined;
  yield republished;
}

async function republishDay(cloud: Cloud, service: RepublishingService, asked: unknown): Promise<number> {
  const answer = await invoke(cloud, service, 'republish', asked, longestMs);
  const { republished } = Object(answer) as { republished?: unknown };
  if (typeof republished === 'number') return republished;
  throw new Error(`${service}'s republish returned no count. Deploy the version of this tool.`);
}
