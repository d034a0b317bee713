import { styleText } from 'node:util';
import { maxLength } from '@fanfold/contracts/event';
import { operatorMerchantId } from '@fanfold/contracts/operator';
import { type Api, connect } from './client.ts';
import { flowOf, linesOf, type RecordedEvent } from './flow.ts';

type Options = { merchant: string; json?: true };

/**
 * `fanfold trace`: shows the flows that an id had part in, from what audit has recorded.
 *
 * @throws when audit knows nothing of it, or is not running
 */
export async function trace(id: string, { merchant, json }: Options): Promise<void> {
  const { audit } = await connect(id.startsWith('op_') ? operatorMerchantId : merchant);
  const events = await eventsAbout(id, audit);
  if (events.length === 0) {
    throw new Error(
      `Audit knows nothing of ${id}. Check the id and --merchant, or try again in a second: events take a moment.`,
    );
  }
  const correlationIds = [...new Set(events.map(({ correlationid }) => correlationid))];
  const flows = (
    await Promise.all(correlationIds.map((correlationId) => eventsBy({ correlationId }, audit)))
  ).map(flowOf);
  if (json) {
    console.log(JSON.stringify({ id, flows }, null, 2));
    return;
  }
  const texts = flows.map((flow) => {
    const [heading = '', ...lines] = linesOf(flow);
    return [styleText('bold', heading), ...lines].join('\n');
  });
  console.log(texts.join('\n\n'));
}

/** What was said of something, or in a request, or is the event itself. */
async function eventsAbout(id: string, audit: Api): Promise<RecordedEvent[]> {
  const [event, ofSubject, ofRequest] = await Promise.all([
    audit.find<RecordedEvent>(`/events/${encodeURIComponent(id)}`),
    // Audit refuses to look for what is longer than any can be: only an event's id is.
    id.length > maxLength.subject ? [] : eventsBy({ subject: id }, audit),
    id.length > maxLength.correlationId ? [] : eventsBy({ correlationId: id }, audit),
  ]);
  const found = [...(event ? [event] : []), ...ofSubject, ...ofRequest];
  if (found.length > 0 || !id.startsWith('re_')) return found;
  // A refund is a part of its payment: no event is about it alone, so all refunds are looked through.
  const refunds = await eventsBy({ type: 'payment.refunded.v1' }, audit);
  return refunds.filter(({ data }) => (data as { refund: { id: string } }).refund.id === id);
}

const eventsBy = (filter: Record<string, string>, audit: Api): Promise<RecordedEvent[]> =>
  audit.all(`/events?${new URLSearchParams(filter)}`);
