import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Instruction } from '../provider.ts';
import { provider as sandbox } from './provider.ts';

const table = mockClient(DynamoDBClient);

beforeEach(() => {
  vi.stubEnv('SANDBOX_TABLE_NAME', 'sandbox');
  table.reset();
  table.on(PutItemCommand).resolves({});
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const instruction = (paymentMethod: string): Instruction => ({
  key: 'pay_1',
  operation: 'charge',
  paymentId: 'pay_1',
  merchantId: 'acme',
  paymentMethod,
  amount: 100,
  currency: 'EUR',
  askedAt: '2026-11-23T10:00:00.000Z',
});

describe('The sandbox', () => {
  test('knows a payment method for each thing that can happen', () => {
    expect(sandbox.paymentMethods).toEqual([
      'pm_card_visa',
      'pm_card_declined',
      'pm_card_insufficient_funds',
      'pm_card_timeout',
      'pm_card_timeout_lost',
      'pm_card_error',
    ]);
  });

  test.each([
    ['pm_card_visa', { result: 'succeeded' }],
    [
      'pm_card_declined',
      { result: 'failed', failure: { code: 'card_declined', declineCode: 'generic_decline' } },
    ],
    ['pm_card_insufficient_funds', { result: 'failed', failure: { declineCode: 'insufficient_funds' } }],
    ['pm_card_error', { result: 'failed', failure: { code: 'provider_error', declineCode: null } }],
  ])('answers %s, and remembers it under the key of the instruction', async (paymentMethod, outcome) => {
    expect(await sandbox.perform(instruction(paymentMethod))).toMatchObject(outcome);
    const [call] = table.commandCalls(PutItemCommand);
    expect(call?.args[0].input).toMatchObject({
      TableName: 'sandbox',
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    expect(unmarshall(call?.args[0].input.Item ?? {})).toMatchObject({
      pk: 'pay_1',
      operation: 'charge',
      paymentId: 'pay_1',
      amount: 100,
      currency: 'EUR',
      outcome,
      recordedAt: expect.any(String),
    });
  });

  test('answers a key that it has seen as it did the first time', async () => {
    const first = { M: { result: { S: 'nothing' } } };
    table
      .on(PutItemCommand)
      .rejects(
        new ConditionalCheckFailedException({ $metadata: {}, message: 'no', Item: { outcome: first } }),
      );
    expect(await sandbox.perform(instruction('pm_card_visa'))).toEqual({ result: 'nothing' });
    expect(await sandbox.close(instruction('pm_card_visa'))).toEqual({ result: 'nothing' });
  });
});
