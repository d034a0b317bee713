import { plainTotalsOf } from '@fanfold/contracts/plain';
import { type NetAndTax, stretchOf } from '@fanfold/contracts/share';
import { amountsOf } from '@fanfold/invoicing/amounts';
import {
  amountsOfPart,
  creditableOf,
  creditOfTaken,
  inGroups,
  takenOfStretch,
  vatOfTaken,
} from '@fanfold/invoicing/credit';
import type { Amounts } from '@fanfold/invoicing/document';
import { invoiceableOf, type Ordered } from '@fanfold/invoicing/ordered';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestOf } from '../api/order.ts';
import { paymentRequest } from '../api/paymentRequest.ts';
import { eventOf } from './events.ts';
import { notTaken, type Payment, type PaymentEvent, type Refund } from './payment.ts';
import {
  answered,
  authorized,
  captured,
  capturing,
  eventsOf,
  momentAt,
  nothing,
  paymentId,
  succeeded,
} from './paymentFixtures.ts';
import { failRefund, refund, settleRefund } from './refunds.ts';
import { restored } from './restore.ts';

/** A book at 9 %, a lamp at 21 %, and three cups at 21 %: 10.90 + 60.50 + 9.99, with tax. */
const request = requestOf(
  paymentRequest.parse({
    amount: 8139,
    currency: 'EUR',
    paymentMethod: 'pm_card_visa',
    orderId: 'order-1001',
    customer: { name: 'Ada Example', address: { country: 'BE' } },
    pricesIncludeTax: true,
    lines: [
      { description: 'Book', quantity: 1, unitAmount: 1090, taxRate: '9' },
      { description: 'Lamp', quantity: 1, unitAmount: 6050, taxRate: '21' },
      { description: 'Cup', quantity: 3, unitAmount: 333, taxRate: '21' },
    ],
  }),
);
const bought = (changes: Partial<Payment> = {}): Payment => ({ ...captured(request), ...changes });
const invoice = amountsOf(invoiceableOf(request).order);

function capturedInPart(): Payment {
  return answered(capturing(authorized({ ...request, captureMethod: 'manual' }), 5001).payment).payment;
}

const asking = (payment: Payment, id: string, wanted: Partial<Parameters<typeof refund>[1]>) =>
  refund(
    payment,
    { id, amount: undefined, reason: null, fingerprint: id, ...wanted },
    momentAt('11:00:00.000'),
  ).payment;
const settling = (payment: Payment, id: string, outcome = succeeded) =>
  settleRefund(payment, id, outcome, momentAt('11:00:01.000'));

/** An order of which less than all was captured. */
const part = (amount: number): Payment =>
  answered(capturing(authorized({ ...request, captureMethod: 'manual' }), amount).payment).payment;

/** From before lines had categories: two lamps and a book, 121.00 and 10.90 with tax. */
function old(): Payment {
  const lines = [
    { description: 'Lamp', quantity: 2, unitAmount: 5000, taxRate: '21.00' },
    { description: 'Book', quantity: 1, unitAmount: 1000, taxRate: '9' },
  ];
  const { order: _, ...payment } = { ...captured({ ...request, amount: 13_190 }), lines };
  return payment;
}

/** What the invoice of these has: its categories and rates. */
const inGroupsOf = ({ amount, amountCaptured, order, lines, ...payment }: Payment): Amounts => {
  const whole = order
    ? invoice
    : amountsOf(
        invoiceableOf({
          ...payment,
          amount,
          lines,
          order: { ...request.order, lines: null, pricesIncludeTax: false },
        } as never).order,
      );
  return inGroups(amountsOfPart(whole, 'EUR', amountCaptured, 'order-1001'), 'EUR', 'order-1001');
};

/** A book at 9 % and three lamps at 21 %, 10 % off, with shipping: 98.10 and 163.35 with tax, and 5.00. */
const discounted: Payment = captured(
  requestOf(
    paymentRequest.parse({
      ...{ amount: 26_645, currency: 'EUR', paymentMethod: 'pm_card_visa', orderId: 'order-1001' },
      customer: { name: 'Ada Example', address: { country: 'BE' } },
      pricesIncludeTax: true,
      discount: { percent: '10' },
      charge: { amount: 500, reason: 'Shipping' },
      lines: [
        { description: 'Book', quantity: 1, unitAmount: 10_900, taxRate: '9' },
        { description: 'Lamp', quantity: 3, unitAmount: 6050, taxRate: '21' },
      ],
    }),
  ),
);
const amountsOfOrder = (payment: Payment): Amounts => amountsOf(invoiceableOf(payment as never).order);

