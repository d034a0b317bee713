import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import { type ListQuery, nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import { readItems } from '@fanfold/runtime/readItems';
import { Refusal } from '@fanfold/runtime/refusal';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { type DayClosing, eventOfDay, subjectOfDay } from './day.ts';
import { type Change, eventOf, lastTimeOf, lookupAt, type Payment } from './payment.ts';

/**
 * The payments table: one item per payment, `pk` = `<merchant>#<payment id>`, and one per closed day.
 *
 * Every write replaces the item under the condition that nobody wrote since it was read. The item carries the
 * state, its version, and in `said` the numbers of the events of this very write: the table's stream takes each image
 * with its events to the publisher, so there is no event without its write and no write without its event. What was
 * said by earlier writes has gone out with their images; should the stream have forgotten one before it was published,
 * {@link republishEvents} makes the stream carry it once more.
 *
 * Indexes hold keys only, so that a write costs them nothing unless a key changes:
 * - `ByMerchant`: the payments of a merchant by time of creation;
 * - `Due`: what a clock must look at, and when; in 16 parts, as one part takes 1,000 writes a second;
 * - `ByDay`: which payments last said something on a day (UTC), in 16 parts.
 */
type Item = Omit<Payment, 'id' | keyof typeof nothing> &
  Partial<Pick<Payment, keyof typeof nothing>> & {
    pk: string;
    /** Made anew for each write, so that a write whose answer was lost is recognised as one's own. */
    writeId: string;
    /** The numbers of the events of this write. The name is that of the stored items, and of their stream's filter. */
    said: number[];
    /** Set when this write has no event: then the publisher need not run for it. */
    saysNothing?: true;
    /** When an operator last had events published again: without a change there would be no record in the stream. */
    saidAgainAt?: string;
    due?: string;
    dueAt?: string;
    day?: string;
  };

/** What most payments have nothing of is not stored, nor what the key says: a write unit takes a kilobyte. */
const nothing = { ask: null, failure: null, cancellationReason: null, expiresAt: null };

const tableName = () => environmentVariable('PAYMENTS_TABLE_NAME');

/** What is no payment's id is not looked up, whoever sent it: other items have keys like it. */
const isPaymentId = (id: string): boolean => /^pay_[0-9a-f]{32}$/.test(id);

export async function load(merchantId: string, id: string): Promise<Payment | undefined> {
  if (!isPaymentId(id)) return undefined;
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: keyOf(merchantId, id), ConsistentRead: true }),
  );
  return Item && paymentOf(Item);
}

/** Writes a new payment, unless there is one with its id: then that is returned and nothing is written. */
export const insert = (change: Change): Promise<Payment | undefined> =>
  put(change, 'attribute_not_exists(pk)');

/** Nothing was written, because others kept writing. */
export class PaymentBusy extends Refusal {
  /** As others left it. */
  readonly payment: Payment;

  constructor(payment: Payment) {
    super(409, 'payment_busy', 'Other requests keep changing this payment. Try again.', {
      headers: { 'Retry-After': '1' },
    });
    this.payment = payment;
  }
}

/** For how long a write is tried while others write, so that a request has time left for what follows. */
const patienceMs = 4000;

/**
 * Applies a decision to a payment, again when another write came between: `decide` sees the payment as it is
 * then. A decision that says nothing and keeps the payment writes nothing.
 *
 * @param giveUpAt after which time no further attempt is made
 * @throws what `decide` throws, and {@link PaymentBusy} when others keep writing
 */
export async function update(
  payment: Payment,
  decide: (payment: Payment) => Change,
  giveUpAt = Date.now() + patienceMs,
): Promise<Payment> {
  let current = payment;
  for (let attempt = 0; ; attempt++) {
    const change = decide(current);
    if (change.payment === current) return current;
    const newer = await put(change, 'version = :version', { ':version': { N: String(current.version) } });
    if (!newer) return change.payment;
    current = newer;
    if (Date.now() >= giveUpAt) throw new PaymentBusy(current);
    // What a failed write gives back is as new as a read, so the next one follows at once. When that fails as well
    // many are writing: each waits for a random time.
    if (attempt % 2 === 1) await delay(Math.random() * Math.min(10 * 2 ** ((attempt + 1) / 2), 160));
  }
}

