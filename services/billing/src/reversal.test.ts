import { apportion, type NetAndTax, stretchOf } from '@fanfold/contracts/share';
import { vatAfterReversals } from '@fanfold/invoicing/credit';
import { NotYet } from '@fanfold/runtime/failure';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BillableEvent, Books, type Entries, isBillable, type Known } from './books.ts';
import { eventOfCreditNote, type Refunded } from './creditNote.ts';
import { captured, now, ordering, refunded, refundFailed, sellerOf } from './eventFixtures.ts';
import { eventOfInvoice, paidOf } from './invoice.ts';
import { invoiceResource } from './resources.ts';

/** What is stored: each event is applied to what those before it have left. */
class Table {
  known: Known = { accounts: [], series: [], creditNotes: [], reversals: [], sellerOf };
  readonly written: Entries[] = [];

  apply(...events: BillableEvent[]): Entries {
    const books = new Books(this.known, now);
    for (const event of events) books.apply(event);
    const entries = books.entries();
    this.written.push(entries);
    const { accounts, creditNotes, reversals, sellerOf } = this.known;
    this.known = {
      accounts: lastOf(
        [
          ...accounts,
          ...entries.accounts.map(({ account }) => ({ ...account, version: account.version + 1 })),
        ],
        ({ id }) => id,
      ),
      series: lastOf(
        [...this.known.series, ...entries.series.map(({ series }) => series)],
        ({ name }) => name,
      ),
      creditNotes: lastOf([...creditNotes, ...entries.creditNotes], ({ creditNote }) => creditNote.id),
      reversals: [...reversals, ...entries.reversals],
      sellerOf,
    };
    return entries;
  }

  /** What the API shows of the invoice. */
  get shown() {
    const [account] = this.known.accounts;
    if (!account?.invoice) throw new Error('There is no invoice');
    return invoiceResource({ ...account, invoice: account.invoice });
  }
}

const lastOf = <Item>(items: Item[], keyOf: (item: Item) => string): Item[] => [
  ...new Map(items.map((item) => [keyOf(item), item])).values(),
];

const refund = refunded(71, 4000, 0);
const failure = refundFailed(refund, 80);

