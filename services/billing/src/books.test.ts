import { maxRefundsPerPayment } from '@fanfold/contracts/payments';
import { Unprocessable } from '@fanfold/runtime/consume';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Books, type Entries, type Heard } from './books.ts';
import { captured, chairs, now, refunded } from './eventFixtures.ts';

const refunds = [refunded(1, 4000, 0), refunded(2, 8000, 4000), refunded(3, 100, 12_000)];

const hear = (books: Books, events: Heard[]): Entries => {
  for (const event of events) books.hear(event);
  return books.entries();
};

/** Books as they stand after what was entered before was written. */
const reopened = ({ accounts, series }: Entries): Books =>
  new Books(
    accounts.map(({ account }) => ({ ...account, version: account.version + 1 })),
    series.map((entry) => entry.series),
    now,
  );

const emptyBooks = () => new Books([], [], now);

describe('a capture', () => {
  it('issues an invoice with the next number, its lines and its tax', () => {
    const { accounts, series, creditNotes } = hear(emptyBooks(), [captured()]);
    expect(accounts[0]?.account.invoice).toMatchObject({
      id: 'inv_1',
      number: 'INV-2026-000001',
      series: 'INV-2026',
      issueDate: '2026-11-23',
      lines: [{ ...chairs[0], net: 10_000, tax: 2100, gross: 12_100 }],
      totals: {
        net: 10_000,
        tax: 2100,
        gross: 12_100,
        taxByRate: [{ rate: '21.00', net: 10_000, tax: 2100 }],
      },
    });
    expect(series).toEqual([{ series: expect.objectContaining({ count: 1 }), countBefore: 0 }]);
    expect(creditNotes).toEqual([]);
  });

  it('without lines issues one line for the whole amount at rate 0', () => {
    const { accounts } = hear(emptyBooks(), [captured({ lines: null, description: 'Two chairs' })]);
    expect(accounts[0]?.account.invoice).toMatchObject({
      lines: [{ description: 'Two chairs', quantity: 1, unitAmount: 12_100, taxRate: '0.00', gross: 12_100 }],
      totals: { net: 12_100, tax: 0, gross: 12_100 },
    });
  });

  it('of a part invoices that part, by rate', () => {
    const { accounts } = hear(emptyBooks(), [captured({ amountCaptured: 6050 })]);
    expect(accounts[0]?.account.invoice).toMatchObject({
      lines: [
        { description: 'Order order-1: 60.50 EUR of 121.00 EUR', unitAmount: 5000, tax: 1050, gross: 6050 },
      ],
      totals: { net: 5000, tax: 1050, gross: 6050 },
    });
  });

  it('heard twice changes nothing, at once or later', () => {
    const once = hear(emptyBooks(), [captured(), captured()]);
    expect(once.accounts).toHaveLength(1);
    expect(once.series[0]?.series.count).toBe(1);
    expect(hear(reopened(once), [captured()])).toEqual({ accounts: [], creditNotes: [], series: [] });
  });

  it('that contradicts the invoice or itself is refused and takes no number', () => {
    const books = reopened(hear(emptyBooks(), [captured()]));
    expect(() => books.hear(captured({ amountCaptured: 100 }))).toThrow(Unprocessable);
    for (const changes of [
      { amount: 12_000 },
      { amountCaptured: 12_101 },
      { amountCaptured: 0 },
      { amount: 99_999 },
    ]) {
      const fresh = emptyBooks();
      expect(() => fresh.hear(captured(changes))).toThrow(Unprocessable);
      expect(fresh.entries()).toEqual({ accounts: [], creditNotes: [], series: [] });
    }
  });
});

