import { expect, test } from 'vitest';
import { paymentProviderOf } from './paymentProvider.ts';

test('dev pays with the sandbox, unless it is told otherwise', () => {
  expect(paymentProviderOf({}, 4000)).toEqual({ name: 'sandbox', parameters: {}, secrets: {} });
});

test('dev pays with Stripe’s test mode, or with what speaks like it', () => {
  const { name, parameters, secrets } = paymentProviderOf(
    {
      FANFOLD_PAYMENT_PROVIDER: 'stripe',
      FANFOLD_STRIPE_KEY: 'sk_test_1\n',
      FANFOLD_STRIPE_URL: 'http://127.0.0.1:12111',
    },
    7100,
  );
  expect(name).toBe('stripe');
  expect(parameters).toEqual({
    paymentProvider: 'stripe',
    stripeUrl: 'http://127.0.0.1:12111',
    paymentReturnUrl: 'http://127.0.0.1:7100/',
  });
  expect(secrets).toEqual({
    'fanfold/local/stripe': '{"key":"sk_test_1","webhookSecrets":["whsec_local"]}',
  });
  expect(JSON.stringify(parameters)).not.toContain('sk_test_1');
});

test.each([
  ['another provider', { FANFOLD_PAYMENT_PROVIDER: 'paypal' }, 'There is no payment provider "paypal"'],
  ['no key', {}, 'Stripe has no key: set FANFOLD_STRIPE_KEY'],
  ['an empty key', { FANFOLD_STRIPE_KEY: ' ' }, 'Stripe has no key'],
  ['a key for real money', { FANFOLD_STRIPE_KEY: 'sk_live_canary' }, 'must not move real money'],
  ['a publishable key', { FANFOLD_STRIPE_KEY: 'pk_test_canary' }, 'is not a secret key of test mode'],
  [
    'no URL',
    { FANFOLD_STRIPE_KEY: 'sk_test_1', FANFOLD_STRIPE_URL: 'stripe' },
    'FANFOLD_STRIPE_URL is "stripe"',
  ],
])('dev does not start with %s, and says what to do in one sentence', (_what, environment, message) => {
  const start = () => paymentProviderOf({ FANFOLD_PAYMENT_PROVIDER: 'stripe', ...environment }, 4000);
  expect(start).toThrow(message);
  expect(start).not.toThrow('canary');
});
