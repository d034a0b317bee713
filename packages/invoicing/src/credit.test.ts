import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountsOf } from './amounts.ts';
import { electronicObstacleOf } from './available.ts';
import {
  amountsOfPart,
  creditableOf,
  creditOf,
  creditOfStretch,
  nothingCredited,
  type Refund,
} from './credit.ts';
import type { Amounts } from './document.ts';
import { creditsOf, documents, orders, stretchesOf, wishes } from './documentFixtures.ts';
import type { OrderLine } from './order.ts';

const line = (quantity: string, unitPrice: string, taxRate: string): OrderLine => ({
  category: 'S',
  taxRate,
  description: `At ${taxRate}`,
  itemId: null,
  quantity,
  unitCode: 'C62',
  unitPrice,
  exemption: null,
  adjustments: [],
});

/** A book at 9 % and a lamp at 21 %, bought together, and three things that cost 10.00 together. */
const mixed = amountsOf({
  currency: 'EUR',
  pricesIncludeTax: true,
  roundingMinor: 0,
  adjustments: [],
  lines: [line('1', '10.90', '9'), line('1', '60.50', '21'), line('3', '3.333333', '0.0001')],
});

const refunded = (refunds: Refund[], invoice = mixed) => {
  let progress = nothingCredited(invoice);
  const credits = refunds.map((refund) => {
    const credit = creditOf(invoice, 'EUR', progress, refund);
    progress = credit.progress;
    return credit.amounts;
  });
  return { credits, progress };
};

const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);

/** By category and rate, what documents add up to. */
const addedUp = (all: Amounts[], { vat }: Amounts) =>
  vat.map(({ category, taxRate }) => {
    const same = all.flatMap((one) =>
      one.vat.filter((group) => group.category === category && group.taxRate === taxRate),
    );
    return { net: sumOf(same.map(({ net }) => net)), tax: sumOf(same.map(({ tax }) => tax)) };
  });