/** @returns the payment that is there, when the condition failed because of another's write */
async function put(
  { payment, eventNumbers }: Change,
  condition: string,
  values?: Record<string, AttributeValue>,
): Promise<Payment | undefined> {
  for (const n of eventNumbers) eventOf(payment, n); // what no consumer could read is never written
  const item = itemOf(payment, eventNumbers);
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall(item, { removeUndefinedValues: true }),
        ConditionExpression: condition,
        ExpressionAttributeValues: values,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException) || !error.Item) throw error;
    // The SDK repeats a write whose answer was lost, and the repetition fails on the condition.
    return error.Item.writeId?.S === item.writeId ? undefined : paymentOf(error.Item);
  }
}

/** The events of the write that left an item as it is in this image of the stream. */
export function eventsOf(image: Record<string, AttributeValue>): Event[] {
  const item = unmarshall(image) as Item | DayItem | Marker;
  if ('closing' in item) return [eventOfDay(item.closing)];
  if (!('said' in item)) return [];
  const payment = paymentOf(image);
  return item.said.map((n) => eventOf(payment, n));
}

/** Notes the number of the invoice that billing issued for a payment. */
export const noteInvoiceNumber = (merchantId: string, paymentId: string, number: string): Promise<void> =>
  note(merchantId, paymentId, 'invoiceNumber', {}, number);

/** Notes the number of the credit note that billing issued for a refund. */
export const noteCreditNoteNumber = (
  merchantId: string,
  paymentId: string,
  refundId: string,
  number: string,
): Promise<void> =>
  note(merchantId, paymentId, 'refunds.#refund.creditNoteNumber', { '#refund': refundId }, number);

/** One write without reading first. It says nothing, so it takes away what the write before it said. */
async function note(
  merchantId: string,
  paymentId: string,
  attribute: string,
  names: Record<string, string>,
  number: string,
): Promise<void> {
  const { '#refund': refundId } = names;
  if (!isPaymentId(paymentId)) throw unknownPayment(paymentId);
  // No attribute has an empty name, and DynamoDB would refuse to look for it.
  if (refundId === '') throw unknownRefund(paymentId, refundId);
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: tableName(),
        Key: keyOf(merchantId, paymentId),
        UpdateExpression: `SET ${attribute} = :number, version = version + :one, updatedAt = :now, said = :nothing, saysNothing = :true, writeId = :writeId`,
        ConditionExpression: `${attribute} = :none`,
        ExpressionAttributeNames: Object.keys(names).length > 0 ? names : undefined,
        ExpressionAttributeValues: marshall({
          ':number': number,
          ':one': 1,
          ':now': new Date().toISOString(),
          ':nothing': [],
          ':true': true,
          ':none': null,
          ':writeId': newWriteId(),
        }),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    if (!error.Item) throw unknownPayment(paymentId);
    const { invoiceNumber, refunds } = paymentOf(error.Item);
    const noted = refundId === undefined ? invoiceNumber : refunds[refundId]?.creditNoteNumber;
    if (noted === undefined) throw unknownRefund(paymentId, refundId);
    if (noted !== number)
      throw new Unprocessable('contradiction', `${paymentId} already has the number ${noted}`);
  }
}

const unknownPayment = (id: string): Unprocessable =>
  new Unprocessable('unknown-payment', `There is no payment ${id}`);

const unknownRefund = (paymentId: string, id: string | undefined): Unprocessable =>
  new Unprocessable('unknown-refund', `${paymentId} has no refund ${id}`);

/**
 * Lets the table's stream carry events of a payment again, by their numbers. Nothing else changes, so it needs no
 * condition: they stay what they were whatever is written meanwhile, and every other write has its own image.
 */
export const republishEvents = ({ merchantId, id }: Payment, numbers: number[], now: Date): Promise<void> =>
  touch(
    keyOf(merchantId, id),
    'SET said = :said, saidAgainAt = :now REMOVE saysNothing',
    { ':said': numbers },
    now,
  );

