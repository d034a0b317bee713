import { describe, expect, test } from 'vitest';
import { formatAmount, isCurrency } from './currency.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
const activeCodes = letters.flatMap((a) =>
  letters.flatMap((b) => letters.map((c) => a + b + c).filter(isCurrency)),
);

/** How many decimals an amount of a currency is shown with. */
const decimalsOf = (code: string): number =>
  (formatAmount(0, code).split(' ')[0] ?? '').replace(/^0\.?/, '').length;

const codesWith = (decimals: number) => activeCodes.filter((code) => decimalsOf(code) === decimals);

describe('A currency', () => {
  test.each([
    ['EUR', 'US dollars and euros', 'USD'],
    ['XCG', 'the Caribbean guilder and its neighbours', 'XCD'],
    ['VED', 'both bolívares', 'VES'],
    ['CLF', 'units of account', 'UYW'],
  ])('is accepted when it is active: %s (%s)', (code, _what, other) => {
    expect([code, other].every(isCurrency)).toBe(true);
  });

  test.each(['ANG', 'BGN', 'CUC', 'HRK', 'SLL', 'ZWL', 'DEM', 'LTL', 'VEF', 'MRO', 'STD', 'BYR'])(
    'is refused when it was withdrawn: %s',
    (code) => expect(isCurrency(code)).toBe(false),
  );

  test.each(['XAU', 'XAG', 'XPT', 'XPD', 'XDR', 'XSU', 'XUA', 'XBA', 'XBB', 'XBC', 'XBD', 'XTS', 'XXX'])(
    'is refused when no amount can be stated in it: %s',
    (code) => expect(isCurrency(code)).toBe(false),
  );

  test.each(['eur', 'Eur', ' EUR', 'EUR ', 'EURO', '', 'constructor', 'ΕUR'])(
    'is refused when it is not spelt as in ISO 4217: %j',
    (code) => expect(isCurrency(code)).toBe(false),
  );

  test('has the minor units of ISO 4217: 17 without, 7 with three, 2 with four decimals, the others two', () => {
    expect(codesWith(0)).toHaveLength(17);
    expect(codesWith(3)).toEqual(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND']);
    expect(codesWith(4)).toEqual(['CLF', 'UYW']);
    expect(codesWith(2)).toHaveLength(activeCodes.length - 17 - 7 - 2);
  });

  test.each([
    'HUF',
    'IDR',
    'COP',
    'PKR',
    'ALL',
    'AFN',
    'IRR',
    'KPW',
    'LAK',
    'LBP',
    'MGA',
    'MMK',
    'SOS',
    'SYP',
    'YER',
  ])('has two decimals where Intl says none: %s', (code) => expect(decimalsOf(code)).toBe(2));
});

describe('An amount for people', () => {
  test.each([
    [12_100, 'EUR', '121.00 EUR'],
    [5, 'EUR', '0.05 EUR'],
    [0, 'EUR', '0.00 EUR'],
    [-5, 'EUR', '-0.05 EUR'],
    [-12_100, 'EUR', '-121.00 EUR'],
    [500, 'JPY', '500 JPY'],
    [-500, 'JPY', '-500 JPY'],
    [1234, 'KWD', '1.234 KWD'],
    [1, 'KWD', '0.001 KWD'],
    [12_345, 'CLF', '1.2345 CLF'],
    [999_999_999_999, 'USD', '9999999999.99 USD'],
  ])('%i minor units of %s read %s', (amountMinor, code, text) => {
    expect(formatAmount(amountMinor, code)).toBe(text);
  });

  test('cannot be written in a currency that is not active', () => {
    expect(() => formatAmount(1, 'ANG')).toThrow(
      new RangeError('ANG is not an active ISO 4217 currency code'),
    );
  });
});