describe('a refund that fails after it succeeded', () => {
  it('has an invoice that charges again what its credit note took back, in the series of invoices', () => {
    const table = new Table();
    table.apply(captured({ order: ordering() }));
    table.apply(refund);
    const { reversals, creditNotes, accounts, series, files } = table.apply(failure);
    expect(series).toMatchObject([{ series: { name: 'INV-2026', count: 2 }, countBefore: 1 }]);
    expect(files).toHaveLength(1);
    const [{ reversal } = { reversal: undefined }] = reversals;
    const [{ creditNote, isNew } = { creditNote: undefined, isNew: true }] = creditNotes;
    expect(reversal).toMatchObject({
      id: 'inv_71',
      number: 'INV-2026-000002',
      paymentId: 'pay_1',
      orderId: 'order-1',
      reverses: { creditNoteId: 'cn_71', creditNoteNumber: 'CN-2026-000001', refundId: 're_71' },
      totals: creditNote?.totals,
      lines: creditNote?.lines,
      sellerVersion: 3,
      taxDocument: {
        kind: 'invoice',
        number: 'INV-2026-000002',
        correctedInvoice: { number: 'CN-2026-000001', issueDate: '2026-11-23' },
        notes: [],
        amounts: creditNote?.taxDocument?.amounts,
      },
    });
    expect(isNew).toBe(false);
    expect(creditNote?.reversedBy).toEqual({ invoiceId: 'inv_71', invoiceNumber: 'INV-2026-000002' });
    expect(accounts[0]?.isIssued).toBe(false);
    expect(reversal && eventOfInvoice('acme', reversal)).toMatchObject({
      type: 'invoice.issued.v1',
      causationid: failure.id,
      data: {
        invoiceId: 'inv_71',
        reverses: { creditNoteNumber: 'CN-2026-000001' },
        totals: { gross: 4000 },
      },
    });
  });

  it('leaves the event of its credit note as it was', () => {
    const table = new Table();
    table.apply(captured());
    const [before] = table.apply(refund).creditNotes;
    const [after] = table.apply(failure).creditNotes;
    const eventOf = (issued: typeof before) => issued && eventOfCreditNote('acme', issued.creditNote);
    expect(eventOf(after)).toEqual(eventOf(before));
  });

  it('makes the invoice paid again, and shows on it which credit note does not count', () => {
    const table = new Table();
    table.apply(captured(), refund);
    expect(table.shown.status).toBe('partially_credited');
    table.apply(failure);
    expect(table.shown).toMatchObject({
      status: 'paid',
      creditNotes: [{ number: 'CN-2026-000001', reversedBy: { invoiceNumber: 'INV-2026-000002' } }],
    });
  });

  it('of an invoice from before lines had categories has a line for each rate', () => {
    const table = new Table();
    table.apply(captured(), refund);
    expect(table.apply(failure).reversals[0]?.reversal).toMatchObject({
      lines: [{ description: 'Reversal of CN-2026-000001', net: 3306, tax: 694, gross: 4000 }],
      totals: { gross: 4000 },
    });
  });

  it('is reversed once, however often that comes, and not with other data', () => {
    const table = new Table();
    table.apply(captured(), refund);
    table.apply(failure, failure);
    expect(table.apply(failure)).toMatchObject({ accounts: [], creditNotes: [], reversals: [], series: [] });
    const other = { ...failure, data: { ...failure.data, amountRefunded: 1 } };
    expect(() => table.apply(other)).toThrow('INV-2026-000002 was issued with other data');
    expect(table.known.reversals).toHaveLength(1);
  });

  it('waits for its success when that comes later', () => {
    const table = new Table();
    table.apply(captured());
    expect(() => table.apply(failure)).toThrow(NotYet);
    table.apply(refund);
    expect(table.apply(failure).reversals).toHaveLength(1);
  });

  it('is parked beside its refund as long as there is no invoice, and then all three are issued at once', () => {
    const table = new Table();
    table.apply(refund);
    expect(() => table.apply(refundFailed(refunded(72, 1, 0), 91))).toThrow(NotYet);
    expect(table.apply(failure, failure).accounts[0]?.account.parkedFailures).toHaveLength(1);
    const other = { ...failure, data: { ...failure.data, amountRefunded: 1 } };
    expect(() => table.apply(other)).toThrow('came with other data');
    const { accounts, creditNotes, reversals } = table.apply(captured());
    expect(accounts[0]).toMatchObject({ isIssued: true, account: { parked: [] } });
    expect(accounts[0]?.account).not.toHaveProperty('parkedFailures');
    expect(creditNotes).toMatchObject([{ isNew: true, creditNote: { reversedBy: { invoiceId: 'inv_71' } } }]);
    expect(reversals).toMatchObject([{ reversal: { number: 'INV-2026-000002' } }]);
  });

  it('stays parked with a refund that does not fit', () => {
    const dollars = refunded(71, 4000, 0, 'USD');
    const table = new Table();
    table.apply(dollars);
    table.apply(refundFailed(dollars, 80));
    const { accounts, reversals } = table.apply(captured());
    expect(accounts[0]?.account).toMatchObject({
      invoice: { number: 'INV-2026-000001' },
      parked: [{ data: { refund: { id: 're_71' } } }],
      parkedFailures: [{ data: { refund: { id: 're_71' } } }],
    });
    expect(reversals).toEqual([]);
  });

  it('is not parked any more once it was reversed', () => {
    const table = new Table();
    table.apply(captured(), refund);
    const [account] = table.known.accounts as [Known['accounts'][0]];
    table.known = { ...table.known, accounts: [{ ...account, parkedFailures: [failure] }] };
    expect(table.apply(failure).accounts[0]?.account).not.toHaveProperty('parkedFailures');
  });

  it('is reversed with the credit note when its refund comes again in a form that fits', () => {
    const dollars = refunded(71, 4000, 0, 'USD');
    const table = new Table();
    table.apply(dollars);
    table.apply(failure);
    table.apply(captured());
    const { creditNotes, reversals } = table.apply(refund);
    expect([creditNotes.length, reversals.length]).toEqual([1, 1]);
  });

  it('does not keep why it failed, which is on no document', () => {
    const table = new Table();
    table.apply(refund);
    const { accounts } = table.apply(failure);
    expect(JSON.stringify(accounts)).not.toContain('bank');
  });

  it('of another amount or currency than was credited is refused', () => {
    const table = new Table();
    table.apply(captured(), refund);
    for (const changes of [{ currency: 'USD' }, { refund: { ...failure.data.refund, amount: 3999 } }])
      expect(() => table.apply({ ...failure, data: { ...failure.data, ...changes } })).toThrow(Unprocessable);
    expect(table.known.reversals).toEqual([]);
  });

  it('is refused when the id of its document is that of another, whichever comes first', () => {
    const same = refunded(1, 4000, 0);
    const table = new Table();
    table.apply(captured(), same);
    expect(() => table.apply(refundFailed(same, 90))).toThrow('is of another refund');
    const later = new Table();
    later.apply(captured(), refund, failure);
    expect(() => later.apply(captured({ paymentId: 'pay_71' }))).toThrow('inv_71 reverses a credit note');
  });

  it('has no document when it had not succeeded', () => {
    expect(isBillable(failure)).toBe(true);
    expect(isBillable({ ...failure, data: { ...failure.data, wasRefunded: false } })).toBe(false);
  });
});

