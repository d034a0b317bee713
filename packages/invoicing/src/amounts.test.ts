import { exponentOf } from '@fanfold/contracts/currency';
import { rateUnits, taxWithin } from '@fanfold/contracts/tax';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountsOf, unitPriceFor } from './amounts.ts';
import { decimalOf } from './decimal.ts';
import type { Amounts } from './document.ts';
import { orders, standardRates } from './documentFixtures.ts';
import type { Order, OrderLine } from './order.ts';

const line = (quantity: string, unitPrice: string, taxRate = '21'): OrderLine => ({
  category: 'S',
  taxRate,
  description: 'Chair',
  itemId: null,
  quantity,
  unitCode: 'C62',
  unitPrice,
  exemption: null,
  adjustments: [],
});

const order = (...lines: OrderLine[]): Order => ({
  currency: 'EUR',
  pricesIncludeTax: false,
  lines,
  adjustments: [],
  roundingMinor: 0,
});

const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);

/** What EN 16931 says of sums. */
function expectSums({ lines, adjustments, vat, ...totals }: Amounts, currency: string) {
  const sumOfKind = (wanted: string) =>
    sumOf(adjustments.filter(({ kind }) => kind === wanted).map(({ amountMinor }) => amountMinor));
  expect(totals.linesMinor, 'BR-CO-10').toBe(sumOf(lines.map(({ netMinor }) => netMinor)));
  expect(totals.allowancesMinor, 'BR-CO-11').toBe(sumOfKind('allowance'));
  expect(totals.chargesMinor, 'BR-CO-12').toBe(sumOfKind('charge'));
  expect(totals.netMinor, 'BR-CO-13').toBe(totals.linesMinor - totals.allowancesMinor + totals.chargesMinor);
  expect(totals.taxMinor, 'BR-CO-14').toBe(sumOf(vat.map(({ tax }) => tax)));
  expect(totals.grossMinor, 'BR-CO-15').toBe(totals.netMinor + totals.taxMinor);
  expect(totals.paidMinor, 'BR-CO-16').toBe(totals.grossMinor + totals.roundingMinor);
  for (const { category, taxRate, net } of vat) {
    const ofGroup = <One extends { category: string; taxRate: string }>(all: One[]) =>
      all.filter((one) => one.category === category && one.taxRate === taxRate);
    expect(net, 'BR-S-08').toBe(
      sumOf(ofGroup(lines).map(({ netMinor }) => netMinor)) +
        sumOf(
          ofGroup(adjustments).map(({ kind, amountMinor }) => (kind === 'charge' ? 1 : -1) * amountMinor),
        ),
    );
  }
  for (const { quantity, unitPrice, adjustments: ofLine, netMinor } of lines) {
    const item = Number(quantity) * Number(unitPrice) * 10 ** exponentOf(currency);
    const expected =
      item + sumOf(ofLine.map(({ kind, amountMinor }) => (kind === 'charge' ? 1 : -1) * amountMinor));
    const tolerance = 0.02 * 10 ** exponentOf(currency);
    expect(Math.abs(netMinor - expected), 'PEPPOL-EN16931-R120').toBeLessThan(tolerance);
  }
}

