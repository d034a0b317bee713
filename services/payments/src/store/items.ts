import { randomBytes } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { packedItem, unpackedItem } from '@fanfold/runtime/packed';
import { type DayClosing, eventOfDay } from '../days/day.ts';
import { type Difference, eventOfDifference } from '../payment/difference.ts';
import { eventOf, lastTimeOf } from '../payment/events.ts';
import { lookupAt } from '../payment/lookup.ts';
import type { Payment } from '../payment/payment.ts';

/**
 * The payments table: one item per payment, `pk` = `<merchant>#<payment id>`, one per closed day, one per difference from the
 * provider, and one per merchant that has put a seller in billing.
 *
 * Every write replaces the item on condition that it was not written since it was read. The item has the state, its
 * version, and in `said` the numbers of the events of this very write. The table's stream takes each image to the
 * publisher, so there is no event without its write and no write without its event. Events of earlier writes were
 * published from earlier images. If a record is lost before it was published, `republishEvents` makes the stream
 * carry its events again.
 *
 * What is for the events and documents only is packed in `facts`: a write unit takes a kilobyte. Items from before that are read as
 * they are, and packed by their next write.
 *
 * Indexes hold keys only, so that a write costs them nothing unless a key changes:
 * - `ByMerchant`: the payments of a merchant by time of creation;
 * - `Due`: what a scheduled function has to look at, and when; in 16 partitions, as one takes 1,000 writes a second;
 * - `ByDay`: payments by the day (UTC) of their last event, in 16 partitions, and differences by that of theirs in another one.
 */
export type PaymentItem = Omit<Payment, 'id' | keyof typeof nothing> &
  Partial<Pick<Payment, keyof typeof nothing>> & {
    pk: string;
    /** New for each write, so that the writer recognises its own write when the answer was lost. */
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

/** Fields that most payments do not have are not stored, nor what the key contains: a write unit takes a kilobyte. */
const nothing = { ask: null, failure: null, cancellationReason: null, expiresAt: null };

/** With `saysNothing` when it was restored: then its event was published before. */
export type DayItem = { pk: string; closing: DayClosing; saidAgainAt?: string; saysNothing?: true };
/** With `saysNothing` when it was restored, as a day. */
export type DifferenceItem = {
  pk: string;
  difference: Difference;
  day: string;
  saidAgainAt?: string;
  saysNothing?: true;
};
/** Stores that a day is closed for every merchant, or how far its closing has come. */
export type Marker = { pk: string; progress?: Progress };

/** How far the closing of a day has come, for the run that continues it. */
export type Progress = {
  positions: Positions;
  /** Of the merchant whose payments are not all counted yet: the result so far. */
  open: DayClosing[];
  /** How many merchants' days could not be closed. */
  failed: number;
};

/** How far the payments of a day were read: the key of the last one, by partition of the index. */
export type Positions = Record<string, string>;

export const keyOf = (merchantId: string, id: string) => ({ pk: { S: `${merchantId}#${id}` } });

/** Other ids are not looked up: other items have keys like them. */
export const isPaymentId = (id: string): boolean => /^pay_[0-9a-f]{32}$/.test(id);

export function itemOf(payment: Payment, eventNumbers: number[]): PaymentItem {
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

type TableItem = PaymentItem | DayItem | DifferenceItem | Marker;

/** An item as the table has it. */
export function attributesOf(item: TableItem): Record<string, AttributeValue> {
  if (!('history' in item)) return packedItem(item, []);
  const { customer, description, lines, order, metadata, requests, history, ...attributes } = item;
  const facts = { customer, description, lines, order, metadata, requests, history };
  return packedItem({ ...attributes, facts }, ['facts']);
}

/** An item of the table, or of its stream. */
export function storedOf(attributes: Record<string, AttributeValue>): TableItem {
  const { facts, ...item } = unpackedItem(attributes);
  return { ...item, ...(facts as object) } as TableItem;
}

export const newWriteId = () => randomBytes(12).toString('base64url');

export const differenceItem = (difference: Difference): DifferenceItem => ({
  pk: `${difference.merchantId}#${difference.subject}`,
  difference,
  day: differencesOf(difference.foundAt.slice(0, 10)),
});

/** The partition of the index `ByDay` of the differences that were found on a day. */
export const differencesOf = (day: string): string => `${day}#differences`;

/** When the janitor should ask the provider. */
function settleAt(payment: Payment): string | undefined {
  const { ask, refunds } = payment;
  const pending = Object.values(refunds).filter(({ status }) => status === 'pending');
  return [...(ask ? [ask] : []), ...pending].map((asked) => lookupAt(asked, payment)).sort()[0];
}

export function paymentOf(item: Record<string, AttributeValue>): Payment {
  const { pk, writeId, said, saysNothing, saidAgainAt, due, dueAt, day, ...payment } = storedOf(
    item,
  ) as PaymentItem;
  return { ...nothing, id: pk.slice(payment.merchantId.length + 1), ...payment };
}

/** The events of the write that this image of the stream shows. */
export function eventsOf(image: Record<string, AttributeValue>): Event[] {
  const item = storedOf(image);
  if ('closing' in item) return [eventOfDay(item.closing)];
  if ('difference' in item) return [eventOfDifference(item.difference)];
  if (!('said' in item)) return [];
  const payment = paymentOf(image);
  return item.said.map((n) => eventOf(payment, n));
}

/** Payment ids end in hexadecimal digits of a hash: the last one distributes them evenly. */
export const shards = '0123456789abcdef';
const shardOf = ({ id }: Payment) => id.slice(-1);
