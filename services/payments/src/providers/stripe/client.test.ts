import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { apiVersion, get, list, post } from './client.ts';
import { stripeAt } from './stripeFixtures.ts';

let stripe: ReturnType<typeof stripeAt>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  // What the modules keep of earlier tests is older than five minutes.
  tests += 1;
  vi.setSystemTime(Date.now() + tests * 3_600_000);
  stripe = stripeAt(new Date().toISOString());
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  stripe.secretsManager.restore();
});
let tests = 0;

const secretsRead = () => stripe.secretsManager.commandCalls(GetSecretValueCommand).length;
const anyIntent = { amount: 100, currency: 'eur' };
const create = (idempotencyKey = 'key-1') =>
  post<{ id: string }>('/v1/payment_intents', { idempotencyKey, parameters: anyIntent });

describe('A call', () => {
  test('has the key of the stage, the version that this code knows, and a form', async () => {
    const { id } = await create();
    await get(`/v1/payment_intents/${id}`, { parameters: { 'expand[]': 'latest_charge', left: undefined } });
    const [[url, created], [read, got]] = stripe.fetched.mock.calls as unknown as [
      [URL, RequestInit],
      [URL, RequestInit],
    ];
    expect(String(url)).toBe('https://api.stripe.com/v1/payment_intents');
    expect(created).toMatchObject({
      method: 'POST',
      body: 'amount=100&currency=eur',
      headers: {
        Authorization: 'Bearer sk_test_fake',
        'Idempotency-Key': 'key-1',
        'Stripe-Version': apiVersion,
        'Content-Type': 'application/x-www-form-urlencoded',
      },
    });
    expect(read.search).toBe('?expand%5B%5D=latest_charge');
    expect(got.body).toBeUndefined();
  });

  test('is of the version whose types this was checked with', () => {
    expect(apiVersion).toBe(Stripe.API_VERSION);
  });

  test('goes to another address where one is set', async () => {
    vi.stubEnv('STRIPE_URL', 'http://127.0.0.1:12111');
    await create();
    expect(String(stripe.fetched.mock.calls[0]?.[0])).toBe('http://127.0.0.1:12111/v1/payment_intents');
  });

  test('that is refused tells codes, and nothing of what was sent', async () => {
    const call = post('/v1/payment_intents', {
      idempotencyKey: 'key-1',
      parameters: { ...anyIntent, customer_name: 'Ada Example' },
    });
    await expect(call).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      code: 'parameter_unknown',
      parameter: 'customer_name',
      message: 'Stripe answered 400 invalid_request_error parameter_unknown customer_name',
    });
  });

  test('for a list gets all its pages', async () => {
    for (let n = 0; n < 250; n++) await create(`key-${n}`);
    const pages: { id: string }[][] = [];
    for await (const page of list('/v1/events', {})) pages.push(page);
    expect(pages.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(250);
  });
});

describe('The secrets of the stage', () => {
  test('are read once in five minutes', async () => {
    await Promise.all([create('a'), create('b')]);
    vi.setSystemTime(Date.now() + 299_000);
    await create('c');
    expect(secretsRead()).toBe(1);
    vi.setSystemTime(Date.now() + 2000);
    await create('d');
    expect(secretsRead()).toBe(2);
  });

  test('are read again when Stripe knows the key no more, and what was asked is done then', async () => {
    await create('a');
    Object.assign(stripe.fake, { key: 'sk_test_rotated' });
    stripe.secret.key = 'sk_test_rotated\n';
    vi.setSystemTime(Date.now() + 11_000);
    expect(await create('b')).toMatchObject({ id: expect.any(String) });
    expect(secretsRead()).toBe(2);
  });

  test('are not read again for each call, while Stripe knows no key', async () => {
    Object.assign(stripe.fake, { key: 'sk_test_other' });
    for (let n = 0; n < 5; n++) await expect(create()).rejects.toMatchObject({ status: 401 });
    expect(secretsRead()).toBe(1);
  });

  test('are read again after they could not be', async () => {
    stripe.secretsManager
      .on(GetSecretValueCommand)
      .rejectsOnce(new Error('away'))
      .callsFake(() => ({
        SecretString: JSON.stringify(stripe.secret),
      }));
    await expect(create()).rejects.toThrow('away');
    expect(await create()).toBeDefined();
  });

  test.each([
    ['no JSON', 'sk_test_canary'],
    ['no key', '{"webhookSecrets":["whsec_canary"]}'],
    ['a publishable key', '{"key":"pk_test_canary","webhookSecrets":["whsec_canary"]}'],
    ['no secret of a webhook', '{"key":"sk_test_canary","webhookSecrets":[]}'],
  ])('that are %s are not shown in the error that says so', async (_what, SecretString) => {
    stripe.secretsManager.on(GetSecretValueCommand).resolves({ SecretString });
    const failed = await create().catch((error: Error) => error);
    expect(String(failed)).toContain('The secret fanfold-local-stripe has to be {"key":"sk_…"');
    expect(String((failed as Error).stack)).not.toContain('canary');
  });
});
