import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Line, taxRate as taxRateSchema } from './fields.ts';
import { addUp, totalsOf } from './tax.ts';

const line = (quantity: number, unitAmount: number, taxRate: string): Line => ({
  description: 'Chair',
  quantity,
  unitAmount,
  taxRate,
});

const taxRate = fc.oneof(
  fc.constantFrom('0', '5.5', '6', '7.125', '19.00', '21', '21.00', '100', '100.0000', '0.0001', '99.9999'),
  fc
    .tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 1, max: 4 }))
    .map(([whole, decimals, places]) => `${whole}.${String(decimals).padStart(4, '0').slice(0, places)}`),
);
const lines = fc.array(
  fc
    .tuple(
      fc.integer({ min: 1, max: 1000 }),
      fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 99_999_999 })),
      taxRate,
    )
    .map((parts) => line(...parts)),
  { maxLength: 30 },
);

/** The same by fractions: the rate is what its decimals say over 100, and a half is found by comparing, not adding. */
function exactTotals(all: Line[]) {
  const nets = new Map<string, bigint>();
  const key = (rate: string) => {
    const [whole = '', decimals = ''] = rate.split('.');
    return `${BigInt(whole)}.${decimals.replace(/0+$/, '')}`;
  };
  for (const { quantity, unitAmount, taxRate: rate } of all) {
    nets.set(key(rate), (nets.get(key(rate)) ?? 0n) + BigInt(quantity) * BigInt(unitAmount));
  }
  let net = 0n;
  let tax = 0n;
  for (const [rate, sum] of nets) {
    const [whole = '', decimals = ''] = rate.split('.');
    const numerator = sum * BigInt(whole + decimals);
    const denominator = 100n * 10n ** BigInt(decimals.length);
    const remainder = numerator % denominator;
    net += sum;
    tax += numerator / denominator + (denominator - remainder <= remainder ? 1n : 0n);
  }
  return { net: Number(net), tax: Number(tax), gross: Number(net + tax), rates: nets.size };
}

describe('What lines add up to', () => {
  test('is net, tax and gross, with the tax of each rate, highest rate first', () => {
    expect(totalsOf([line(1, 1000, '6.00'), line(2, 5000, '21.00'), line(1, 300, '6')])).toEqual({
      net: 11_300,
      tax: 2178,
      gross: 13_478,
      taxByRate: [
        { rate: '21.00', net: 10_000, tax: 2100 },
        { rate: '6.00', net: 1300, tax: 78 },
      ],
    });
  });

  test('is nothing for no lines', () => {
    expect(totalsOf([])).toEqual({ net: 0, tax: 0, gross: 0, taxByRate: [] });
  });

  test('is rounded once per rate, not per line', () => {
    // 21 % of 1 is 0.21, which rounds to 0 on each of ten lines, but to 2 on their sum.
    expect(totalsOf(Array.from({ length: 10 }, () => line(1, 1, '21.00'))).tax).toBe(2);
  });

  test.each([
    ['a half up', 50, '1', 1],
    ['a half up at an odd number', 150, '1', 2],
    ['a half up at an even number, which bankers would leave', 250, '1', 3],
    ['just under a half down', 49, '1', 0],
    ['just under a half down, by the last of four decimals', 10_000, '0.0049', 0],
    ['exactly a half up, by the last of four decimals', 10_000, '0.0050', 1],
  ])('rounds %s', (_what, net, rate, tax) => {
    expect(totalsOf([line(1, net, rate)]).tax).toBe(tax);
  });

  test('agrees with exact fractions for any lines', () => {
    fc.assert(
      fc.property(lines, (all) => {
        const { net, tax, gross, taxByRate } = totalsOf(all);
        expect({ net, tax, gross, rates: taxByRate.length }).toEqual(exactTotals(all));
      }),
      { numRuns: 500 },
    );
  });

  test('does not depend on the order of the lines', () => {
    const shuffled = lines.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(totalsOf(other)).toEqual(totalsOf(all));
      }),
    );
  });

  test('does not depend on how a line is split', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 50 }), taxRate, (all, quantity, rate) => {
        const whole = [...all, line(2 * quantity, 333, rate)];
        const split = [line(quantity, 333, rate), ...all, line(quantity, 333, rate)];
        expect(totalsOf(split)).toEqual(totalsOf(whole));
      }),
    );
  });

  test.each([
    ['21', '21.00'],
    ['21.0', '21.00'],
    ['21.0000', '21.00'],
    ['7.125', '7.125'],
    ['7.1250', '7.125'],
    ['07.5', '7.50'],
    ['0', '0.00'],
    ['0.0005', '0.0005'],
    ['0.005', '0.005'],
    ['5.05', '5.05'],
    ['100', '100.00'],
  ])('says the rate %s as %s', (written, said) => {
    expect(totalsOf([line(1, 1000, written)]).taxByRate.map(({ rate }) => rate)).toEqual([said]);
  });

  test('takes a rate that is written in several ways for one rate', () => {
    const written = ['21', '21.0', '21.00', '21.000', '21.0000'];
    expect(totalsOf(written.map((rate) => line(1, 1, rate))).taxByRate).toEqual([
      { rate: '21.00', net: 5, tax: 1 },
    ]);
  });

  test('says each rate in a way that is a rate again', () => {
    fc.assert(
      fc.property(taxRate, (rate) => {
        const [shown] = totalsOf([line(1, 1000, rate)]).taxByRate;
        expect(taxRateSchema.safeParse(shown?.rate).success).toBe(true);
        expect(Number(shown?.rate)).toBe(Number(rate));
      }),
    );
  });

  test('is exact up to the largest safe integer, and refused beyond it', () => {
    expect(totalsOf([line(1, Number.MAX_SAFE_INTEGER, '0')]).gross).toBe(Number.MAX_SAFE_INTEGER);
    const tooMuch = [
      [line(2, Number.MAX_SAFE_INTEGER, '0')],
      [line(1, Number.MAX_SAFE_INTEGER, '0'), line(1, 1, '21')],
      [line(1, Number.MAX_SAFE_INTEGER, '0.0001')],
    ];
    for (const all of tooMuch) expect(() => totalsOf(all)).toThrow(RangeError);
  });
});

describe('A tax breakdown', () => {
  test('adds up to its nets, its taxes, and both', () => {
    const taxByRate = [
      { rate: '21.00', net: 10_000, tax: 2100 },
      { rate: '6.00', net: 1300, tax: 78 },
    ];
    expect(addUp(taxByRate)).toEqual({ net: 11_300, tax: 2178, gross: 13_478, taxByRate });
  });
});
