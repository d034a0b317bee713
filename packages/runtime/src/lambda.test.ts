import { afterEach, describe, expect, test, vi } from 'vitest';
import { environmentVariable } from './env.ts';
import { contextWith } from './invocationFixtures.ts';
import { lambda } from './lambda.ts';
import { captureOutput } from './logFixtures.ts';
import { describeError, logger } from './logger.ts';
import { metrics, stageMetrics } from './metrics.ts';
import { notFound, Refusal } from './refusal.ts';

const { logged, measured } = captureOutput();
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('A function', () => {
  test('returns what its code returns, and logs which invocation a line belongs to', async () => {
    const handler = lambda(async (name: string) => {
      logger.info('hello', { name });
      return name.length;
    });
    expect(await handler('Ada', contextWith())).toBe(3);
    expect(logged()).toMatchObject([
      { message: 'hello', name: 'Ada', function_request_id: contextWith().awsRequestId },
    ]);
  });

  test('keeps nothing of one invocation in the log of the next', async () => {
    const handler = lambda(async (key: string) => {
      logger.info('line');
      logger.appendKeys({ [key]: true });
    });
    await handler('first', contextWith());
    await handler('second', contextWith());
    expect(logged()[1]).not.toHaveProperty('first');
  });

  test('fails when its code fails', async () => {
    const handler = lambda(() => Promise.reject(new Error('no')));
    await expect(handler('x', contextWith())).rejects.toThrow('no');
  });

  test('writes what it measured when it ends, well or not, and nothing when it measured nothing', async () => {
    const handler = lambda(async (fails: boolean) => {
      metrics.addMetric('NumberTwice', 'Count', 2);
      stageMetrics.addMetric('TableBehind', 'Count', 3);
      if (fails) throw new Error('no');
    });
    await handler(false, contextWith());
    await expect(handler(true, contextWith())).rejects.toThrow('no');
    const both = [
      { service: 'service_undefined', NumberTwice: 2 },
      { service: 'fanfold', TableBehind: 3 },
    ];
    expect(measured()).toMatchObject([...both, ...both]);
    await lambda(async () => {})(undefined, contextWith());
    expect(measured()).toHaveLength(4);
  });
});

describe('What is logged of an error', () => {
  test('is its name, its message and its stack, and nothing that it carries', () => {
    const error = Object.assign(new RangeError('too large'), { Item: { name: 'Ada' } });
    expect(describeError(error)).toEqual({ name: 'RangeError', message: 'too large', stack: error.stack });
  });

  test('has no stack when the error has none', () => {
    const error = new Error('bare');
    delete error.stack;
    expect(describeError(error)).toEqual({ name: 'Error', message: 'bare' });
  });

  test('is its type and text when it is no error', () => {
    expect(describeError('text')).toEqual({ name: 'string', message: 'text' });
    expect(describeError(undefined)).toEqual({ name: 'undefined', message: 'undefined' });
  });
});

describe('An environment variable', () => {
  test('is read when it is used', () => {
    vi.stubEnv('SOME_TABLE_NAME', 'things');
    expect(environmentVariable('SOME_TABLE_NAME')).toBe('things');
  });

  test.each([[undefined], ['']])('that is %j is reported as a mistake in the template', (value) => {
    vi.stubEnv('SOME_TABLE_NAME', value);
    expect(() => environmentVariable('SOME_TABLE_NAME')).toThrow(
      'The environment variable SOME_TABLE_NAME is not set: give it to the function in serverless.yml',
    );
  });
});

describe('A refusal', () => {
  test('has a status, a code and a message, and no more unless it is given', () => {
    expect(new Refusal(409, 'busy', 'Try again.')).toMatchObject({
      name: 'Refusal',
      status: 409,
      code: 'busy',
      message: 'Try again.',
      errors: undefined,
      members: {},
      headers: {},
    });
  });

  test('of what is not there tells not why', () => {
    expect(notFound('payment')).toMatchObject({
      status: 404,
      code: 'not_found',
      message: 'There is no such payment. Check the id, and that it belongs to your merchant.',
    });
  });
});
