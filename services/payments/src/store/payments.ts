import { setTimeout as delay } from 'node:timers/promises';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { readItems } from '@fanfold/runtime/readItems';
import { Refusal } from '@fanfold/runtime/refusal';
import { eventOf } from '../payment/events.ts';
import type { Change, Payment } from '../payment/payment.ts';
import { attributesOf, isPaymentId, itemOf, keyOf, paymentOf } from './items.ts';
import { tableName } from './table.ts';

export async function load(merchantId: string, id: string): Promise<Payment | undefined> {
  if (!isPaymentId(id)) return undefined;
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: keyOf(merchantId, id), ConsistentRead: true }),
  );
  return Item && paymentOf(Item);
}

/** Writes a new payment. If there is one with its id, that is returned and nothing is written. */
export const insert = (change: Change): Promise<Payment | undefined> =>
  put(change, 'attribute_not_exists(pk)');

/** Nothing was written, because of too many concurrent writes. */
export class PaymentBusy extends Refusal {
  /** As the last concurrent write left it. */
  readonly payment: Payment;

  constructor(payment: Payment) {
    super(409, 'payment_busy', 'Other requests keep changing this payment. Try again.', {
      headers: { 'Retry-After': '1' },
    });
    this.payment = payment;
  }
}

/** For how long a write is retried, so that a request has time left for what follows. */
const patienceMs = 4000;

/**
 * Applies a decision to a payment, and again after a concurrent write: `decide` gets the current payment. A decision
 * without an event that leaves the payment unchanged writes nothing.
 *
 * @param giveUpAt no attempt begins after this time
 * @throws what `decide` throws, and {@link PaymentBusy} after too many concurrent writes
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
    // A failed write returns the current item, which is as good as a read, so the first retry follows at once. If
    // that fails too, there are many writers: each waits for a random time.
    if (attempt % 2 === 1) await delay(Math.random() * Math.min(10 * 2 ** ((attempt + 1) / 2), 160));
  }
}

/** @returns the stored payment, when the condition failed because of another write */
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
        Item: attributesOf(item),
        ConditionExpression: condition,
        ExpressionAttributeValues: values,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException) || !error.Item) throw error;
    // The SDK retries a write whose answer was lost, and the retry fails on the condition.
    return error.Item.writeId?.S === item.writeId ? undefined : paymentOf(error.Item);
  }
}

/** The payments of index entries, in their order. */
export async function loadAll(entries: Record<string, AttributeValue>[]): Promise<Payment[]> {
  const found = new Map<string, Payment>();
  const keys = entries.map(({ pk }) => ({ pk: pk?.S ?? '' }));
  for await (const items of readItems(tableName(), keys)) {
    for (const item of items) found.set(item.pk?.S ?? '', paymentOf(item));
  }
  return entries.flatMap(({ pk }) => found.get(pk?.S ?? '') ?? []);
}
