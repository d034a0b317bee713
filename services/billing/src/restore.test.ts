import { NotYet } from '@fanfold/runtime/failure';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Account,
  type BillableEvent,
  Books,
  type Entries,
  type Issued,
  type Reversed,
} from './books.ts';
import { eventOfCreditNote } from './creditNote.ts';
import { captured, chairs, now, ordering, refunded, refundFailed, sellerOf } from './eventFixtures.ts';
import { eventOfInvoice, invoiceFor } from './invoice.ts';
import { accountOfDocument, RestoredAccount, readDocument } from './restore.ts';
import { countOfNumber, type Series, seriesOfNumber } from './series.ts';

/** What billing has: accounts by key, and credit notes and series. */
type Table = {
  accounts: Map<string, Account>;
  creditNotes: Map<string, Issued>;
  reversals: Map<string, Reversed>;
  series: Map<string, Series>;
};

const emptyTable = (): Table => ({
  accounts: new Map(),
  creditNotes: new Map(),
  reversals: new Map(),
  series: new Map(),
});
const copyOf = (table: Table): Table => ({
  accounts: new Map(table.accounts),
  creditNotes: new Map(table.creditNotes),
  reversals: new Map(table.reversals),
  series: new Map(table.series),
});

function write(table: Table, { accounts, creditNotes, reversals, series }: Entries): void {
  for (const { account } of accounts)
    table.accounts.set(account.id, { ...account, version: account.version + 1 });
  writeDocuments(table, creditNotes, reversals);
  for (const each of series) table.series.set(each.series.name, each.series);
}

function writeDocuments(table: Table, creditNotes: Entries['creditNotes'], reversals: Reversed[]): void {
  for (const { isNew: _, ...issued } of creditNotes) table.creditNotes.set(issued.creditNote.id, issued);
  for (const reversed of reversals) table.reversals.set(reversed.reversal.id, reversed);
}

/** Bills events one after another, those that come too early again in the end, and gives the table after each. */
function bill(events: BillableEvent[]): Table[] {
  const table = emptyTable();
  const early: BillableEvent[] = [];
  const tables = events.map((event, i) => billOne(table, event, i, early));
  return [...tables, ...early.map((event, i) => billOne(table, event, events.length + i))];
}

function billOne(table: Table, event: BillableEvent, i: number, early?: BillableEvent[]): Table {
  const books = new Books(
    {
      accounts: [...table.accounts.values()],
      series: [...table.series.values()],
      creditNotes: [...table.creditNotes.values()],
      reversals: [...table.reversals.values()],
      sellerOf,
    },
    new Date(now.getTime() + i * 1000),
  );
  try {
    books.apply(event);
  } catch (error) {
    if (!(error instanceof NotYet) || !early) throw error;
    early.push(event);
  }
  write(table, books.entries());
  return copyOf(table);
}

/** The events of the documents of a table, each with the one that it was issued for, as audit has them. */
function recordOf(
  { accounts, creditNotes, reversals }: Table,
  events: BillableEvent[],
): [text: string, cause: string][] {
  const issued = [
    ...[...accounts.values()].flatMap(({ merchantId, invoice }) =>
      invoice ? eventOfInvoice(merchantId, invoice) : [],
    ),
    ...[...creditNotes.values()].map(({ merchantId, creditNote }) =>
      eventOfCreditNote(merchantId, creditNote),
    ),
    ...[...reversals.values()].map(({ merchantId, reversal }) => eventOfInvoice(merchantId, reversal)),
  ];
  return issued.map((event) => [
    JSON.stringify(event),
    JSON.stringify(events.find(({ id }) => id === event.causationid)),
  ]);
}

/** Puts documents into the table, in this order, each as often as it comes. */
function restore(table: Table, record: [text: string, cause: string][]): string[] {
  return record.map(([text, cause]) => {
    const document = readDocument(text, cause);
    const key = accountOfDocument(document);
    const ids = [
      document.issued.subject,
      ...(document.kind === 'reversal' ? [document.issued.data.reverses?.creditNoteId] : []),
    ];
    const restored = new RestoredAccount(
      key,
      table.accounts.get(key.id),
      [...table.creditNotes.values()].filter(({ creditNote }) => ids.includes(creditNote.id)),
      [...table.reversals.values()].filter(({ reversal }) => ids.includes(reversal.id)),
    );
    const { state } = restored.put(document);
    if (restored.isChanged) table.accounts.set(key.id, restored.account);
    writeDocuments(table, restored.changedCreditNotes, restored.newReversals);
    return state;
  });
}

/** Without the versions, which count the writes. */
const comparable = ({ accounts, creditNotes, reversals }: Table) => ({
  accounts: [...accounts.values()]
    .filter(({ invoice }) => invoice !== null)
    .map(({ version: _version, creditNotes, ...account }) => ({
      ...account,
      creditNotes: creditNotes.toSorted((a, b) => (a.number < b.number ? -1 : 1)),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1)),
  creditNotes: [...creditNotes.values()].sort((a, b) => (a.creditNote.id < b.creditNote.id ? -1 : 1)),
  reversals: [...reversals.values()].sort((a, b) => (a.reversal.id < b.reversal.id ? -1 : 1)),
});

/** Payments with up to three refunds each, of which some fail later, whose events arrive in any order. */
const flows = fc
  .array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 7 })), { minLength: 1, maxLength: 4 })
  .map((payments): BillableEvent[] =>
    payments.flatMap(([refunds, failing], p) => {
      const paymentId = `pay_${p}`;
      return [
        // Payments from before lines had categories have no order.
        captured({ paymentId, ...(p % 2 === 1 && { order: ordering() }) }),
        ...Array.from({ length: refunds }, (_, r) => {
          const event = refunded(r + 1, 1000, r * 1000, 'EUR', paymentId);
          const refund = { ...event.data.refund, id: `re_${p}${r}` };
          const succeeded = { ...event, data: { ...event.data, refund } };
          return failing & (1 << r) ? [succeeded, refundFailed(succeeded, 10 + r)] : [succeeded];
        }).flat(),
      ];
    }),
  )
  .chain((events) => fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }));