describe('A credit note', () => {
  test('of a line has exactly the VAT of that line', () => {
    const { credits } = refunded([{ lines: [{ line: 0, quantity: '1' }] }]);
    expect(credits[0]).toMatchObject({
      paidMinor: 1090,
      netMinor: 1000,
      vat: [{ category: 'S', taxRate: '9.00', net: 1000, tax: 90 }],
      lines: [{ description: 'At 9', netMinor: 1000, quantity: '1' }],
    });
  });

  test('of an amount takes back in proportion', () => {
    const { credits } = refunded([{ amountMinor: mixed.paidMinor }]);
    expect(credits[0]?.vat).toEqual(mixed.vat);
  });

  test('of quantities that make the whole line makes its whole amount', () => {
    const third: Refund = { lines: [{ line: 2, quantity: '1' }] };
    const { credits } = refunded([third, third, third]);
    expect(credits.map(({ paidMinor }) => paidMinor)).toEqual([333, 334, 333]);
  });

  test('of what an invoice was rounded up by, and nothing else, has a line for it', () => {
    const invoice = { ...mixed, roundingMinor: 3, paidMinor: mixed.grossMinor + 3 };
    const { credits } = refunded([{ amountMinor: mixed.grossMinor + 1 }, { amountMinor: 2 }], invoice);
    expect(credits[0]).toMatchObject({ grossMinor: mixed.grossMinor, roundingMinor: 1 });
    expect(credits[1]).toMatchObject({
      grossMinor: 0,
      roundingMinor: 2,
      paidMinor: 2,
      lines: [{ description: 'Rounding', netMinor: 0 }],
      vat: [{ net: 0, tax: 0 }],
    });
  });

  test('of a discounted thing returns what it cost in the end', () => {
    const invoice = amountsOf({
      currency: 'EUR',
      pricesIncludeTax: false,
      roundingMinor: 0,
      adjustments: [],
      lines: [line('1', '100.00', '21'), line('1', '100.00', '21'), line('-1', '20.00', '21')],
    });
    expect(creditableOf(invoice).map(({ grossMinor }) => grossMinor)).toEqual([10_890, 10_890, 0]);
    const { credits } = refunded([{ lines: [{ line: 0, quantity: '1' }] }], invoice);
    expect(credits[0]).toMatchObject({ netMinor: 9000, taxMinor: 1890, paidMinor: 10_890 });
  });

  test.each<[string, Refund]>([
    ['an amount', { amountMinor: 301 }],
    [
      'lines',
      {
        lines: [
          { line: 0, quantity: '1' },
          { line: 1, quantity: '1' },
        ],
      },
    ],
  ])('of %s takes back a price so small that all of it is tax', (_what, refund) => {
    const invoice = amountsOf({
      currency: 'EUR',
      pricesIncludeTax: true,
      roundingMinor: 0,
      adjustments: [],
      lines: [line('1', '0.01', '100'), line('1', '3.00', '21')],
    });
    expect(invoice.vat[0]).toMatchObject({ net: 0, tax: 1 });
    const { credits } = refunded([refund], invoice);
    expect(credits[0]).toMatchObject({ paidMinor: 301, roundingMinor: 0, vat: invoice.vat });
    const stretch = creditOfStretch(invoice, 'EUR', 0, 301);
    expect(stretch).toMatchObject({ paidMinor: 301, roundingMinor: 0, vat: invoice.vat });
  });

  test('of the last that was paid takes back all, though a payment that was rounded down ends before its lines', () => {
    const invoice = amountsOf({
      currency: 'EUR',
      pricesIncludeTax: true,
      roundingMinor: -50,
      adjustments: [],
      lines: [line('1', '1.00', '21'), line('2', '0.50', '6')],
    });
    const { credits } = refunded(
      [{ lines: [{ line: 0, quantity: '1' }] }, { lines: [{ line: 1, quantity: '1' }] }],
      invoice,
    );
    expect(credits.map(({ paidMinor, grossMinor }) => [paidMinor, grossMinor])).toEqual([
      [100, 100],
      [50, 100],
    ]);
    expect(addedUp(credits, invoice)).toEqual(invoice.vat.map(({ net, tax }) => ({ net, tax })));
    expect(credits[1]?.lines).toMatchObject([
      { description: 'At 6', quantity: '1', unitPrice: '0.94', netMinor: 94 },
    ]);
  });

  test.each<[string, Refund[]]>([
    ['more than is left', [{ amountMinor: mixed.paidMinor + 1 }]],
    ['nothing', [{ amountMinor: 0 }]],
    ['a line twice', [{ lines: [{ line: 0, quantity: '1' }] }, { lines: [{ line: 0, quantity: '1' }] }]],
    [
      'a line twice at once',
      [
        {
          lines: [
            { line: 0, amountMinor: 1 },
            { line: 0, amountMinor: 1 },
          ],
        },
      ],
    ],
    ['more of a line than it cost', [{ lines: [{ line: 0, amountMinor: 1091 }] }]],
    [
      'more of a line than is left after an amount',
      [{ amountMinor: 4000 }, { lines: [{ line: 0, amountMinor: 1090 }] }],
    ],
    ['a quantity that was not bought', [{ lines: [{ line: 2, quantity: '3.1' }] }]],
    [
      'a quantity that was not bought, after others',
      ['1', '1', '2'].map((quantity) => ({ lines: [{ line: 2, quantity }] })),
    ],
    ['a negative quantity', [{ lines: [{ line: 2, quantity: '-1' }] }]],
    ['a line that is not there', [{ lines: [{ line: 3, quantity: '1' }] }]],
    ['no line', [{ lines: [] }]],
  ])('of %s is refused', (_what, refunds) => {
    expect(() => refunded(refunds)).toThrow(RangeError);
  });

  test('never passes the invoice with the others, in any category and rate, in net or in tax', () => {
    fc.assert(
      fc.property(orders, wishes, (order, wanted) => {
        const invoice = amountsOf(order);
        const { credits, progress } = creditsOf(invoice, order.currency, wanted);
        for (const [i, { net, tax }] of addedUp(credits, invoice).entries()) {
          expect(net).toBeLessThanOrEqual(invoice.vat[i]?.net as number);
          expect(tax).toBeLessThanOrEqual(invoice.vat[i]?.tax as number);
        }
        expect(progress.paidBackMinor).toBeLessThanOrEqual(invoice.paidMinor);
        for (const credit of credits) {
          expect(credit.lines.length, 'BR-16').toBeGreaterThan(0);
          expect(credit.vat.every(({ net, tax }) => net >= 0 && tax >= 0)).toBe(true);
          expect(credit.lines.every(({ netMinor }) => netMinor >= 0)).toBe(true);
          expect(sumOf(credit.lines.map(({ netMinor }) => netMinor))).toBe(credit.netMinor);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('makes the invoice with the others when all is paid back', () => {
    fc.assert(
      fc.property(orders, wishes, (order, wanted) => {
        const invoice = amountsOf(order);
        const toZero = [...wanted, { by: 'all' as const, share: 100, line: 0 }];
        const { credits, progress } = creditsOf(invoice, order.currency, toZero);
        expect(progress.paidBackMinor).toBe(invoice.paidMinor);
        expect(sumOf(credits.map(({ paidMinor }) => paidMinor))).toBe(invoice.paidMinor);
        expect(addedUp(credits, invoice)).toEqual(invoice.vat.map(({ net, tax }) => ({ net, tax })));
        expect(sumOf(credits.map(({ roundingMinor }) => roundingMinor))).toBe(invoice.roundingMinor);
      }),
      { numRuns: 200 },
    );
  });

  test('that can be electronic has VAT within what the rules allow', () => {
    fc.assert(
      fc.property(documents, ([, ...creditNotes]) => {
        for (const note of creditNotes.filter((one) => electronicObstacleOf(one) === null)) {
          for (const { net, tax, taxRate } of note.amounts.vat)
            expect(Math.abs((net * Number(taxRate)) / 100 - tax)).toBeLessThan(
              note.currency === 'JPY' ? 1 : 100,
            );
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('The credit note of a stretch of what was paid', () => {
  test('takes back of each line, category and rate in proportion', () => {
    const half = creditOfStretch(mixed, 'EUR', 0, 4070);
    expect(half).toMatchObject({ paidMinor: 4070, grossMinor: 4070, roundingMinor: 0 });
    expect(half.lines.map(({ description, netMinor }) => [description, netMinor])).toEqual([
      ['At 9', 500],
      ['At 21', 2500],
      ['At 0.0001', 500],
    ]);
    expect(creditOfStretch(mixed, 'EUR', 0, mixed.paidMinor).vat).toEqual(mixed.vat);
  });

  test('is the same whatever came before it, and makes the invoice with the others, line by line', () => {
    fc.assert(
      fc.property(orders, wishes, (order, wanted) => {
        const invoice = amountsOf(order);
        const toZero = [...wanted, { by: 'all' as const, share: 100, line: 0 }];
        const credits = stretchesOf(invoice, toZero).map(([from, to]) =>
          creditOfStretch(invoice, order.currency, from, to),
        );
        expect(addedUp(credits, invoice)).toEqual(invoice.vat.map(({ net, tax }) => ({ net, tax })));
        expect(sumOf(credits.map(({ roundingMinor }) => roundingMinor))).toBe(invoice.roundingMinor);
        for (const credit of credits) {
          expect(credit.lines.length, 'BR-16').toBeGreaterThan(0);
          expect(credit.vat.every(({ net, tax }) => net >= 0 && tax >= 0)).toBe(true);
          expect(credit.lines.every(({ netMinor }) => netMinor >= 0)).toBe(true);
          expect(sumOf(credit.lines.map(({ netMinor }) => netMinor))).toBe(credit.netMinor);
        }
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    [-1, 5],
    [5, 5],
    [0, mixed.paidMinor + 1],
  ])('from %i to %i is none', (from, to) => {
    expect(() => creditOfStretch(mixed, 'EUR', from, to)).toThrow(RangeError);
  });
});

describe('A payment of which less was captured', () => {
  test('has a line for each category and rate, and a credit note as any other', () => {
    const part = amountsOfPart(mixed, 'EUR', 4000, 'order-1001');
    expect(part).toMatchObject({ paidMinor: 4000, grossMinor: 4000, roundingMinor: 0 });
    expect(part.lines.map(({ taxRate }) => taxRate)).toEqual(['21.00', '9.00', '0.0001']);
    expect(part.lines[0]?.description).toBe(`Order order-1001: 40.00 EUR of 81.40 EUR`);
    expect(part.lines[0]?.quantity).toBe('1');
    expect(refunded([{ amountMinor: 4000 }], part).credits[0]?.vat).toEqual(part.vat);
  });

  test('is the whole when all was captured, and nothing else than a part of it', () => {
    expect(amountsOfPart(mixed, 'EUR', mixed.paidMinor, 'order-1001')).toBe(mixed);
    for (const captured of [0, mixed.paidMinor + 1])
      expect(() => amountsOfPart(mixed, 'EUR', captured, 'order-1001')).toThrow(RangeError);
  });

  test('adds up to what was captured, whatever was ordered', () => {
    fc.assert(
      fc.property(orders, fc.integer({ min: 1, max: 100 }), (order, percent) => {
        const whole = amountsOf(order);
        const captured = Math.max(1, Math.floor((whole.paidMinor * percent) / 100));
        const part = amountsOfPart(whole, order.currency, captured, 'order-1001');
        expect(part.paidMinor).toBe(captured);
        const credit = creditOfStretch(part, order.currency, 0, captured);
        expect(addedUp([credit], part)).toEqual(part.vat.map(({ net, tax }) => ({ net, tax })));
        expect(part.netMinor).toBe(sumOf(part.vat.map(({ net }) => net)));
      }),
    );
  });
});