/** The closings of a day, of those merchants whose day is closed. */
export async function* closingsOf(date: string, merchantIds: string[]): AsyncGenerator<DayClosing[]> {
  const keys = merchantIds.map((id) => ({ pk: `${id}#${subjectOfDay(date, id)}` }));
  for await (const items of readItems(tableName(), keys)) {
    yield items.map((item) => (unmarshall(item) as DayItem).closing);
  }
}

/** Lets the stream carry the closing of a merchant's day again. */
export const republishDay = ({ merchantId, subject }: DayClosing, now: Date): Promise<void> =>
  touch(keyOf(merchantId, subject), 'SET saidAgainAt = :now', {}, now);

/** @throws ConditionalCheckFailedException when there is no such item */
async function touch(
  Key: Record<string, AttributeValue>,
  UpdateExpression: string,
  values: Record<string, unknown>,
  now: Date,
): Promise<void> {
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(),
      Key,
      UpdateExpression,
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: marshall({ ...values, ':now': now.toISOString() }),
    }),
  );
}

/**
 * A merchant's payments, newest first.
 *
 * @throws Refusal 404 when there is no payment with the id `startingAfter`
 */
export async function list(merchantId: string, { limit, startingAfter }: ListQuery): Promise<Page<Payment>> {
  const start = startingAfter === undefined ? undefined : await load(merchantId, startingAfter);
  if (startingAfter !== undefined && !start) throw nothingToStartAfter('a payment');
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      IndexName: 'ByMerchant',
      KeyConditionExpression: 'merchantId = :merchantId',
      ExpressionAttributeValues: marshall({ ':merchantId': merchantId }),
      ScanIndexForward: false,
      Limit: limit + 1,
      ExclusiveStartKey:
        start && marshall({ pk: `${merchantId}#${start.id}`, merchantId, createdAt: start.createdAt }),
    }),
  );
  const items = await loadAll(Items.slice(0, limit));
  return { items, hasMore: Items.length > limit };
}

/**
 * What is due for a clock: payments to settle with the provider, or authorizations to expire. Part by part, from
 * another one each time, so that a part which a provider cannot settle does not hold up the others for ever.
 */
export async function* dueFor(kind: 'settle' | 'expire', now: Date): AsyncGenerator<Payment[]> {
  const first = Math.floor(Math.random() * shards.length);
  for (const shard of shards.slice(first) + shards.slice(0, first)) {
    const keys = queryKeys('Due', 'due = :part AND dueAt <= :now', {
      ':part': `${kind}#${shard}`,
      ':now': now.toISOString(),
    });
    for await (const page of keys) yield await loadAll(page);
  }
}

/** Every payment that last said something on a day, or every one of a merchant: page by page, empty ones too. */
export async function* activeOn(date: string, merchantId?: string): AsyncGenerator<Payment[]> {
  const [ofMerchant, prefix] =
    merchantId === undefined ? ['', {}] : [' AND begins_with(pk, :prefix)', { ':prefix': `${merchantId}#` }];
  for (const shard of shards) {
    const values = { ':part': `${date}#${shard}`, ...prefix };
    for await (const page of queryKeys('ByDay', `#day = :part${ofMerchant}`, values, { '#day': 'day' })) {
      yield await loadAll(page);
    }
  }
}

/** How far the payments of a day were read: the key of the last one, by part of the index. */
export type Positions = Record<string, string>;

/** Payments of one merchant, and where to go on after them. */
export type Segment = { merchantId: string; payments: Payment[]; positions: Positions };

/**
 * Every payment that last said something on one of these days, each once, merchant after merchant in the order of their ids.
 * The days come oldest first. All parts of the index are read beside each other, a hundred payments of each at a time.
 */
export async function* merchantByMerchant(days: string[], from: Positions): AsyncGenerator<Segment> {
  const parts = [...shards].map((shard) => new PartOfDays(shard, days, from[shard]));
  for (;;) {
    await Promise.all(parts.map((part) => part.readOn()));
    const [merchantId] = parts.flatMap(({ merchantId }) => merchantId ?? []).sort(byKey);
    if (merchantId === undefined) return;
    const payments = parts.flatMap((part) => part.take(merchantId));
    const positions = Object.fromEntries(
      parts.flatMap(({ shard, after }) => (after === undefined ? [] : [[shard, after]])),
    );
    yield { merchantId, payments, positions };
  }
}

