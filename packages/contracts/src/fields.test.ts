import { describe, expect, test } from 'vitest';
import { amountMinor, currency, day, taxRate } from './fields.ts';

describe('An amount', () => {
  test.each([0, 1, 999_999_999_999])('may be %d', (amount) => {
    expect(amountMinor.parse(amount)).toBe(amount);
  });

  test.each([-1, 0.5, 1_000_000_000_000, Number.NaN, Number.POSITIVE_INFINITY, '1', null])(
    'may not be %s',
    (amount) => expect(amountMinor.safeParse(amount).success).toBe(false),
  );
});

describe('A tax rate', () => {
  test.each(['0', '0.0', '5.5', '21', '21.00', '07.5', '7.1250', '99.9999', '100', '100.0000'])(
    'may be %s',
    (rate) => expect(taxRate.parse(rate)).toBe(rate),
  );

  test.each([
    '',
    ' 21',
    '21 ',
    '21.',
    '.5',
    '21,00',
    '-1',
    '+1',
    '100.0001',
    '101',
    '210',
    '7.12345',
    '1e1',
    '21.00\n',
    '٢١',
  ])('may not be %j', (rate) => expect(taxRate.safeParse(rate).success).toBe(false));

  test('may not be a number, which would be a binary fraction', () => {
    expect(taxRate.safeParse(21).success).toBe(false);
  });
});

test('A day exists in the calendar', () => {
  expect(day.safeParse('2028-02-29').success).toBe(true);
  for (const value of ['2026-02-29', '2026-13-01', '2026-1-1', '2026-01-01T00:00:00Z', '']) {
    expect(day.safeParse(value).success).toBe(false);
  }
});

test('A currency that is refused says what is asked for', () => {
  expect(currency.safeParse('eur').error?.issues[0]?.message).toBe(
    'must be an active ISO 4217 code in upper case',
  );
});
