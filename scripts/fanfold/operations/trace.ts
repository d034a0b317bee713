import { identifier, maxLength } from '@fanfold/contracts/event';
import { eventOf, eventsBy, type RecordedEvent } from '../aws/auditLog.ts';
import { type Cloud, invoke } from '../aws/cloud.ts';
import { CommandError } from '../errors.ts';
import { type Flow, flowOf } from './flow.ts';

/** The flows that something had part in. */
export type Trace = {
  flows: Flow[];
  /** Whether some of its events were erased, so that nobody can read what they said and what caused them. */
  isErased: boolean;
};

/**
 * The flows that something had part in, from what audit has recorded.
 *
 * @param id of a payment, refund, invoice, credit note, event, request or operation; or the number of a document, or an order
 * @param merchantId whose it is; what operators did belongs to no merchant
 * @throws CommandError when nothing is recorded of it
 */
export async function traceOf(cloud: Cloud, id: string, merchantId: string): Promise<Trace> {
  const events = await eventsAbout(id, cloud, merchantId);
  if (events.length === 0) {
    throw new CommandError(
      `Nothing is recorded of ${id} for the merchant ${merchantId} in ${cloud.stage}. It can be the id of a payment, refund, ` +
        'invoice, credit note, event, request or operation, the number of an invoice or credit note, or an order that was ' +
        'invoiced; a payment without an invoice is found by its own id only. Check it and the merchant, or try again in a ' +
        'second: events take a moment.',
    );
  }
  const correlationIds = [...new Set(events.map(({ correlationid }) => correlationid))];
  const flows = await Promise.all(
    correlationIds.map(async (correlationId) => flowOf(await eventsBy(cloud, merchantId, { correlationId }))),
  );
  return { flows, isErased: events.some(({ erased }) => erased) };
}

/** What was said of something, or in a request, or is the event itself. */
async function eventsAbout(id: string, cloud: Cloud, merchantId: string): Promise<RecordedEvent[]> {
  const find = (query: Parameters<typeof eventsBy>[2]) => eventsBy(cloud, merchantId, query);
  if (isId(id)) {
    const [event, ofSubject, ofRequest] = await Promise.all([
      eventOf(cloud, merchantId, id),
      // Audit refuses to look for what is longer than any can be: only an event's id is.
      id.length > maxLength.subject ? [] : find({ subject: id }),
      id.length > maxLength.correlationId ? [] : find({ correlationId: id }),
    ]);
    const found = [...(event ? [event] : []), ...ofSubject, ...ofRequest];
    if (found.length > 0) return found;
  }
  // A refund is a part of its payment: no event is about it alone, so all refunds are looked through.
  if (id.startsWith('re_')) {
    const types = ['payment.refunded.v1', 'payment.refund-failed.v1'] as const;
    const refunds = (await Promise.all(types.map((type) => find({ type })))).flat();
    return refunds.filter(({ data }) => (data as { refund: { id: string } } | null)?.refund.id === id);
  }
  const subjects = await subjectsOf(id, cloud, merchantId);
  return (await Promise.all(subjects.map((subject) => find({ subject })))).flat();
}

const isId = (text: string): boolean => identifier(maxLength.eventId).safeParse(text).success;

/** What billing knows under a text: the document with this number, or the payments of this order. */
async function subjectsOf(text: string, cloud: Cloud, merchantId: string): Promise<string[]> {
  if (text.length > longestOrderId) return [];
  const asked = /^(?:[A-Z][A-Z0-9]{0,15}-)?(INV|CN)-\d{4}-\d{6,12}$/.test(text)
    ? { find: 'document', merchantId, number: text }
    : { find: 'payments', merchantId, orderId: text };
  const { ids } = (await invoke(cloud, 'billing', 'findDocuments', asked)) as { ids: string[] };
  return ids;
}

const longestOrderId = 100;