describe('a refund after another one has failed', () => {
  const after = (n: number, amount: number, amountRefunded: number, failures: number, vat: NetAndTax[]) => {
    const { data, ...about } = refunded(n, amount, amountRefunded - amount);
    return { ...about, data: { ...data, refund: { ...data.refund, afterFailures: { failures, vat } } } };
  };

  it('takes back what it says of each rate, also what the failed one had', () => {
    const table = new Table();
    table.apply(captured(), refund, refunded(72, 8100, 4000), failure);
    const { creditNotes } = table.apply(after(83, 4000, 12_100, 1, [{ net: 3306, tax: 694 }]));
    expect(creditNotes[0]?.creditNote.totals).toMatchObject({ net: 3306, tax: 694, gross: 4000 });
    expect(table.shown.status).toBe('credited');
  });

  it('waits for that failure', () => {
    const table = new Table();
    table.apply(captured(), refund);
    const next = after(82, 12_100, 12_100, 1, [{ net: 10_000, tax: 2100 }]);
    expect(() => table.apply(next)).toThrow(NotYet);
    table.apply(failure);
    expect(table.apply(next).creditNotes).toHaveLength(1);
  });

  it('is refused when it would take back more tax or net of a rate than there is, or does not add up', () => {
    const table = new Table();
    table.apply(captured(), refund, refunded(72, 8100, 4000), failure);
    for (const [amount, vat, reason] of [
      [4000, [{ net: 3206, tax: 794 }], 'of a category and rate'],
      [4000, [{ net: 4000, tax: 0 }], 'of a category and rate'],
      [4000, [{ net: 3306, tax: 693 }], 'does not add up to its amount'],
      [4000, [], 'does not add up to its amount'],
      [4001, [{ net: 3306, tax: 695 }], 'more'],
    ] as const)
      expect(() => table.apply(after(83, amount, 12_100, 1, [...vat]))).toThrow(reason);
  });
});

const lines = [
  { description: 'Chair', quantity: 1, unitAmount: 70, taxRate: '21.00' },
  { description: 'Book', quantity: 1, unitAmount: 10, taxRate: '6.00' },
];
const capture = captured({ amount: 96, amountCaptured: 96, lines });
const groups: NetAndTax[] = [
  { net: 70, tax: 15 },
  { net: 10, tax: 1 },
];

