import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
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
      'pm_card_authentication_required',
      'pm_card_pending',
      'pm_card_refund_fails',
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

  describe('tells at first, and five seconds later what came of it,', () => {
    const action = {
      result: 'action',
      nextAction: { type: 'redirect_to_url', url: 'https://sandbox.example/authenticate/pay_1' },
      until: '2026-11-23T11:00:00.000Z',
    };
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-23T10:00:00.000Z') });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    test.each([
      ['pm_card_authentication_required', 'charge', action, { result: 'succeeded' }],
      ['pm_card_pending', 'charge', { result: 'pending' }, { result: 'succeeded' }],
      ['pm_card_pending', 'refund', { result: 'pending' }, { result: 'succeeded' }],
      [
        'pm_card_refund_fails',
        'refund',
        { result: 'pending' },
        {
          result: 'failed',
          failure: { code: 'refund_failed', message: 'The card is closed.', declineCode: null },
        },
      ],
    ] as const)('of %s and a %s', async (paymentMethod, operation, first, then) => {
      const asked = { ...instruction(paymentMethod), operation };
      expect(await sandbox.perform(asked)).toEqual(first);
      const [call] = table.commandCalls(PutItemCommand);
      const Item = call?.args[0].input.Item ?? {};
      // Money has moved, or has not, from the beginning.
      expect(unmarshall(Item)).toMatchObject({ outcome: then });
      table.on(GetItemCommand).resolves({ Item });
      table
        .on(PutItemCommand)
        .rejects(new ConditionalCheckFailedException({ $metadata: {}, message: 'no', Item }));
      const ask = () => Promise.all([sandbox.perform(asked), sandbox.look(asked), sandbox.close(asked)]);
      vi.setSystemTime(new Date('2026-11-23T10:00:04.999Z'));
      expect(await ask()).toEqual([first, first, first]);
      vi.setSystemTime(new Date('2026-11-23T10:00:05.000Z'));
      expect(await ask()).toEqual([then, then, then]);
    });

    test('except of operations that it is not about', async () => {
      const ask = (paymentMethod: string, operation: Instruction['operation']) =>
        sandbox.perform({ ...instruction(paymentMethod), operation });
      expect(await ask('pm_card_refund_fails', 'charge')).toEqual({ result: 'succeeded' });
      expect(await ask('pm_card_authentication_required', 'refund')).toEqual({ result: 'succeeded' });
      expect(await ask('pm_card_pending', 'capture')).toEqual({ result: 'succeeded' });
    });
  });
});