describe('Recorded documents', () => {
  it('are brought back as they were, in any order and any number of times, into whatever the table still has', () => {
    fc.assert(
      fc.property(
        flows.chain((events) =>
          fc.record({
            events: fc.constant(events),
            left: fc.nat({ max: events.length }),
            seed: fc.infiniteStream(fc.nat()),
          }),
        ),
        ({ events, left, seed }) => {
          const tables = bill(events);
          const last = tables.at(-1) ?? emptyTable();
          const record = recordOf(last, events);
          const table = copyOf(tables[left - 1] ?? emptyTable());
          const shuffled = record
            .map((each) => ({ each, at: seed.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ each }) => each);
          // A document whose corrected one is missing comes again after it: a reversal twice at most.
          for (let rest = shuffled; rest.length > 0; ) {
            const states = restore(table, rest);
            rest = rest.filter((_, i) => states[i] === 'early');
          }
          expect(comparable(table)).toEqual(comparable(last));
          const before = copyOf(table);
          expect(new Set(restore(table, shuffled))).toEqual(new Set(record.length === 0 ? [] : ['same']));
          expect(table).toEqual(before);
        },
      ),
    );
  });

  const [issued] = bill([captured()]);
  const [[text = '', cause = ''] = []] = recordOf(issued as Table, [captured()]);
  const key = { merchantId: 'acme', id: 'inv_1' };

  it('are published again to the letter, with the totals that the customer has', () => {
    const event = JSON.parse(text);
    const [rate] = event.data.totals.taxByRate;
    const totals = {
      ...event.data.totals,
      net: 10_001,
      tax: 2_099,
      taxByRate: [{ ...rate, net: 10_001, tax: 2_099 }],
    };
    const otherwise = JSON.stringify({ ...event, data: { ...event.data, totals } });
    const account = new RestoredAccount(key, undefined, [], []);
    expect(account.put(readDocument(otherwise, cause))).toEqual({ state: 'same' });
    expect(account.account.invoice?.totals).toEqual(totals);
  });

  it('do not replace one with another number', () => {
    const other = text.replaceAll('INV-2026-000001', 'INV-2026-000009');
    const account = new RestoredAccount(key, issued?.accounts.get('inv_1'), [], []);
    expect(account.put(readDocument(other, cause))).toEqual({
      state: 'renumbered',
      text: expect.stringContaining('INV-2026-000001'),
      why: 'it has the number INV-2026-000001, and not INV-2026-000009',
    });
    expect(account.isChanged).toBe(false);
  });

  it('end the wait of a capture that had no seller when the table was saved', () => {
    const event = captured({ order: ordering() });
    const parking = new Books(
      { accounts: [], series: [], creditNotes: [], reversals: [], sellerOf: () => undefined },
      now,
    );
    parking.apply(event);
    const table = emptyTable();
    write(table, parking.entries());
    expect(table.accounts.get('inv_1')).toHaveProperty('parkedCapture');
    const later = bill([event])[0] as Table;
    expect(restore(table, recordOf(later, [event]))).toEqual(['same']);
    expect(comparable(table)).toEqual(comparable(later));
  });

  it('are simplified as they were issued, whatever is lawful by now', () => {
    const event = captured({
      order: ordering(),
      amount: 6050,
      amountCaptured: 6050,
      lines: chairs.map((chair) => ({ ...chair, quantity: 1 })),
    });
    const { seller, version } = sellerOf();
    const simplifying = { seller: { ...seller, simplifiedInvoices: true }, version };
    const numbered = { number: 'INV-2026-000001', series: 'INV-2026', issuedAt: now.toISOString() };
    for (const isSimplified of [true, false]) {
      const invoice = invoiceFor(event, numbered, simplifying, isSimplified);
      const issued = eventOfInvoice('acme', invoice);
      const restored = new RestoredAccount(key, undefined, [], []);
      const recorded = readDocument(JSON.stringify(issued), JSON.stringify(event));
      expect(restored.put(recorded)).toEqual({ state: 'same' });
      expect(restored.account.invoice?.taxDocument?.isSimplified ?? false).toBe(isSimplified);
    }
    expect(invoiceFor(event, numbered, simplifying).taxDocument?.isSimplified).toBe(true);
    expect(invoiceFor(event, numbered, sellerOf()).taxDocument?.isSimplified).toBeUndefined();
  });

  it('are not brought back from an event that they were not issued for', () => {
    const another = JSON.stringify(captured({ paymentId: 'pay_2' }));
    expect(() => readDocument(text, another)).toThrow('inv_1:1 was issued for pay_1:1, and not for pay_2:1');
  });

  it('of a credit note wait for their invoice', () => {
    const events = [captured(), refunded(1, 1000, 0)];
    const record = recordOf(bill(events).at(-1) as Table, events);
    expect(restore(emptyTable(), record.toReversed())).toEqual(['early', 'same']);
  });
});

it('The number of a document tells its series and which number of it it is', () => {
  expect([seriesOfNumber('CN-2026-000123'), countOfNumber('CN-2026-1234567')]).toEqual([
    'CN-2026',
    1_234_567,
  ]);
});