type Refunded = Extract<PaymentEvent, { type: 'payment.refunded.v1' }>;

/** The amounts of the credit note that follows from an event and its invoice alone. */
function credited({ data }: Refunded, of = invoice) {
  const { amount, credit } = data.refund;
  const stretch = () => takenOfStretch(of, data.amountRefunded - amount, data.amountRefunded);
  const { taken, before } = credit
    ? {
        taken: credit.lines.map(({ line, amount, quantity }) => ({
          item: line - 1,
          amountMinor: amount,
          quantity,
        })),
        before: credit.creditedBefore,
      }
    : stretch();
  return { amounts: creditOfTaken(of, 'EUR', taken, vatOfTaken(of, taken, before), amount), taken };
}

describe('A refund of lines', () => {
  const refunding = (lines: object[], amount?: number) => {
    const change = settling(asking(bought(), 're_1', { lines: lines as never, amount }), 're_1');
    return (eventsOf(change)[0] as Refunded).data.refund;
  };

  test('is of what was returned, with its VAT', () => {
    const change = settling(asking(bought(), 're_1', { lines: [{ line: 1 }] }), 're_1');
    const [event] = eventsOf(change) as [Refunded];
    expect(event.data).toMatchObject({
      amountRefunded: 1090,
      refund: {
        amount: 1090,
        credit: { lines: [{ line: 1, amount: 1090, quantity: '1' }], creditedBefore: [0, 0] },
      },
    });
    expect(credited(event).amounts.vat).toMatchObject([{ taxRate: '9.00', net: 1000, tax: 90 }]);
  });

  test.each<[string, object[], number]>([
    ['a number of them', [{ line: 3, quantity: '2' }], 666],
    ['an amount', [{ line: 2, amount: 50 }], 50],
    ['several lines', [{ line: 1, amount: 90 }, { line: 3 }], 90 + 999],
    ['a part of one', [{ line: 3, quantity: '0.5' }], 167],
  ])('is of %s', (_what, lines, amount) => {
    expect(refunding(lines).amount).toBe(amount);
    expect(refunding(lines, amount).amount).toBe(amount);
  });

  test.each<[string, object[], string, string]>([
    ['a line that is not there', [{ line: 4 }], '0/line', 'there is no line 4: the order has 3'],
    ['a line twice', [{ line: 1 }, { line: 1 }], '1/line', 'line 1 is named twice'],
    ['more than it cost', [{ line: 1, amount: 1091 }], '0/amount', 'of line 1, 1090 is left, and not 1091'],
    [
      'more than were bought',
      [{ line: 1 }, { line: 3, quantity: '4' }],
      '1/quantity',
      'must be at most what is left of 3, of which 0 were returned',
    ],
    ['less than none', [{ line: 3, quantity: '-1' }], '0/quantity', 'must be more than 0'],
  ])('is refused of %s, at its place', (_what, lines, place, detail) => {
    expect(() => refunding(lines)).toThrow(
      expect.objectContaining({ status: 422, errors: [{ pointer: `#/lines/${place}`, detail }] }),
    );
  });

  test('is refused of each line that is not there, also when nothing is left to refund', () => {
    const { payment } = settling(asking(bought(), 're_1', {}), 're_1');
    const ask = (...lines: object[]) => asking(payment, 're_2', { lines: lines as never });
    expect(() => ask({ line: 4 }, { line: 1 }, { line: 9 })).toThrow(
      expect.objectContaining({
        status: 422,
        errors: [
          { pointer: '#/lines/0/line', detail: 'there is no line 4: the order has 3' },
          { pointer: '#/lines/2/line', detail: 'there is no line 9: the order has 3' },
        ],
      }),
    );
    expect(() => ask({ line: 1 })).toThrow(expect.objectContaining({ status: 409 }));
  });

  test('has the amount of its lines, if it says one', () => {
    expect(() => refunding([{ line: 1 }], 1000)).toThrow(
      expect.objectContaining({
        errors: [{ pointer: '#/amount', detail: 'must be what the lines add up to: 1090' }],
      }),
    );
  });

  test('of a part that was captured takes their rates, as much as was captured of these', () => {
    const payment = part(4000);
    const change = settling(asking(payment, 're_1', { lines: [{ line: 3, quantity: '2' }] }), 're_1');
    const [event] = eventsOf(change) as [Refunded];
    // The rate of 21 % is the first of the invoice.
    expect(event.data.refund).toMatchObject({
      amount: 666,
      credit: { lines: [{ line: 1, amount: 666, quantity: null }], creditedBefore: [0, 0] },
    });
    expect(credited(event, inGroupsOf(payment)).amounts.vat).toMatchObject([{ taxRate: '21.00' }]);
    for (const [lines, place, detail] of [
      [[{ line: 1, amount: 537 }], '0/amount', 'of line 1, 536 can be given back, and not 537'],
      [[{ line: 4 }], '0/line', 'there is no line 4: the order has 3'],
      [[{ line: 2 }, { line: 2 }], '1/line', 'line 2 is named twice'],
      [
        [{ line: 3, quantity: '4' }],
        '0/quantity',
        'must be at most what is left of 3, of which 0 were returned',
      ],
    ] as const)
      expect(() => asking(payment, 're_2', { lines: lines as never })).toThrow(
        expect.objectContaining({ status: 422, errors: [{ pointer: `#/lines/${place}`, detail }] }),
      );
    // All that is left of what was captured.
    expect(asking(payment, 're_2', { lines: [{ line: 1 }] }).refunds.re_2?.amount).toBe(536);
  });

  test('from before orders were kept takes their rates', () => {
    const change = settling(asking(old(), 're_1', { lines: [{ line: 2, quantity: '1' }] }), 're_1');
    const [event] = eventsOf(change) as [Refunded];
    expect(event.data.refund).toMatchObject({
      amount: 1090,
      credit: { lines: [{ line: 2, amount: 1090 }], creditedBefore: [0, 0] },
    });
    expect(credited(event, inGroupsOf(old())).amounts.vat).toMatchObject([
      { taxRate: '9.00', net: 1000, tax: 90 },
    ]);
  });

  test('leaves nothing of its lines to refunds that are asked for meanwhile', () => {
    const pending = asking(bought(), 're_1', { lines: [{ line: 1 }] });
    expect(() => asking(pending, 're_2', { lines: [{ line: 1 }] })).toThrow();
    const both = asking(pending, 're_2', {});
    expect(both.refunds.re_2).toMatchObject({
      amount: 8139 - 1090,
      credit: { lines: [{ line: 2 }, { line: 3 }] },
    });
    // Nothing was given back by one that failed, and nothing is kept of its lines.
    const failed = settling(pending, 're_1', nothing).payment;
    expect(failed.refunds.re_1).not.toHaveProperty('credit');
    expect(() => asking(failed, 're_2', { lines: [{ line: 1 }] })).not.toThrow();
  });

  test('takes nothing from refunds of an amount that are pending, which are of all lines', () => {
    const pending = asking(asking(bought(), 're_1', { amount: 8139 - 100 }), 're_2', {
      lines: [{ line: 2, amount: 5 }],
    });
    const late = settling(settling(pending, 're_2').payment, 're_1');
    expect((eventsOf(late)[0] as Refunded).data.refund.credit?.lines).toHaveLength(3);
  });

  test('is brought back from its event to the letter', () => {
    const payment = asking(bought(), 're_1', { lines: [{ line: 1 }] });
    const change = settling(payment, 're_1');
    const [event] = eventsOf(change) as [Refunded];
    const { payment: again, standing } = restored(bought(), event, JSON.stringify(event), undefined);
    expect(standing).toEqual({ state: 'same' });
    expect(again?.refunds.re_1).toMatchObject({
      id: 're_1',
      status: 'succeeded',
      credit: event.data.refund.credit,
    });
    expect(again?.id).toBe(paymentId);
  });
});

