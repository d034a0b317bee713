import { isDeepStrictEqual } from 'node:util';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { catalog, type EventOfType, type EventType } from '@fanfold/contracts/catalog';
import type { SellerVersion } from '@fanfold/contracts/seller';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { readItems } from '@fanfold/runtime/readItems';
import {
  addTotals,
  type ComparedEvent,
  type Next,
  type ProviderPart,
  type RestoredEvent,
  type Restorer,
  type Standing,
  type Total,
  type Totals,
} from '@fanfold/runtime/restore';
import { records } from '#providerRecords';
import type { DifferenceFound } from '../payment/difference.ts';
import type { Payment, PaymentEvent } from '../payment/payment.ts';
import { type Beginning, restored, standingOf, tellsOf, withNumber } from '../payment/restore.ts';
import {
  attributesOf,
  type DayItem,
  type DifferenceItem,
  differenceItem,
  eventsOf,
  itemOf,
  type PaymentItem,
  paymentOf,
  storedOf,
} from './items.ts';
import { noteSeller, sellerKey } from './sellers.ts';
import { tableName } from './table.ts';

/**
 * Brings back from recorded events what a table lacks that was put back to an earlier time. What it writes has no event for
 * the publisher: all of it was published before.
 */
export const paymentsRestorer: Restorer = { compare, write, totals, provider };

type DocumentEvent = EventOfType<'invoice.issued.v1' | 'credit-note.issued.v1'>;
type DayClosed = EventOfType<'payments.day-closed.v1'>;
type SellerChanged = EventOfType<'seller.changed.v1'>;
type RecordedEvent = PaymentEvent | DocumentEvent | WholeEvent | SellerChanged;
/** An item is of one of these alone. */
type WholeEvent = DayClosed | DifferenceFound;

const read = (text: string): RecordedEvent => {
  const value = JSON.parse(text);
  return catalog[value.type as EventType].schema.parse(value) as RecordedEvent;
};

const isDocument = (event: RecordedEvent): event is DocumentEvent =>
  event.type === 'invoice.issued.v1' || event.type === 'credit-note.issued.v1';

const isWhole = (event: RecordedEvent): event is WholeEvent =>
  event.type === 'payments.day-closed.v1' || event.type === 'payments.difference-found.v1';

const isSeller = (event: RecordedEvent): event is SellerChanged => event.type === 'seller.changed.v1';

/** The key of the item that an event is about. */
const keyOf = (event: RecordedEvent): string =>
  isSeller(event) ? sellerKey(event.merchantid) : keyOfSubject(event);

const keyOfSubject = (event: Exclude<RecordedEvent, SellerChanged>): string =>
  `${event.merchantid}#${isDocument(event) ? event.data.paymentId : event.subject}`;

async function readByKey(pks: string[]): Promise<Map<string, Record<string, AttributeValue>>> {
  const found = new Map<string, Record<string, AttributeValue>>();
  const keys = [...new Set(pks)].map((pk) => ({ pk }));
  for await (const items of readItems(tableName(), keys)) {
    for (const item of items) found.set(item.pk?.S ?? '', item);
  }
  return found;
}

async function compare(events: ComparedEvent[]): Promise<Standing[]> {
  const asked = events.map((event) => ({
    ...event,
    event: event.text === null ? undefined : read(event.text),
  }));
  const keys = asked.map(({ merchantId, id, event }) =>
    event ? keyOf(event) : `${merchantId}#${id.slice(0, id.lastIndexOf(':'))}`,
  );
  const stored = await readByKey(keys);
  return asked.map(({ id, text, event }, i) => {
    const item = stored.get(keys[i] as string);
    return event && text !== null ? standing(event, text, item) : standingOfErased(id, item);
  });
}