/** The events of a payment that was refunded by these shares of what was left, as payments publishes them; some fail later. */
function historyOf(steps: { share: number; fails: number | null }[]): BillableEvent[] {
  const events: BillableEvent[] = [capture];
  const standing = new Map<string, { event: Refunded; vat: NetAndTax[] }>();
  let failures = 0;
  const sumOf = (of: (vat: NetAndTax) => number, i: number) =>
    [...standing.values()].reduce((sum, { vat }) => sum + of(vat[i] as NetAndTax), 0);
  for (const [n, { share, fails }] of steps.entries()) {
    const credited = groups.map((_, i) => ({
      net: sumOf(({ net }) => net, i),
      tax: sumOf(({ tax }) => tax, i),
    }));
    const left = groups.map(
      ({ net, tax }, i) => net + tax - (credited[i]?.net ?? 0) - (credited[i]?.tax ?? 0),
    );
    const before = 96 - left.reduce((sum, each) => sum + each, 0);
    const amount = Math.ceil(((96 - before) * share) / 100);
    if (amount > 0) {
      const { data, ...about } = refunded(events.length, amount, before);
      const vat =
        failures === 0
          ? stretchOf(groups, before, before + amount).map(({ net, tax }) => ({ net, tax }))
          : vatAfterReversals(groups, apportion(amount, left), credited);
      const event = {
        ...about,
        data: {
          ...data,
          refund: {
            ...data.refund,
            id: `re_7${n}`,
            ...(failures > 0 && { afterFailures: { failures, vat } }),
          },
        },
      } as Refunded;
      events.push(event);
      standing.set(event.id, { event, vat });
    }
    const failing = fails === null ? undefined : [...standing.keys()][fails % standing.size];
    const failed = failing === undefined ? undefined : standing.get(failing);
    if (failing === undefined || !failed) continue;
    events.push(refundFailed(failed.event, events.length + 1));
    standing.delete(failing);
    failures++;
  }
  return events;
}

it('what stands credited never passes the invoice, in any rate, whatever fails, and in whatever order that is heard', () => {
  const steps = fc.array(
    fc.record({ share: fc.integer({ min: 1, max: 100 }), fails: fc.option(fc.nat({ max: 5 })) }),
    { minLength: 1, maxLength: 8 },
  );
  const heard = steps.map(historyOf).chain((events) =>
    fc.record({
      events: fc.constant(events),
      order: fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 }),
    }),
  );
  let reversed = 0;
  fc.assert(
    fc.property(heard, ({ events, order }) => {
      const table = new Table();
      let waiting = order;
      for (let round = 0; waiting.length > 0 && round <= events.length; round++) {
        waiting = waiting.filter((event) => {
          try {
            table.apply(event);
            return false;
          } catch (error) {
            expect(error).toBeInstanceOf(NotYet);
            return true;
          }
        });
        const { creditNotes, reversals } = table.known;
        const minus = new Set(reversals.map(({ reversal }) => reversal.reverses?.creditNoteId));
        for (const [i, rate] of ['21.00', '6.00'].entries()) {
          for (const part of ['net', 'tax'] as const) {
            const sum = creditNotes
              .filter(({ creditNote }) => !minus.has(creditNote.id))
              .flatMap(({ creditNote }) => creditNote.totals.taxByRate.filter((each) => each.rate === rate))
              .reduce((all, each) => all + each[part], 0);
            expect(sum).toBeLessThanOrEqual(groups[i]?.[part] ?? 0);
          }
        }
      }
      expect(waiting).toEqual([]);
      const { creditNotes, reversals, series } = table.known;
      const failed = events.filter(({ type }) => type === 'payment.refund-failed.v1');
      expect(reversals).toHaveLength(failed.length);
      expect(creditNotes).toHaveLength(events.length - failed.length - 1);
      expect(series.find(({ name }) => name === 'INV-2026')?.count).toBe(1 + failed.length);
      const stands =
        creditNotes.reduce((sum, { creditNote }) => sum + creditNote.amount, 0) -
        reversals.reduce((sum, { reversal }) => sum + paidOf(reversal), 0);
      expect(table.shown.status).toBe(
        stands === 0 ? 'paid' : stands === 96 ? 'credited' : 'partially_credited',
      );
      reversed += reversals.length;
    }),
    { numRuns: 300 },
  );
  expect(reversed).toBeGreaterThan(100);
});
