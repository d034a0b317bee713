import { currencyCodes, exponentOf } from '@fanfold/contracts/currency';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromStripeAmount, inexpressible, toStripeAmount } from './amounts.ts';

// As Stripe documents them, apart from how the code has them: https://docs.stripe.com/currencies
const zeroDecimal = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ');
const twoAlwaysZero = 'ISK UGX'.split(' ');
const threeDecimal = 'BHD JOD KWD OMR TND'.split(' ');
const none = 'CLF IQD LYD UYI UYW'.split(' ');

/** What Stripe has to be sent for a hundred of the major unit; undefined when it has no such currency. */
function hundredAtStripe(currency: string): number | undefined {
  if (none.includes(currency)) return undefined;
  if (zeroDecimal.includes(currency)) return 100;
  if (threeDecimal.includes(currency)) return 100_000;
  return 10_000;
}

const hundred = (currency: string) => 100 * 10 ** exponentOf(currency);

describe('A hundred of the major unit', () => {
  test.each(currencyCodes())('of %s is sent in the unit that Stripe counts', (currency) => {
    const expected = hundredAtStripe(currency);
    if (expected === undefined) {
      expect(inexpressible(hundred(currency), currency)).toContain('which Stripe does not have');
      expect(() => toStripeAmount(hundred(currency), currency)).toThrow(RangeError);
      expect(() => fromStripeAmount(10_000, currency.toLowerCase())).toThrow(RangeError);
      return;
    }
    expect(inexpressible(hundred(currency), currency)).toBeUndefined();
    expect(toStripeAmount(hundred(currency), currency)).toBe(expected);
    expect(fromStripeAmount(expected, currency.toLowerCase())).toBe(hundred(currency));
  });
});

test('an amount is sent as it is where Stripe counts minor units as ISO does', () => {
  for (const currency of ['EUR', 'USD', 'HUF', 'TWD', 'JPY', 'KRW', 'KWD'])
    expect(toStripeAmount(12_100, currency)).toBe(12_100);
});

test.each([
  ['KWD', 1234, 10],
  ['TND', 1, 10],
  ['MGA', 12_150, 100],
])('of %s the amount %i is refused, because Stripe charges multiples of %i', (currency, amount, step) => {
  expect(inexpressible(amount, currency)).toContain(`must be a multiple of ${step} in ${currency}`);
  expect(() => toStripeAmount(amount, currency)).toThrow(RangeError);
});

test('of an amount without decimals at ISO, Stripe is sent the two that are always zero', () => {
  for (const currency of twoAlwaysZero) {
    expect(toStripeAmount(121, currency)).toBe(12_100);
    expect(() => fromStripeAmount(12_150, currency)).toThrow(RangeError);
  }
});

test('every amount that can be expressed comes back as it was', () => {
  const currency = fc.constantFrom(...currencyCodes());
  const amount = fc.oneof(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 1, max: 999_999_999_999 }));
  fc.assert(
    fc.property(currency, amount, (currency, amount) => {
      if (inexpressible(amount, currency)) return;
      const sent = toStripeAmount(amount, currency);
      expect(Number.isSafeInteger(sent)).toBe(true);
      expect(fromStripeAmount(sent, currency)).toBe(amount);
      expect(fromStripeAmount(sent, currency.toLowerCase())).toBe(amount);
    }),
  );
});