function standing(
  event: RecordedEvent,
  text: string,
  item: Record<string, AttributeValue> | undefined,
): Standing {
  if (isWhole(event)) {
    if (!item) return { state: 'missing' };
    // The table does not keep the order of the members of maps, of which these events have some.
    const [stored] = eventsOf(item);
    if (isDeepStrictEqual(stored, JSON.parse(text))) return { state: 'same' };
    return { state: 'other', why: otherwise[event.type] };
  }
  if (isSeller(event)) {
    const { version = 0 } = item ? (unmarshall(item) as Partial<SellerVersion>) : {};
    return { state: version >= event.data.version ? 'same' : 'missing' };
  }
  const payment = item && paymentOf(item);
  if (isDocument(event)) {
    const { payment: changed, standing } = withNumber(payment, event);
    return changed ? { state: 'missing' } : standing;
  }
  const n = Number(event.sequence);
  if (payment && payment.history.length >= n) return standingOf(payment, n, text);
  return { state: (payment?.history.length ?? 0) === n - 1 ? 'missing' : 'early' };
}

const otherwise: Record<WholeEvent['type'], string> = {
  'payments.day-closed.v1': 'the day was closed with other counts',
  'payments.difference-found.v1': 'the difference was found again at another time',
};

/**
 * Of what was erased only the id is known. Which payment a document was for is not: its number is no loss for payments. Nor is
 * a seller, whom billing has.
 */
function standingOfErased(id: string, item: Record<string, AttributeValue> | undefined): Standing {
  if (/^(inv|cn|seller)_/.test(id)) return { state: 'same' };
  const n = Number(id.slice(id.lastIndexOf(':') + 1));
  const isWhole = item?.closing !== undefined || item?.difference !== undefined;
  const isThere = isWhole || (item && paymentOf(item).history.length >= n);
  return { state: isThere ? 'same' : 'missing' };
}

/** How often a payment is tried again when others write it at the same time. */
const maxAttempts = 10;

async function write(events: RestoredEvent[]): Promise<Standing[]> {
  const recorded = events.map(({ text }) => ({ text, event: read(text) }));
  const standings = new Map<Recorded, Standing>();
  const ofPayments = recorded.filter(({ event }) => !isWhole(event) && !isSeller(event));
  await Promise.all(
    recorded.map(async (each) => {
      if (isWhole(each.event)) standings.set(each, await writeWhole(each.event, each.text));
      if (isSeller(each.event)) {
        await noteSeller(each.event.merchantid, each.event.data);
        standings.set(each, { state: 'same' });
      }
    }),
  );
  for (const [each, standing] of await writePayments(ofPayments)) standings.set(each, standing);
  return recorded.map((each) => standings.get(each) ?? { state: 'missing' });
}

type Recorded = { text: string; event: RecordedEvent };

/** Payment by payment, each event behind those that it follows. */
async function writePayments(recorded: Recorded[], attempt = 1): Promise<Map<Recorded, Standing>> {
  const byPayment = Map.groupBy(recorded, ({ event }) => keyOf(event));
  const stored = await readByKey([...byPayment.keys()]);
  const standings = new Map<Recorded, Standing>();
  const conflicting: Recorded[] = [];
  await Promise.all(
    [...byPayment].map(async ([key, ofPayment]) => {
      const item = stored.get(key);
      const before = item && paymentOf(item);
      const beginning = before ? undefined : await beginningOf(ofPayment);
      let payment = before;
      for (const each of ofPayment.toSorted(inSequence)) {
        const { payment: next, standing } = apply(payment, each, beginning);
        payment = next ?? payment;
        standings.set(each, standing);
      }
      if (payment && payment !== before && !(await save(payment, before))) conflicting.push(...ofPayment);
    }),
  );
  if (conflicting.length === 0) return standings;
  if (attempt === maxAttempts) throw new Error('Others keep writing the same payments: try again');
  return new Map([...standings, ...(await writePayments(conflicting, attempt + 1))]);
}

/** The events of a payment in their sequence, and then the numbers of its documents. */
const inSequence = (a: Recorded, b: Recorded): number =>
  Number(isDocument(a.event)) - Number(isDocument(b.event)) ||
  Number(a.event.sequence) - Number(b.event.sequence);

function apply(
  payment: Payment | undefined,
  { event, text }: Recorded,
  beginning: Beginning | undefined,
): { payment?: Payment | undefined; standing: Standing } {
  if (isWhole(event) || isSeller(event)) throw new Error(`${event.id} is no event of a payment`);
  return isDocument(event) ? withNumber(payment, event) : restored(payment, event, text, beginning);
}

