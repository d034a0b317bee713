import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  DynamoDBServiceException,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { invalidRequest } from '@fanfold/runtime/refusal';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { provider } from '#provider';
import { close, perform, prepare } from './gateway.ts';
import { type Instruction, ProviderRefusal } from './provider.ts';

const table = mockClient(DynamoDBClient);
const logged = captureLog();

beforeEach(() => {
  vi.stubEnv('SANDBOX_TABLE_NAME', 'sandbox');
  table.reset();
  table.on(PutItemCommand).resolves({});
});
afterEach(() => {
  vi.restoreAllMocks();
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
const keyIsTaken = (item?: Record<string, unknown>) =>
  new ConditionalCheckFailedException({ $metadata: {}, message: 'no', ...item });

describe('The outcome is unknown, and why is logged,', () => {
  const unknown = { result: 'unknown' };

  test('when the provider cannot be reached', async () => {
    table.on(PutItemCommand).rejects(new Error('away'));
    expect(await perform(instruction('pm_card_visa'))).toEqual(unknown);
    expect(await close(instruction('pm_card_visa'))).toEqual(unknown);
    const line = {
      level: 'WARN',
      message: 'provider outcome unknown',
      key: 'pay_1',
      error: { message: 'away' },
    };
    expect(logged()).toMatchObject([line, line]);
  });

  test('when it has seen the key but does not say what came of it', async () => {
    table.on(PutItemCommand).rejects(keyIsTaken());
    expect(await perform(instruction('pm_card_visa'))).toEqual(unknown);
  });

  test('when it fails before it even begins', async () => {
    vi.spyOn(provider, 'perform').mockImplementation(() => {
      throw new Error('no key configured');
    });
    vi.spyOn(provider, 'close').mockImplementation(() => {
      throw new Error('no key configured');
    });
    expect(await perform(instruction('pm_card_visa'))).toEqual(unknown);
    expect(await close(instruction('pm_card_visa'))).toEqual(unknown);
    expect(logged()).toMatchObject([{ error: { message: 'no key configured' } }, { error: {} }]);
    await new Promise(setImmediate); // a rejection that nobody handled would show by now
  });
});

describe('A provider that refuses to be asked', () => {
  const denied = (attempts: number) =>
    new DynamoDBServiceException({
      name: 'AccessDeniedException',
      message: 'not authorized',
      $fault: 'client',
      $metadata: { attempts },
    });

  test('has done nothing: what it was asked for failed, and what came of another is not told before somebody mends it', async () => {
    table.on(PutItemCommand).rejects(denied(1));
    expect(await perform(instruction('pm_card_visa'))).toMatchObject({
      result: 'failed',
      failure: { code: 'provider_error' },
    });
    await expect(close(instruction('pm_card_visa'))).rejects.toBeInstanceOf(ProviderRefusal);
    const line = {
      level: 'ERROR',
      message: 'provider refused',
      key: 'pay_1',
      error: { message: 'not authorized' },
    };
    expect(logged()).toMatchObject([line, line]);
  });

  test('may have done it when it was tried before, so that the outcome is unknown', async () => {
    table.on(PutItemCommand).rejects(denied(2));
    expect(await perform(instruction('pm_card_visa'))).toEqual({ result: 'unknown' });
  });

  test('does so with a payment method that it knows no more', async () => {
    expect(await perform(instruction('pm_of_old'))).toMatchObject({ result: 'failed' });
    expect(table.commandCalls(PutItemCommand)).toEqual([]);
  });
});

describe('Before a payment is written', () => {
  afterEach(() => {
    delete provider.prepare;
  });

  test('a request that is at fault itself is told so, and any other failure that the provider is not there', async () => {
    const fault = invalidRequest('The body', [{ pointer: '#/amount', detail: 'is too small' }]);
    const prepared = (failure: Error) => {
      provider.prepare = () => Promise.reject(failure);
      return prepare(instruction('pm_card_visa'));
    };
    await expect(prepared(fault)).rejects.toBe(fault);
    for (const failure of [new Error('away'), new ProviderRefusal('wrong key')])
      await expect(prepared(failure)).rejects.toMatchObject({ status: 502, code: 'provider_unavailable' });
  });
});
