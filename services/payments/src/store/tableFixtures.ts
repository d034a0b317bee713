import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, vi } from 'vitest';
import type { Change, Payment } from '../payment/payment.ts';
import { answered, paymentId, processing } from '../payment/paymentFixtures.ts';
import { type PaymentItem, storedOf } from './items.ts';

/** Simulates what a real table does not do on command: lost, late and partial answers, and conflicts. */
export const table = mockClient(DynamoDBClient);

beforeEach(() => {
  vi.stubEnv('PAYMENTS_TABLE_NAME', 'payments');
  vi.spyOn(Math, 'random').mockReturnValue(0); // no waiting between attempts
  table.reset();
  // The table was never put back.
  table
    .on(GetItemCommand, { Key: { pk: { S: 'mark' } } })
    .callsFake(() => ({ Item: marshall({ at: new Date().toISOString() }) }));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

export type Item = Record<string, AttributeValue>;

export const conditionFailed = (item?: Item) =>
  new ConditionalCheckFailedException({
    $metadata: {},
    message: 'The conditional request failed',
    ...(item && { Item: item }),
  });

export const itemOf = (payment: Payment, more: Record<string, unknown> = {}): Item =>
  marshall({ ...payment, pk: `acme#${payment.id}`, writeId: 'theirs', said: [], ...more });

export const puts = () => table.commandCalls(PutItemCommand).map(({ args: [{ input }] }) => input);
export const written = () => puts().map(({ Item }) => storedOf(Item ?? {}) as PaymentItem);
export const updates = () => table.commandCalls(UpdateItemCommand).map(({ args: [{ input }] }) => input);

export const unchanged = (payment: Payment): Change => ({ payment, eventNumbers: [] });
export const capturedNow = () => answered(processing({ captureMethod: 'automatic' }));

/** Ids that are not looked up as payments. */
export const noPaymentIds = [
  '',
  'day_2026-11-23_acme',
  'pay_1',
  `pay_${'g'.repeat(32)}`,
  `pay_${'a'.repeat(33)}`,
  `${paymentId}#`,
];
