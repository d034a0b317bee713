import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { invalidRequest } from '@fanfold/runtime/refusal';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { provider } from '#provider';
import { findOut, perform, prepare, refuseInexpressible } from './gateway.ts';
import { type Instruction, type Outcome, ProviderRefusal } from './provider.ts';

const table = mockClient(DynamoDBClient);
const logged = captureLog();

beforeEach(() => {
  vi.stubEnv('SANDBOX_TABLE_NAME', 'sandbox');
  table.reset();
  table.on(PutItemCommand).resolves({});
  table.on(GetItemCommand).resolves({});
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
const find = (instruction: Instruction) => findOut(instruction, false, new Date());
const keyIsTaken = (item?: Record<string, unknown>) =>
  new ConditionalCheckFailedException({ $metadata: {}, message: 'no', ...item });

describe('The outcome is unknown, and why is logged,', () => {
  const unknown = { result: 'unknown' };

  test('when the provider cannot be reached', async () => {
    table.rejects(new Error('away'));
    expect(await perform(instruction('pm_card_visa'))).toEqual(unknown);
    expect(await find(instruction('pm_card_visa'))).toEqual(unknown);
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
    vi.spyOn(provider, 'look').mockImplementation(() => {
      throw new Error('no key configured');
    });
    expect(await perform(instruction('pm_card_visa'))).toEqual(unknown);
    expect(await find(instruction('pm_card_visa'))).toEqual(unknown);
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
    table.rejects(denied(1));
    expect(await perform(instruction('pm_card_visa'))).toMatchObject({
      result: 'failed',
      failure: { code: 'provider_error' },
    });
    await expect(find(instruction('pm_card_visa'))).rejects.toBeInstanceOf(ProviderRefusal);
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

describe('What came of an instruction that is not settled', () => {
  const asked = (operation: Instruction['operation']): Instruction => ({
    ...instruction('pm_card_visa'),
    operation,
  });
  const minutesLater = (minutes: number) =>
    new Date(Date.parse('2026-11-23T10:00:00.000Z') + minutes * 60_000);
  const action: Outcome = {
    result: 'action',
    nextAction: { type: 'redirect', url: 'https://bank.example' },
    until: '2026-11-23T11:00:00.000Z',
  };
  const provided = (seen: Outcome) => ({
    look: vi.spyOn(provider, 'look').mockReset().mockResolvedValue(seen),
    close: vi.spyOn(provider, 'close').mockReset().mockResolvedValue({ result: 'nothing' }),
    perform: vi.spyOn(provider, 'perform').mockReset().mockResolvedValue({ result: 'succeeded' }),
  });

  test.each<Outcome>([
    { result: 'succeeded' },
    { result: 'failed', failure: { code: 'card_declined', message: 'No.', declineCode: null } },
    { result: 'unknown' },
    { result: 'pending' },
    action,
  ])('is only looked at where the provider has it: $result', async (outcome) => {
    for (const operation of ['charge', 'capture', 'refund'] as const) {
      const calls = provided(outcome);
      expect(await findOut(asked(operation), false, minutesLater(100_000))).toEqual(outcome);
      expect(calls.close).not.toHaveBeenCalled();
      expect(calls.perform).not.toHaveBeenCalled();
    }
  });

  test('is given up of a new payment, once the call must have arrived or never will', async () => {
    vi.spyOn(provider, 'patienceMs', 'get').mockReturnValue(60_000);
    for (const operation of ['authorize', 'charge'] as const) {
      const { close } = provided({ result: 'nothing' });
      expect(await findOut(asked(operation), false, minutesLater(0.99))).toEqual({ result: 'unknown' });
      expect(close).not.toHaveBeenCalled();
      expect(await findOut(asked(operation), false, minutesLater(1))).toEqual({ result: 'nothing' });
      expect(close).toHaveBeenCalledOnce();
    }
  });

  test('is given up of a payment whose customer has no time any more', async () => {
    const { close } = provided(action);
    expect(await findOut(asked('charge'), true, minutesLater(60))).toEqual({ result: 'nothing' });
    expect(close).toHaveBeenCalledOnce();
  });

  test('is believed to have failed once it was closed, where the customer may try again', async () => {
    const failure = { code: 'card_declined', message: 'No.', declineCode: null };
    const { close } = provided({ result: 'failed', failure, isOpen: true });
    expect(await findOut(asked('charge'), false, minutesLater(0))).toEqual({ result: 'nothing' });
    expect(close).toHaveBeenCalledOnce();
  });

  test('is sent again, whenever that is, where a payment allows it once', async () => {
    for (const operation of ['capture', 'void'] as const) {
      const { perform } = provided({ result: 'nothing' });
      const instruction = asked(operation);
      expect(await findOut(instruction, false, minutesLater(100_000))).toEqual({ result: 'succeeded' });
      expect(perform).toHaveBeenCalledExactlyOnceWith(instruction);
    }
  });

  test('is sent again of a refund as long as the provider knows its key, and then left to an operator', async () => {
    const { perform } = provided({ result: 'nothing' });
    const instruction = asked('refund');
    expect(await findOut(instruction, false, minutesLater(23 * 60 - 1))).toEqual({ result: 'succeeded' });
    expect(perform).toHaveBeenCalledExactlyOnceWith(instruction);
    expect(await findOut(instruction, false, minutesLater(23 * 60))).toEqual({ result: 'unknown' });
    expect(perform).toHaveBeenCalledOnce();
    expect(logged().at(-1)).toMatchObject({ level: 'ERROR', message: 'provider cannot be asked again' });
  });

  test('is not said to have failed when the provider refuses to be asked again', async () => {
    const { perform } = provided({ result: 'nothing' });
    perform.mockRejectedValue(new ProviderRefusal('no such key'));
    await expect(findOut(asked('refund'), false, minutesLater(5))).rejects.toBeInstanceOf(ProviderRefusal);
  });
});

describe('Before a payment is written', () => {
  const prepares = (prepare: () => Promise<string | undefined>) => Object.assign(provider, { prepare });
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

  test('the provider gives it a reference, if it has any', async () => {
    expect(await prepare(instruction('pm_card_visa'))).toBeUndefined();
    prepares(async () => 'pi_1');
    expect(await prepare(instruction('pm_card_visa'))).toBe('pi_1');
  });

  test.each([
    ['away', new Error('connect ECONNREFUSED'), 'WARN', 'provider unavailable'],
    ['refusing', new ProviderRefusal('no such key'), 'ERROR', 'provider refused'],
  ])('a provider that is %s makes it a 502', async (_what, error, level, message) => {
    prepares(() => Promise.reject(error));
    await expect(prepare(instruction('pm_card_visa'))).rejects.toMatchObject({
      ...{ status: 502, code: 'provider_unavailable' },
      headers: { 'Retry-After': '5' },
    });
    expect(logged()).toMatchObject([{ level, message, key: 'pay_1' }]);
  });

  test('a provider that does not answer makes it a 502, in its time', async () => {
    vi.spyOn(provider, 'answerTimeMs', 'get').mockReturnValue(5);
    prepares(() => new Promise(() => {}));
    await expect(prepare(instruction('pm_card_visa'))).rejects.toMatchObject({ status: 502 });
  });

  test('an amount that the provider cannot move is refused', () => {
    expect(() => refuseInexpressible({ amount: 1234, currency: 'KWD' })).not.toThrow();
    vi.spyOn(provider, 'expressible').mockReturnValue('must end in 0');
    expect(() => refuseInexpressible({ amount: 1234, currency: 'KWD' })).toThrow(
      expect.objectContaining({
        status: 422,
        errors: [{ pointer: '#/amount', detail: 'must end in 0' }],
      }),
    );
  });
});