/** What the provider has of a payment, whose events do not tell how it was paid. */
async function beginningOf(recorded: Recorded[]): Promise<Beginning | undefined> {
  const first = recorded.find(({ event }) => !isDocument(event) && Number(event.sequence) === 1);
  const found = first && (await records.find(first.event.subject));
  if (!found) return undefined;
  const { operation, paymentMethod } = found;
  return { operation: operation === 'authorize' ? 'authorize' : 'charge', paymentMethod };
}

/** @returns whether it was written: not when somebody else has written the payment meanwhile */
const save = (payment: Payment, before: Payment | undefined): Promise<boolean> =>
  put(
    itemOf(payment, []),
    before ? 'version = :version' : 'attribute_not_exists(pk)',
    before && { ':version': { N: String(before.version) } },
  );

async function writeWhole(event: WholeEvent, text: string): Promise<Standing> {
  const item: DayItem | DifferenceItem =
    event.type === 'payments.day-closed.v1'
      ? { pk: keyOf(event), closing: { ...ofEvent(event), ...event.data, closedAt: event.time } }
      : differenceItem({ ...ofEvent(event), data: event.data, foundAt: event.time });
  await put({ ...item, saysNothing: true }, 'attribute_not_exists(pk)');
  const [standing] = await compare([{ merchantId: event.merchantid, id: event.id, text }]);
  return standing as Standing;
}

const ofEvent = ({ subject, merchantid, correlationid, causationid, traceparent }: WholeEvent) => ({
  subject,
  merchantId: merchantid,
  trace: { correlationid, causationid, traceparent },
});

async function put(
  item: PaymentItem | DayItem | DifferenceItem,
  condition: string,
  values?: Record<string, AttributeValue>,
): Promise<boolean> {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: attributesOf(item),
        ConditionExpression: condition,
        ExpressionAttributeValues: values,
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** The provider's clock may be behind this service's, which set the marks. */
const clockSkewMs = 60_000;

/** What the provider has carried out since the time of a mark, and the table does not tell of. */
async function provider(since: string | undefined, after: Next | undefined): Promise<ProviderPart> {
  const from = since && new Date(Date.parse(since) - clockSkewMs).toISOString();
  const { done, next } = await records.list(from, after);
  const keyOf = ({ merchantId = '', paymentId }: (typeof done)[number]) => `${merchantId}#${paymentId}`;
  const stored = await readByKey(done.map(keyOf));
  const untold = done.filter((each) => {
    const item = stored.get(keyOf(each));
    return item === undefined || !tellsOf(paymentOf(item), each);
  });
  return {
    records: untold.map(({ merchantId = null, amount: amountMinor, ...record }) => ({
      ...record,
      merchantId,
      amountMinor,
    })),
    ...(next && { next }),
  };
}

/** How many calls one part takes at most: each reads a megabyte, some hundred payments. */
const callsPerPart = 10;

async function totals(after: Next | undefined, isTimeUp: () => boolean): Promise<Totals> {
  const found: Total[] = [];
  let next = after && marshall(after);
  for (let calls = 0; calls < callsPerPart && !isTimeUp(); calls++) {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new ScanCommand({
        TableName: tableName(),
        FilterExpression: 'attribute_exists(facts) OR attribute_exists(history)',
        ProjectionExpression: 'pk, merchantId, currency, amount, amountCaptured, refunds, facts, history',
        ExclusiveStartKey: next,
      }),
    );
    found.push(...Items.flatMap((item) => totalsOf(storedOf(item) as PaymentItem)));
    next = LastEvaluatedKey;
    if (!next) break;
  }
  return { totals: addTotals(found), numbers: [], ...(next && { next: unmarshall(next) as Next }) };
}

const totalsOf = ({ merchantId, currency, amount, amountCaptured, refunds, history }: PaymentItem): Total[] =>
  history.map(({ type, time, refundId = '' }) => ({
    merchantId,
    date: time.slice(0, 10),
    type,
    currency,
    count: 1,
    amountMinor:
      type === 'payment.captured.v1'
        ? amountCaptured
        : type === 'payment.refunded.v1' || type === 'payment.refund-failed.v1'
          ? (refunds[refundId]?.amount ?? 0)
          : amount,
  }));