/** As the index has them: an id that begins as another one comes after it. */
const byKey = (a: string, b: string): number => (`${a}#` < `${b}#` ? -1 : 1);

/** A part of the index of several days, in the order of its keys. */
class PartOfDays {
  readonly shard: string;
  /** The key up to which payments were taken. */
  after: string | undefined;
  readonly #days: string[];
  #payments: Payment[] = [];
  /** Up to where they were read; undefined at the end, and before the beginning. */
  #upTo: string | undefined;
  #isRead = false;

  constructor(shard: string, days: string[], after: string | undefined) {
    this.shard = shard;
    this.#days = days;
    this.after = after;
  }

  get merchantId(): string | undefined {
    return this.#payments[0]?.merchantId;
  }

  /** Reads until there is a payment to take, or the end. */
  async readOn(): Promise<void> {
    while (this.#payments.length === 0 && !this.#isRead) {
      this.after = this.#upTo ?? this.after;
      const keys = await this.#nextKeys();
      this.#payments = await loadAll(keys.map((pk) => ({ pk: { S: pk } })));
      this.#isRead = this.#upTo === undefined;
    }
  }

  /** The next payments that were read, as far as they are the merchant's. */
  take(merchantId: string): Payment[] {
    const other = this.#payments.findIndex((payment) => payment.merchantId !== merchantId);
    const taken = this.#payments.splice(0, other < 0 ? this.#payments.length : other);
    const last = taken.at(-1);
    if (last) this.after = `${merchantId}#${last.id}`;
    return taken;
  }

  /**
   * Of each day the same stretch of keys, the oldest day first: a payment that says something meanwhile moves to a later day,
   * which is still to be read. (Indexes are eventually consistent: one that moves in the very second could be missed.)
   */
  async #nextKeys(): Promise<string[]> {
    const keys = new Set<string>();
    let upTo: string | undefined;
    for (const day of this.#days) {
      const { Items = [], LastEvaluatedKey } = await dynamodb.send(
        new QueryCommand({
          TableName: tableName(),
          IndexName: 'ByDay',
          KeyConditionExpression: `#day = :part${stretch(this.after, upTo)}`,
          ExpressionAttributeNames: { '#day': 'day' },
          ExpressionAttributeValues: marshall(
            { ':part': `${day}#${this.shard}`, ':after': this.after, ':upTo': upTo },
            { removeUndefinedValues: true },
          ),
          Limit: 100,
        }),
      );
      for (const { pk } of Items) keys.add(pk?.S ?? '');
      upTo = LastEvaluatedKey?.pk?.S ?? upTo;
    }
    this.#upTo = upTo;
    const { after = '' } = this;
    return [...keys].filter((pk) => pk > after && (upTo === undefined || pk <= upTo)).sort();
  }
}

function stretch(after: string | undefined, upTo: string | undefined): string {
  if (after !== undefined && upTo !== undefined) return ' AND pk BETWEEN :after AND :upTo';
  if (after !== undefined) return ' AND pk > :after';
  return upTo === undefined ? '' : ' AND pk <= :upTo';
}

/** Payment ids end in hexadecimal digits of a hash: the last one spreads them evenly. */
const shards = '0123456789abcdef';
const shardOf = ({ id }: Payment) => id.slice(-1);

type DayItem = { pk: string; closing: DayClosing; saidAgainAt?: string };
/** That a day is closed for every merchant, or how far it is. */
type Marker = { pk: string; progress?: Progress };

/** How far the closing of a day is, for the run that goes on with it. */
export type Progress = {
  positions: Positions;
  /** Of the merchant whose payments are not all counted: what those make up that are. */
  open: DayClosing[];
  /** How many merchants' days could not be closed. */
  failed: number;
};