describe('a refund', () => {
  it('issues a credit note against the invoice', () => {
    const books = reopened(hear(emptyBooks(), [captured()]));
    const { creditNotes, accounts } = hear(books, [refunded(1, 6050, 0)]);
    expect(creditNotes[0]?.creditNote).toMatchObject({
      id: 'cn_1',
      number: 'CN-2026-000001',
      invoiceId: 'inv_1',
      invoiceNumber: 'INV-2026-000001',
      refundId: 're_1',
      amount: 6050,
      totals: { net: 5000, tax: 1050, gross: 6050 },
    });
    expect(accounts[0]?.account.creditNotes).toEqual([
      { id: 'cn_1', number: 'CN-2026-000001', refundId: 're_1', amount: 6050 },
    ]);
    expect(accounts[0]?.isIssued).toBe(false);
  });

  it('heard before its capture is parked, and credited when the capture comes', () => {
    const early = hear(emptyBooks(), [refunded(1, 4000, 0), refunded(1, 4000, 0)]);
    expect(early).toMatchObject({ creditNotes: [], series: [], accounts: [{ account: { invoice: null } }] });
    expect(early.accounts[0]?.account.parked).toHaveLength(1);
    const { accounts, creditNotes } = hear(reopened(early), [captured()]);
    expect(creditNotes.map(({ creditNote }) => creditNote.refundId)).toEqual(['re_1']);
    expect(accounts[0]?.account.parked).toEqual([]);
  });

  it('beyond what was invoiced, or in another currency, is refused', () => {
    const books = reopened(hear(emptyBooks(), [captured()]));
    for (const event of [refunded(1, 12_101, 0), refunded(1, 100, 12_050), refunded(1, 100, 0, 'USD')]) {
      expect(() => books.hear(event)).toThrow(Unprocessable);
    }
    expect(books.entries().creditNotes).toEqual([]);
  });

  it('that does not fit stays parked and does not keep the invoice from being issued', () => {
    const early = hear(emptyBooks(), [refunded(1, 100, 0, 'USD'), refunded(2, 200, 0)]);
    const { accounts, creditNotes } = hear(reopened(early), [captured()]);
    expect(accounts[0]?.account.invoice).not.toBeNull();
    expect(accounts[0]?.account.parked.map(({ data }) => data.refund.id)).toEqual(['re_1']);
    expect(creditNotes).toHaveLength(1);
  });

  it('is parked only as often as a payment can be refunded', () => {
    const books = emptyBooks();
    for (let n = 1; n <= maxRefundsPerPayment; n++) books.hear(refunded(n, 1, n - 1));
    expect(() => books.hear(refunded(99, 1, 99))).toThrow(Unprocessable);
  });
});

it('any order of a payment’s events, in any batches and with any repetitions, comes to the same documents', () => {
  const all: Heard[] = [captured(), ...refunds];
  const disorder = fc
    .tuple(
      fc.array(fc.constantFrom(...all), { maxLength: 8 }),
      fc.shuffledSubarray(all, { minLength: all.length }),
    )
    .chain(([extra, each]) =>
      fc.shuffledSubarray([...extra, ...each], { minLength: extra.length + each.length }),
    )
    .chain((events) =>
      fc.tuple(
        fc.constant(events),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 12, maxLength: 12 }),
      ),
    );
  fc.assert(
    fc.property(disorder, ([events, batchSizes]) => {
      let state: Entries = { accounts: [], creditNotes: [], series: [] };
      const totals: Record<string, unknown> = {};
      const numbers: string[] = [];
      let rest = [...events];
      for (const size of batchSizes) {
        const batch = rest.slice(0, size);
        rest = rest.slice(size);
        const entries = hear(reopened(state), batch);
        for (const { creditNote } of entries.creditNotes) {
          totals[creditNote.refundId] = creditNote.totals;
          numbers.push(creditNote.number);
        }
        const kept = state.series.filter(
          (old) => !entries.series.some(({ series }) => series.name === old.series.name),
        );
        state = {
          accounts: entries.accounts.length > 0 ? entries.accounts : state.accounts,
          creditNotes: [],
          series: [...kept, ...entries.series],
        };
      }
      hear(reopened(state), rest);
      if (rest.length > 0) return;
      const account = state.accounts[0]?.account;
      expect(account?.invoice?.number).toBe('INV-2026-000001');
      expect(account?.parked).toEqual([]);
      expect(numbers).toEqual(['CN-2026-000001', 'CN-2026-000002', 'CN-2026-000003']);
      expect(totals).toEqual(inOrder);
      expect(account?.creditNotes.reduce((sum, { amount }) => sum + amount, 0)).toBe(12_100);
    }),
  );
});

const inOrder = Object.fromEntries(
  hear(emptyBooks(), [captured(), ...refunds]).creditNotes.map(({ creditNote }) => [
    creditNote.refundId,
    creditNote.totals,
  ]),
);