test.each<[string, () => Payment, (payment: Payment) => Amounts]>([
  ['of lines', bought, () => invoice],
  ['with a discount and a charge on the whole', () => discounted, amountsOfOrder],
  ['of which a part was captured', () => part(4000), inGroupsOf],
  ['from before orders were kept', old, inGroupsOf],
])(
  'Whatever is refunded of a payment %s, in lines and amounts, and however it ends, its credit notes never pass the invoice, and make it in the end',
  (_what, made, amountsOfInvoice) => {
    const wish = fc.record({
      by: fc.constantFrom('amount', 'line', 'quantity', 'rest'),
      line: fc.integer({ min: 1, max: 3 }),
      amount: fc.integer({ min: 1, max: 3000 }),
      quantity: fc.constantFrom('1', '0.5', '2', '0.3333'),
      outcome: fc.constantFrom(succeeded, succeeded, nothing),
      /** Whether it is settled at once, or at the end. */
      isLate: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 8 }), fc.boolean(), (wishes, lateFirst) => {
        let payment = made();
        const of = amountsOfInvoice(payment);
        const events: Refunded[] = [];
        const settle = (id: string, outcome = succeeded) => {
          const change = settling(payment, id, outcome);
          events.push(
            ...(eventsOf(change).filter(({ type }) => type === 'payment.refunded.v1') as Refunded[]),
          );
          payment = change.payment;
        };
        const late: [string, typeof succeeded][] = [];
        for (const [i, { by, line, amount, quantity, outcome, isLate }] of wishes.entries()) {
          const id = `re_${i}`;
          const lines = [{ line, ...(by === 'line' && { amount }), ...(by === 'quantity' && { quantity }) }];
          try {
            payment = asking(payment, id, by === 'amount' ? { amount } : { lines });
          } catch (error) {
            expect(error).toMatchObject({ name: 'Refusal' });
            continue;
          }
          if (isLate) late.push([id, outcome]);
          else settle(id, outcome);
        }
        for (const [id, outcome] of lateFirst ? late.toReversed() : late) settle(id, outcome);
        const left = payment.amountCaptured - payment.amountRefunded;
        if (left > 0) {
          payment = asking(payment, 're_rest', {});
          settle('re_rest');
        }
        const notes = events.map((event) => credited(event, of));
        const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
        for (const { category, taxRate, net, tax } of of.vat) {
          const same = notes.flatMap(({ amounts }) =>
            amounts.vat.filter((group) => group.category === category && group.taxRate === taxRate),
          );
          expect(same.every((group) => group.net >= 0 && group.tax >= 0)).toBe(true);
          expect([sumOf(same.map((group) => group.net)), sumOf(same.map((group) => group.tax))]).toEqual([
            net,
            tax,
          ]);
        }
        for (const [item, { grossMinor }] of creditableOf(of).entries()) {
          const ofItem = notes.flatMap(({ taken }) => taken.filter((each) => each.item === item));
          expect(sumOf(ofItem.map(({ amountMinor }) => amountMinor))).toBe(grossMinor);
        }
        expect(sumOf(events.map(({ data }) => data.refund.amount))).toBe(payment.amountCaptured);
      }),
      { numRuns: 300 },
    );
  },
);