/** Writes a merchant's closed day, whose event goes out like a payment's; a day that is closed stays as it is. */
export async function closeDay(closing: DayClosing): Promise<void> {
  eventOfDay(closing);
  await putIf('attribute_not_exists(pk)', { pk: `${closing.merchantId}#${closing.subject}`, closing });
}

/** Notes that every merchant's day is closed. */
export const markClosed = (date: string): Promise<void> => mark({ pk: `closed#${date}` });

/** Notes how far the closing of a day is, unless it is closed meanwhile. */
export const saveProgress = (date: string, progress: Progress): Promise<void> =>
  mark({ pk: `closed#${date}`, progress });

/** How far the closing of a day is. */
export async function progressOf(date: string): Promise<Progress | 'closed' | 'not begun'> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({
      TableName: tableName(),
      Key: { pk: { S: `closed#${date}` } },
      ConsistentRead: true,
    }),
  );
  return Item ? ((unmarshall(Item) as Marker).progress ?? 'closed') : 'not begun';
}

const mark = (marker: Marker): Promise<void> =>
  putIf('attribute_not_exists(pk) OR attribute_exists(progress)', marker);

async function putIf(condition: string, item: DayItem | Marker): Promise<void> {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall(item, { removeUndefinedValues: true }),
        ConditionExpression: condition,
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

async function* queryKeys(
  index: string,
  condition: string,
  values: Record<string, string>,
  names?: Record<string, string>,
): AsyncGenerator<Record<string, AttributeValue>[]> {
  let start: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        IndexName: index,
        KeyConditionExpression: condition,
        ExpressionAttributeValues: marshall(values),
        ExpressionAttributeNames: names,
        ExclusiveStartKey: start,
        Limit: 100,
      }),
    );
    yield Items;
    start = LastEvaluatedKey;
  } while (start);
}

/** The payments that index entries point to, in their order. */
async function loadAll(entries: Record<string, AttributeValue>[]): Promise<Payment[]> {
  const found = new Map<string, Payment>();
  const keys = entries.map(({ pk }) => ({ pk: pk?.S ?? '' }));
  for await (const items of readItems(tableName(), keys)) {
    for (const item of items) found.set(item.pk?.S ?? '', paymentOf(item));
  }
  return entries.flatMap(({ pk }) => found.get(pk?.S ?? '') ?? []);
}

const keyOf = (merchantId: string, id: string) => ({ pk: { S: `${merchantId}#${id}` } });

function itemOf(payment: Payment, eventNumbers: number[]): Item {
  const dueAt = settleAt(payment);
  const lastDay = lastTimeOf(payment.history).slice(0, 10);
  const { id, ask, failure, cancellationReason, expiresAt, ...stored } = payment;
  return {
    ...stored,
    ...(ask && { ask }),
    ...(failure && { failure }),
    ...(cancellationReason !== null && { cancellationReason }),
    ...(expiresAt !== null && { expiresAt }),
    pk: `${payment.merchantId}#${id}`,
    writeId: newWriteId(),
    said: eventNumbers,
    ...(eventNumbers.length === 0 && { saysNothing: true as const }),
    ...(dueAt !== undefined && { due: `settle#${shardOf(payment)}`, dueAt }),
    ...(payment.expiresAt &&
      dueAt === undefined && { due: `expire#${shardOf(payment)}`, dueAt: payment.expiresAt }),
    ...(lastDay && { day: `${lastDay}#${shardOf(payment)}` }),
  };
}

const newWriteId = () => randomBytes(12).toString('base64url');

/** When the janitor should ask the provider. */
function settleAt(payment: Payment): string | undefined {
  const { ask, refunds } = payment;
  const pending = Object.values(refunds).filter(({ status }) => status === 'pending');
  return [...(ask ? [ask] : []), ...pending].map((asked) => lookupAt(asked, payment)).sort()[0];
}

function paymentOf(item: Record<string, AttributeValue>): Payment {
  const { pk, writeId, said, saysNothing, saidAgainAt, due, dueAt, day, ...payment } = unmarshall(
    item,
  ) as Item;
  return { ...nothing, id: pk.slice(payment.merchantId.length + 1), ...payment };
}