describe('The amounts of an order', () => {
  test('have decimals in quantities, and prices below a cent', () => {
    const amounts = amountsOf(order(line('1.5', '80.00'), line('1000', '0.0035'), line('3', '0.333333')));
    expect(amounts.lines.map(({ netMinor }) => netMinor)).toEqual([12_000, 350, 100]);
    expect(amounts).toMatchObject({ netMinor: 12_450, taxMinor: 2615, grossMinor: 15_065 });
  });

  test.each([
    ['0.005', 1],
    ['0.0149', 1],
    ['0.015', 2],
    ['0.025', 3],
  ])('round a line of %s to %s cents, a half up', (price, cents) => {
    expect(amountsOf(order(line('1', price))).linesMinor).toBe(cents);
    expect(amountsOf(order(line('1', '1.00'), line('-1', price))).linesMinor).toBe(100 - cents);
  });

  test('have allowances and charges on lines and on the whole, and lines that take something off', () => {
    const amounts = amountsOf({
      ...order(
        {
          ...line('2', '50.00'),
          adjustments: [{ kind: 'allowance', amountMinor: 1000, reason: 'Discount' }],
        },
        line('-1', '5.00'),
      ),
      adjustments: [
        {
          kind: 'charge',
          amountMinor: 500,
          reason: 'Shipping',
          category: 'S',
          taxRate: '21',
          exemption: null,
        },
        {
          kind: 'allowance',
          amountMinor: 100,
          reason: 'Loyalty',
          category: 'S',
          taxRate: '21',
          exemption: null,
        },
      ],
    });
    expect(amounts).toMatchObject({
      linesMinor: 8500,
      allowancesMinor: 100,
      chargesMinor: 500,
      netMinor: 8900,
      taxMinor: 1869,
      grossMinor: 10_769,
    });
  });

  test('have VAT once for each category and rate, whichever way the rate is written', () => {
    const { vat } = amountsOf(
      order(
        ...Array.from({ length: 10 }, (_, i) => line('1', '0.01', i % 2 ? '21' : '21.00')),
        { ...line('1', '1.00', '0'), category: 'Z' },
        { ...line('1', '2.00', '0'), category: 'E', exemption: { code: 'VATEX-EU-132', text: null } },
      ),
    );
    expect(vat).toEqual([
      { category: 'S', taxRate: '21.00', net: 10, tax: 2, exemption: null },
      { category: 'Z', taxRate: '0.00', net: 100, tax: 0, exemption: null },
      { category: 'E', taxRate: '0.00', net: 200, tax: 0, exemption: { code: 'VATEX-EU-132', text: null } },
    ]);
  });

  test('say one reason for a category: the usual one, the one given, or all of them as text', () => {
    const exempt = (category: 'E' | 'AE', code: string | null, text: string | null) => ({
      ...line('1', '1.00', '0'),
      category,
      exemption: code === null && text === null ? null : { code, text },
    });
    const reasonOf = (...lines: OrderLine[]) => amountsOf(order(...lines)).vat[0]?.exemption;
    expect(reasonOf(exempt('AE', null, null))).toEqual({ code: 'VATEX-EU-AE', text: 'Reverse charge' });
    expect(reasonOf(exempt('E', 'VATEX-EU-132', 'Care'), exempt('E', 'VATEX-EU-132', 'School'))).toEqual({
      code: 'VATEX-EU-132',
      text: 'Care; School',
    });
    expect(reasonOf(exempt('E', 'VATEX-EU-132', 'Care'), exempt('E', 'VATEX-EU-135-1', null))).toEqual({
      code: null,
      text: 'Care; VATEX-EU-135-1',
    });
  });

  test('bring a payment that is rounded to nothing due', () => {
    const amounts = amountsOf({ ...order(line('1', '10.02', '0.0001')), roundingMinor: -2 });
    expect(amounts).toMatchObject({ grossMinor: 1002, roundingMinor: -2, paidMinor: 1000 });
  });

  test('keep the sums of EN 16931 for any order', () => {
    fc.assert(
      fc.property(orders, (any) => {
        expectSums(amountsOf(any), any.currency);
      }),
      { numRuns: 300 },
    );
  });

  test('of prices that include tax are what these add up to, whatever is taken off or added', () => {
    const ordered = ({ lines, adjustments, currency }: Order) =>
      sumOf([
        ...lines.map(({ quantity, unitPrice }) => {
          const [q, p] = [decimalOf(quantity), decimalOf(unitPrice)];
          const scale = 10n ** BigInt(q.scale + p.scale);
          const units = q.units * p.units * 10n ** BigInt(exponentOf(currency)) * 2n;
          return Number(units < 0n ? -((-units + scale) / (scale * 2n)) : (units + scale) / (scale * 2n));
        }),
        ...[...lines.flatMap((one) => one.adjustments), ...adjustments].map(
          ({ kind, amountMinor }) => (kind === 'charge' ? 1 : -1) * amountMinor,
        ),
      ]);
    fc.assert(
      fc.property(orders, (any) => {
        const withTax = { ...any, pricesIncludeTax: true };
        expect(amountsOf(withTax).grossMinor).toBe(ordered(any));
      }),
      { numRuns: 300 },
    );
  });
});

describe('Every price with tax from 0.01 to 1,000.00', () => {
  const rates = standardRates.map((rate) => ({ rate, units: Number(rateUnits(rate)) }));

  test('is the amount to the cent at every rate, with the tax that the law computes', () => {
    // The tax at every rate, and the whole order at one after the other.
    const distinct = [...new Map(rates.map((one) => [one.units, one])).values()];
    for (let price = 1; price <= 100_000; price++) {
      for (const { units } of distinct) {
        const tax = Math.floor((price * units * 2 + (1_000_000 + units)) / ((1_000_000 + units) * 2));
        if (taxWithin(BigInt(price), BigInt(units)) !== BigInt(tax)) throw new Error(`${price} at ${units}`);
        const net = price - tax;
        // EN 16931 allows a difference of less than 1.00 (BR-CO-17): here it is less than 0.01.
        if (Math.abs(net * units - tax * 1_000_000) >= 1_000_000) throw new Error(`${price} at ${units}`);
      }
      const { rate, units } = distinct[price % distinct.length] as (typeof distinct)[number];
      const text = `${Math.floor(price / 100)}.${String(price % 100).padStart(2, '0')}`;
      const amounts = amountsOf({ ...order(line('1', text, rate)), pricesIncludeTax: true });
      const tax = Math.floor((price * units * 2 + (1_000_000 + units)) / ((1_000_000 + units) * 2));
      if (amounts.paidMinor !== price || amounts.taxMinor !== tax) throw new Error(`${text} at ${rate}`);
    }
  });
});

describe('A unit price', () => {
  test.each([
    ['3', 2518, '8.393'],
    ['1', 999, '9.99'],
    ['-2', -1000, '5.00'],
    ['1000000', 1, '0.00000001'],
  ])('of %s for %s cents has as few decimals as make it: %s', (quantity, net, price) => {
    expect(unitPriceFor(decimalOf(quantity), BigInt(net), 2)).toBe(price);
  });

  test('of nothing there is none', () => {
    expect(() => unitPriceFor(decimalOf('0'), 1n, 2)).toThrow(RangeError);
  });
});