describe.each([
  ['with an order', bought()],
  ['of which a part was captured', capturedInPart()],
  ['from before lines had categories', captured()],
])('Of a payment %s', (_of, paid) => {
  const whole: NetAndTax[] = paid.order
    ? amountsOfPart(invoice, 'EUR', paid.amountCaptured, paid.orderId).vat
    : plainTotalsOf(paid).taxByRate;

  /** What a refund takes back of each category and rate, by its event alone. */
  const takenBy = (event: Refunded): NetAndTax[] => {
    const { amountRefunded, refund } = event.data;
    if (refund.afterFailures) return refund.afterFailures.vat;
    if (!paid.order) return stretchOf(whole, amountRefunded - refund.amount, amountRefunded);
    const amounts = amountsOfPart(invoice, 'EUR', paid.amountCaptured, paid.orderId);
    const { taken, before } = refund.credit
      ? {
          taken: refund.credit.lines.map(({ line, amount, quantity }) => ({
            ...{ item: line - 1, amountMinor: amount, quantity },
          })),
          before: refund.credit.creditedBefore,
        }
      : takenOfStretch(amounts, amountRefunded - refund.amount, amountRefunded);
    return vatOfTaken(amounts, taken, before);
  };

  test('what stands refunded never passes the invoice, in any rate, whatever fails afterwards, and makes it in the end', () => {
    const step = fc.record({
      share: fc.integer({ min: 1, max: 100 }),
      line: fc.option(fc.integer({ min: 1, max: 3 })),
      /** Whether it is settled at once, or after the next one. */
      waits: fc.boolean(),
      fails: fc.option(fc.nat({ max: 7 }), { freq: 2 }),
    });
    let failures = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
        let payment = paid;
        const standing = new Map<string, NetAndTax[]>();
        const sumsByRate = () =>
          whole.map((_, i) =>
            [...standing.values()].reduce(
              (sum, vat) => ({ net: sum.net + (vat[i]?.net ?? 0), tax: sum.tax + (vat[i]?.tax ?? 0) }),
              { net: 0, tax: 0 },
            ),
          );
        const settle = (id: string) => {
          const change = settling(payment, id);
          for (const event of eventsOf(change)) {
            const taken = takenBy(event as Refunded);
            expect(taken.every(({ net, tax }) => net >= 0 && tax >= 0)).toBe(true);
            standing.set(id, taken);
            expect((event as Refunded).data.refund.afterFailures?.failures ?? 0).toBe(
              change.payment.history.filter(({ type }) => type === 'payment.refund-failed.v1').length,
            );
          }
          payment = change.payment;
          for (const [i, { net, tax }] of sumsByRate().entries()) {
            expect(net).toBeLessThanOrEqual(whole[i]?.net ?? 0);
            expect(tax).toBeLessThanOrEqual(whole[i]?.tax ?? 0);
          }
        };
        const waiting: string[] = [];
        for (const [i, { share, line, waits, fails }] of steps.entries()) {
          const id = `re_${i}`;
          const amount = Math.ceil(((payment.amountCaptured - payment.amountRefunded) * share) / 100);
          try {
            payment = asking(payment, id, line === null ? { amount } : { lines: [{ line }] });
            if (waits) waiting.push(id);
            else settle(id);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Refusal' });
          }
          const given = [...standing.keys()];
          const failing = fails === null ? undefined : given[fails % given.length];
          const refund = failing === undefined ? undefined : payment.refunds[failing];
          if (refund) {
            const before = JSON.stringify(payment.history.map((_, n) => eventOf(payment, n + 1)));
            payment = failRefund(payment, refund, notTaken, momentAt('12:00:00.000')).payment;
            standing.delete(refund.id);
            failures++;
            // What was said before stays as it was.
            const after = payment.history.slice(0, -1).map((_, n) => eventOf(payment, n + 1));
            expect(JSON.stringify(after)).toBe(before);
          }
          if (!waits) for (const other of waiting.splice(0)) settle(other);
        }
        for (const other of waiting) settle(other);
        if (payment.amountCaptured > payment.amountRefunded) {
          payment = asking(payment, 're_rest', {});
          settle('re_rest');
        }
        expect(sumsByRate()).toEqual(whole.map(({ net, tax }) => ({ net, tax })));
      }),
      { numRuns: 200 },
    );
    expect(failures).toBeGreaterThan(20);
  });

  test('a refund after one that failed is brought back from its event to the letter', () => {
    const first = settling(asking(paid, 're_1', { amount: 1000 }), 're_1').payment;
    const failed = failRefund(
      first,
      first.refunds.re_1 as Refund,
      notTaken,
      momentAt('12:00:00.000'),
    ).payment;
    const change = settling(asking(failed, 're_2', { amount: 500 }), 're_2');
    const [event] = eventsOf(change) as [Refunded];
    expect(event.data.refund.afterFailures?.failures).toBe(1);
    const { standing, payment } = restored(failed, event, JSON.stringify(event), undefined);
    expect(standing).toEqual({ state: 'same' });
    expect(payment?.refunds.re_2?.afterFailures).toEqual(event.data.refund.afterFailures);
  });
});

test('The order of a request is the order of an event', () => {
  const [event] = eventsOf({ payment: bought(), eventNumbers: [1] });
  expect((event as unknown as { data: Ordered }).data.order).toEqual(request.order);
});
