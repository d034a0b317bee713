import { maxRefundsEverPerPayment } from '@fanfold/contracts/payments';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BillableEvent, Books, type Entries, maxTransactionWrites } from './books.ts';
import { type CreditNote, eventOfCreditNote } from './creditNote.ts';
import {
  captured,
  chairs,
  now,
  ordering,
  orderLine,
  refunded,
  refundFailed,
  sellerOf,
} from './eventFixtures.ts';
import { keyOfForms, type XmlFile } from './files/written.ts';
import { eventOfInvoice, type Invoice } from './invoice.ts';
import { invoiceResource } from './resources.ts';

const refunds = [refunded(1, 4000, 0), refunded(2, 8000, 4000), refunded(3, 100, 12_000)];

const apply = (books: Books, events: BillableEvent[]): Entries => {
  for (const event of events) books.apply(event);
  return books.entries();
};

/** Books as they stand after what was entered before was written. */
const reopened = ({ accounts, series, creditNotes, reversals }: Omit<Entries, 'files'>): Books =>
  new Books(
    {
      accounts: accounts.map(({ account }) => ({ ...account, version: account.version + 1 })),
      series: series.map((entry) => entry.series),
      creditNotes,
      reversals,
      sellerOf,
    },
    now,
  );

const writesOf = ({ accounts, series, creditNotes, reversals }: Entries): number =>
  [accounts, series, creditNotes, reversals].reduce((sum, { length }) => sum + length, 0);

const emptyBooks = () =>
  new Books({ accounts: [], series: [], creditNotes: [], reversals: [], sellerOf }, now);

describe('a capture', () => {
  it('issues an invoice with the next number, its lines and its tax', () => {
    const { accounts, series, creditNotes } = apply(emptyBooks(), [captured()]);
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
    const { accounts } = apply(emptyBooks(), [captured({ lines: null, description: 'Two chairs' })]);
    expect(accounts[0]?.account.invoice).toMatchObject({
      lines: [{ description: 'Two chairs', quantity: 1, unitAmount: 12_100, taxRate: '0.00', gross: 12_100 }],
      totals: { net: 12_100, tax: 0, gross: 12_100 },
    });
  });

  it('of a part invoices that part, by rate', () => {
    const { accounts } = apply(emptyBooks(), [captured({ amountCaptured: 6050 })]);
    expect(accounts[0]?.account.invoice).toMatchObject({
      lines: [
        { description: 'Order order-1: 60.50 EUR of 121.00 EUR', unitAmount: 5000, tax: 1050, gross: 6050 },
      ],
      totals: { net: 5000, tax: 1050, gross: 6050 },
    });
  });

  it('applied twice changes nothing, at once or later', () => {
    const once = apply(emptyBooks(), [captured(), captured()]);
    expect(once.accounts).toHaveLength(1);
    expect(once.series[0]?.series.count).toBe(1);
    expect(apply(reopened(once), [captured()])).toEqual({
      accounts: [],
      creditNotes: [],
      reversals: [],
      series: [],
      files: [],
    });
  });

  it('that contradicts the invoice or itself is refused and takes no number', () => {
    const books = reopened(apply(emptyBooks(), [captured()]));
    expect(() => books.apply(captured({ amountCaptured: 100 }))).toThrow(Unprocessable);
    for (const changes of [
      { amount: 12_000 },
      { amountCaptured: 12_101 },
      { amountCaptured: 0 },
      { amount: 99_999 },
    ]) {
      const fresh = emptyBooks();
      expect(() => fresh.apply(captured(changes))).toThrow(Unprocessable);
      expect(fresh.entries()).toEqual({
        accounts: [],
        creditNotes: [],
        reversals: [],
        series: [],
        files: [],
      });
    }
  });
});

it('a capture that comes again with other data is refused, whatever it is that differs', () => {
  const { customer } = captured().data;
  const books = reopened(apply(emptyBooks(), [captured()]));
  for (const changes of [
    { customer: { ...customer, name: 'Bob Example' } },
    { customer: { ...customer, address: { ...customer.address, country: 'NL' } } },
    { orderId: 'order-2' },
    { currency: 'USD' },
    { lines: [{ description: 'Table', quantity: 1, unitAmount: 10_000, taxRate: '21.00' }] },
    { lines: null },
  ]) {
    expect(() => books.apply(captured(changes))).toThrow('INV-2026-000001 was issued with other data');
  }
  expect(() => books.apply({ ...captured(), time: '2026-11-24T00:00:00.000Z' })).toThrow(Unprocessable);
  books.apply(captured());
  expect(books.entries().accounts).toEqual([]);
});

it('what JSON can name and a table cannot keep makes no other capture', () => {
  const { customer } = captured().data;
  const capture = captured({ customer: { ...customer, name: 'Ada \ud800' } });
  const { accounts, ...others } = apply(emptyBooks(), [capture]);
  const kept = accounts.map(({ account, ...marks }) => ({
    account: {
      ...account,
      invoice: JSON.parse(JSON.stringify(account.invoice).replace('\\ud800', '\ufffd')),
    },
    ...marks,
  }));
  expect(apply(reopened({ accounts: kept, ...others }), [capture]).accounts).toEqual([]);
});

describe('a refund', () => {
  it('issues a credit note against the invoice', () => {
    const books = reopened(apply(emptyBooks(), [captured()]));
    const { creditNotes, accounts } = apply(books, [refunded(1, 6050, 0)]);
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
      { id: 'cn_1', number: 'CN-2026-000001', refundId: 're_1', amount: 6050, amountRefunded: 6050 },
    ]);
    expect(accounts[0]?.isIssued).toBe(false);
  });

  it('is never credited before its invoice was issued, nor in an earlier year, by a clock that went back', () => {
    const { accounts } = apply(
      new Books(
        { accounts: [], series: [], creditNotes: [], reversals: [], sellerOf },
        new Date('2027-01-01T00:00:00.500Z'),
      ),
      [captured()],
    );
    const known = {
      accounts: accounts.map(({ account }) => account),
      series: [],
      creditNotes: [],
      reversals: [],
      sellerOf,
    };
    const behind = new Books(known, new Date('2026-12-31T23:59:59.500Z'));
    const { creditNotes } = apply(behind, [refunded(1, 4000, 0)]);
    expect(creditNotes[0]?.creditNote).toMatchObject({
      number: 'CN-2027-000001',
      issueDate: '2027-01-01',
      createdAt: '2027-01-01T00:00:00.500Z',
    });
  });

  it('applied before its capture is parked, and credited when the capture comes', () => {
    const early = apply(emptyBooks(), [refunded(1, 4000, 0), refunded(1, 4000, 0)]);
    expect(early).toMatchObject({ creditNotes: [], series: [], accounts: [{ account: { invoice: null } }] });
    expect(early.accounts[0]?.account.parked).toHaveLength(1);
    const { accounts, creditNotes } = apply(reopened(early), [captured()]);
    expect(creditNotes.map(({ creditNote }) => creditNote.refundId)).toEqual(['re_1']);
    expect(accounts[0]?.account.parked).toEqual([]);
  });

  it('beyond what was invoiced, or in another currency, is refused', () => {
    const books = reopened(apply(emptyBooks(), [captured()]));
    for (const event of [refunded(1, 12_101, 0), refunded(1, 100, 12_050), refunded(1, 100, 0, 'USD')]) {
      expect(() => books.apply(event)).toThrow(Unprocessable);
    }
    expect(books.entries().creditNotes).toEqual([]);
  });

  it('of what was credited already, under another id, is refused and says so', () => {
    const credited = apply(reopened(apply(emptyBooks(), [captured()])), [refunded(1, 4000, 0)]);
    const books = reopened(credited);
    for (const event of [refunded(2, 4000, 0), refunded(2, 100, 3999), refunded(2, 12_100, 0)]) {
      expect(() => books.apply(event)).toThrow('CN-2026-000001 has credited a part of the same');
    }
    books.apply(refunded(2, 100, 4000));
    expect(books.entries().creditNotes).toHaveLength(1);
  });

  it('beside those that were credited before their stretches were kept makes no more than the invoice', () => {
    const { accounts, series, creditNotes } = apply(reopened(apply(emptyBooks(), [captured()])), [
      refunded(1, 8000, 0),
    ]);
    const old = accounts.map(({ account, ...marks }) => ({
      account: {
        ...account,
        creditNotes: account.creditNotes.map(({ amountRefunded: _unknown, ...credited }) => credited),
      },
      ...marks,
    }));
    const books = reopened({ accounts: old, series, creditNotes, reversals: [] });
    expect(() => books.apply(refunded(2, 4101, 0))).toThrow('more would be credited than INV-2026-000001');
    books.apply(refunded(3, 4100, 8000));
    expect(books.entries().creditNotes).toHaveLength(1);
  });

  it('of what another parked refund is of is refused, so that both cannot be credited later', () => {
    const books = reopened(apply(emptyBooks(), [refunded(1, 4000, 0)]));
    expect(() => books.apply(refunded(2, 4000, 3000))).toThrow('pay_1:2 has refunded a part of the same');
    expect(() => books.apply(refunded(2, 12_101, 0))).toThrow('it is more than was captured');
    expect(apply(books, [captured()]).creditNotes).toHaveLength(1);
  });

  it('whose id another payment’s refund has is refused', () => {
    const first = apply(emptyBooks(), [captured(), refunded(1, 100, 0), captured({ paymentId: 'pay_2' })]);
    const books = reopened(first);
    expect(() => books.apply(refunded(1, 100, 0, 'EUR', 'pay_2'))).toThrow(
      'CN-2026-000001 is of another refund',
    );
  });

  it('that comes again with other data is refused, parked or credited', () => {
    const other = (changes: object) => {
      const { data, ...about } = refunded(1, 4000, 0);
      return { ...about, data: { ...data, ...changes } } as BillableEvent;
    };
    const others = [
      other({ amountRefunded: 4001 }),
      other({ refund: { id: 're_1', amount: 4000, reason: 'damaged' } }),
      { ...refunded(1, 4000, 0), time: '2026-11-24T00:00:00.000Z' },
      { ...refunded(1, 4000, 0), correlationid: 'req_2' },
    ];
    const parked = reopened(apply(emptyBooks(), [refunded(1, 4000, 0)]));
    const credited = reopened(apply(emptyBooks(), [captured(), refunded(1, 4000, 0)]));
    for (const event of others) {
      expect(() => parked.apply(event)).toThrow('pay_1:2 came with other data');
      expect(() => credited.apply(event)).toThrow('CN-2026-000001 was issued with other data');
    }
    parked.apply(refunded(1, 4000, 0));
    credited.apply(refunded(1, 4000, 0));
    expect(parked.entries().accounts).toEqual([]);
    expect(credited.entries().accounts).toEqual([]);
  });

  it('that does not fit stays parked and does not keep the invoice from being issued', () => {
    const early = apply(emptyBooks(), [refunded(1, 100, 0, 'USD'), refunded(2, 200, 0)]);
    const { accounts, creditNotes } = apply(reopened(early), [captured()]);
    expect(accounts[0]?.account.invoice).not.toBeNull();
    expect(accounts[0]?.account.parked.map(({ data }) => data.refund.id)).toEqual(['re_1']);
    expect(creditNotes).toHaveLength(1);
    // It can come again with data that fits.
    const issued = { accounts, creditNotes, reversals: [], series: [] };
    expect(apply(reopened(issued), [refunded(1, 100, 200)]).creditNotes).toHaveLength(1);
  });

  it('whose credit note cannot be made stays parked, and those after it are credited', () => {
    const unmakeable = refunded(1, 100, 0);
    const none = { lines: [{ line: 1, amount: 100, quantity: '0' }], creditedBefore: [0] };
    unmakeable.data.refund.credit = none;
    const early = apply(emptyBooks(), [unmakeable, refunded(2, 200, 100)]);
    const { accounts, creditNotes } = apply(reopened(early), [captured({ order: ordering() })]);
    expect(accounts[0]?.account.invoice).not.toBeNull();
    expect(accounts[0]?.account.parked).toEqual([unmakeable]);
    expect(creditNotes.map(({ creditNote }) => creditNote.refundId)).toEqual(['re_2']);
  });

  it('fits a transaction however many there are, all of them failed, and the rest follows', () => {
    const many = Array.from({ length: maxRefundsEverPerPayment }, (_, i) => refunded(101 + i, 1, i));
    const failed = many.map((refund, i) => refundFailed(refund, 200 + i));
    const events: BillableEvent[] = [...many, ...failed];
    let entries = apply(emptyBooks(), [...events, captured()]);
    const [creditNotes, reversals] = [[...entries.creditNotes], [...entries.reversals]];
    expect(writesOf(entries)).toBeLessThanOrEqual(maxTransactionWrites);
    expect(entries.accounts[0]?.isSettled).toBe(false);
    entries = apply(reopened({ ...entries, creditNotes }), [captured()]);
    creditNotes.push(...entries.creditNotes.filter(({ isNew }) => isNew));
    reversals.push(...entries.reversals);
    expect(writesOf(entries)).toBeLessThanOrEqual(maxTransactionWrites);
    expect(entries.accounts[0]).toMatchObject({ isSettled: true, account: { parked: [] } });
    expect([creditNotes.length, reversals.length]).toEqual([many.length, failed.length]);
  });

  it('is parked only as often as a payment can be refunded', () => {
    const books = emptyBooks();
    for (let n = 1; n <= maxRefundsEverPerPayment; n++) books.apply(refunded(n, 1, n - 1));
    expect(() => books.apply(refunded(99, 1, 99))).toThrow(Unprocessable);
  });
});

it('any order of a payment’s events, in any batches and with any repetitions, comes to the same documents', () => {
  const all: BillableEvent[] = [captured(), ...refunds];
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
      let state: Omit<Entries, 'files'> = { accounts: [], creditNotes: [], reversals: [], series: [] };
      const totals: Record<string, unknown> = {};
      const numbers: string[] = [];
      let rest = [...events];
      for (const size of batchSizes) {
        const batch = rest.slice(0, size);
        rest = rest.slice(size);
        const entries = apply(reopened(state), batch);
        for (const { creditNote } of entries.creditNotes) {
          totals[creditNote.refundId] = creditNote.totals;
          numbers.push(creditNote.number);
        }
        const kept = state.series.filter(
          (old) => !entries.series.some(({ series }) => series.name === old.series.name),
        );
        state = {
          accounts: entries.accounts.length > 0 ? entries.accounts : state.accounts,
          creditNotes: [...state.creditNotes, ...entries.creditNotes],
          reversals: [...state.reversals, ...entries.reversals],
          series: [...kept, ...entries.series],
        };
      }
      apply(reopened(state), rest);
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
  apply(emptyBooks(), [captured(), ...refunds]).creditNotes.map(({ creditNote }) => [
    creditNote.refundId,
    creditNote.totals,
  ]),
);

describe('a capture with an order', () => {
  const invoiceOf = (changes: Parameters<typeof captured>[0]) =>
    apply(emptyBooks(), [captured(changes)]).accounts[0]?.account.invoice;

  it.each([
    ['lines', {}],
    ['a part', { amountCaptured: 6050 }],
    ['no lines', { lines: null, description: 'Two chairs' }],
  ])('of %s that are plain has the lines and totals that it had without', (_what, changes) => {
    const { taxDocument, sellerVersion, ...invoice } = invoiceOf({
      ...changes,
      order: ordering(
        'lines' in changes
          ? { vat: { taxRate: '0.00', taxCategory: 'Z', exemptionCode: null, exemptionReason: null } }
          : {},
      ),
    }) as Invoice;
    expect(invoice).toMatchObject(invoiceOf(changes) as Invoice);
    expect(sellerVersion).toBe(3);
    expect(taxDocument).toMatchObject({
      kind: 'invoice',
      number: 'INV-2026-000001',
      issueDate: '2026-11-23',
      seller: { legalName: 'Fanfold Example BV' },
      buyer: { name: 'Ada Example' },
      orderReference: 'order-1',
      amounts: { paidMinor: invoice.totals.gross, roundingMinor: 0 },
    });
  });

  it('is written in each form that its data fill, in one file whose key follows from its event, and so is its credit note', () => {
    const { accounts, creditNotes, files } = apply(emptyBooks(), [
      captured({ order: ordering() }),
      refunded(1, 100, 0),
    ]);
    const documents = [accounts[0]?.account.invoice, creditNotes[0]?.creditNote];
    expect(documents.map((document) => document?.files?.electronic.available)).toEqual([true, true]);
    const events = [
      eventOfInvoice('acme', documents[0] as Invoice),
      eventOfCreditNote('acme', documents[1] as CreditNote),
    ] as { data: { documents: XmlFile[] } }[];
    expect(files.map(({ key }) => key)).toEqual(events.map(({ data }) => keyOfForms(data.documents)));
    expect(events[0]?.data).toMatchObject({
      documents: [
        { format: 'ubl', profile: 'en16931', path: '/invoices/inv_1/ubl?profile=en16931' },
        { format: 'cii', profile: 'en16931', path: '/invoices/inv_1/cii?profile=en16931' },
      ],
      recipient: { name: 'Ada Example', email: null, electronicAddress: null },
    });
  });

  it('in a currency that the rules refuse is issued, and says why it is in no file', () => {
    const order = ordering();
    const { accounts, files } = apply(emptyBooks(), [captured({ currency: 'KWD', order })]);
    expect(files).toEqual([]);
    expect(accounts[0]?.account.invoice?.files).toEqual({
      electronic: { available: false, reason: expect.stringContaining('KWD') },
      documents: [],
    });
  });

  it('has prices with tax, and what was paid to the cent', () => {
    const lines = [orderLine({ quantity: '1', unitPrice: '9.99' })];
    const invoice = invoiceOf({
      amount: 999,
      amountCaptured: 999,
      lines: null,
      order: ordering({ lines, pricesIncludeTax: true }),
    });
    expect(invoice?.totals).toMatchObject({ net: 826, tax: 173, gross: 999 });
    expect(invoice?.lines).toMatchObject([{ quantity: 1, unitAmount: 826, net: 826, tax: 173, gross: 999 }]);
  });

  it('that no invoice can be issued of is refused and takes no number', () => {
    const order = ordering({ lines: [orderLine({ taxCategory: 'AE', taxRate: '0' })] });
    for (const changes of [
      { order, lines: null, amount: 10_000, amountCaptured: 10_000 },
      { order: ordering(), amount: 12_101 },
      { order: ordering(), amountCaptured: 12_101 },
      { order: ordering(), lines: null },
    ]) {
      const books = emptyBooks();
      expect(() => books.apply(captured(changes))).toThrow(Unprocessable);
      expect(books.entries()).toEqual({
        accounts: [],
        creditNotes: [],
        reversals: [],
        series: [],
        files: [],
      });
    }
  });

  it('that comes again with another order, or another buyer, is refused', () => {
    const order = ordering();
    const { customer } = captured().data;
    const books = reopened(apply(emptyBooks(), [captured({ order })]));
    books.apply(captured({ order }));
    for (const changes of [
      {},
      { order: { ...order, buyerReference: 'PO-1' } },
      { order: { ...order, delivery: { date: '2026-11-29', city: null, postalCode: null, country: null } } },
      { order, customer: { ...customer, vatId: 'BE0403019261' } },
      { order, customer: { ...customer, electronicAddress: { scheme: '0208', id: '0403019261' } } },
    ]) {
      expect(() => books.apply(captured(changes))).toThrow('INV-2026-000001 was issued with other data');
    }
  });

  it('is credited with its lines, in whatever order its refunds come, down to nothing', () => {
    const order = ordering({
      lines: [
        orderLine({ quantity: '1', unitPrice: '80' }),
        orderLine({ description: 'Book', quantity: '1', unitPrice: '22.83', taxRate: '6' }),
      ],
    });
    const capture = captured({ lines: null, order });
    const parts = [refunded(1, 5000, 0), refunded(2, 1, 5000), refunded(3, 7099, 5001)];
    const inOrder = apply(emptyBooks(), [capture, ...parts]).creditNotes;
    const inAnother = apply(emptyBooks(), [...parts.toReversed(), capture]).creditNotes;
    const totalsOf = (issued: typeof inOrder) =>
      new Map(issued.map(({ creditNote }) => [creditNote.refundId, creditNote.totals]));
    expect(totalsOf(inAnother)).toEqual(totalsOf(inOrder));
    const sumOf = (part: 'net' | 'tax') =>
      inOrder.reduce((sum, { creditNote }) => sum + creditNote.totals[part], 0);
    expect([sumOf('net'), sumOf('tax')]).toEqual([10_283, 1817]);
    expect(inOrder[0]?.creditNote).toMatchObject({
      lines: [
        { description: 'Chair', quantity: 1, taxRate: '21.00', taxCategory: 'S' },
        { description: 'Book', quantity: 1, taxRate: '6.00', taxCategory: 'S' },
      ],
      taxDocument: {
        kind: 'credit-note',
        correctedInvoice: { number: 'INV-2026-000001', issueDate: '2026-11-23' },
        amounts: { paidMinor: 5000 },
      },
    });
  });

  it('is credited by lines with exactly their VAT, whatever came first', () => {
    const order = ordering({
      lines: [
        orderLine({ quantity: '1', unitPrice: '80' }),
        orderLine({ description: 'Book', quantity: '1', unitPrice: '22.83', taxRate: '6' }),
      ],
    });
    const capture = captured({ lines: null, order });
    const ofLine = (n: number, before: number, line: number, amount: number, creditedBefore: number[]) => {
      const { data, ...about } = refunded(n, amount, before);
      const credit = { lines: [{ line, amount, quantity: '1' }], creditedBefore };
      return { ...about, data: { ...data, refund: { ...data.refund, credit } } };
    };
    const [book, chair] = [ofLine(1, 0, 2, 2420, [0, 0]), ofLine(2, 2420, 1, 9680, [0, 2420])];
    for (const events of [
      [capture, book, chair],
      [chair, book, capture],
    ]) {
      const { creditNotes } = apply(emptyBooks(), events);
      const totals = new Map(creditNotes.map(({ creditNote }) => [creditNote.refundId, creditNote.totals]));
      expect(totals.get('re_1')).toMatchObject({ net: 2283, tax: 137, taxByRate: [{ rate: '6.00' }] });
      expect(totals.get('re_2')).toMatchObject({ net: 8000, tax: 1680, taxByRate: [{ rate: '21.00' }] });
    }
    const books = reopened(apply(emptyBooks(), [capture, book]));
    for (const [other, reason] of [
      [ofLine(3, 2420, 2, 1, [0, 0]), 'CN-2026-000001 has credited a part of the same rate'],
      [ofLine(3, 2420, 2, 1, [0, 2420]), 'it is more than was invoiced of a category and rate'],
      [ofLine(3, 2420, 3, 1, [0, 0]), 'the invoice has no such lines'],
    ] as const)
      expect(() => books.apply(other)).toThrow(reason);
    expect(() => books.apply({ ...book, data: refunded(1, 2420, 0).data })).toThrow('with other data');
  });

  it('with more refunds before it than a transaction holds is credited in parts, the rest by whoever releases what waits', () => {
    const wide = '€'.repeat(200);
    const lines = Array.from({ length: 50 }, () =>
      orderLine({ description: wide, quantity: '1', unitPrice: '2' }),
    );
    const order = ordering({ lines });
    const capture = captured({ lines: null, order });
    const refunds = Array.from({ length: 40 }, (_, i) => {
      const { data, ...about } = refunded(i + 1, 50, 50 * i);
      const credit = {
        lines: lines.map((_, line) => ({ line: line + 1, amount: 1, quantity: null })),
        creditedBefore: [50 * i],
      };
      return { ...about, data: { ...data, refund: { ...data.refund, credit } } };
    });
    let entries = apply(emptyBooks(), [...refunds, capture]);
    const [first] = entries.accounts;
    expect(first).toMatchObject({
      isIssued: true,
      isSettled: false,
      account: { parkedCapture: { event: capture } },
    });
    const credited = [...entries.creditNotes];
    for (let runs = 1; entries.accounts[0]?.account.parkedCapture; runs++) {
      expect(Buffer.byteLength(JSON.stringify(entries))).toBeLessThan(4_000_000);
      expect(runs).toBeLessThan(10);
      entries = apply(reopened(entries), [capture]);
      credited.push(...entries.creditNotes);
      expect(entries.accounts[0]).toMatchObject({ isIssued: false });
    }
    expect(entries.accounts[0]).toMatchObject({ isSettled: true, account: { parked: [] } });
    expect(new Set(credited.map(({ creditNote }) => creditNote.refundId)).size).toBe(40);
    expect(
      credited
        .map(({ creditNote }) => creditNote.number)
        .sort()
        .at(-1),
    ).toBe('CN-2026-000040');
    // Whatever comes again now changes nothing.
    expect(apply(reopened(entries), [capture]).accounts).toEqual([]);
  });

  it('is not credited by a refund that returns none of a line', () => {
    const capture = captured({ order: ordering() });
    const books = reopened(apply(emptyBooks(), [capture]));
    const { data, ...about } = refunded(1, 100, 0);
    const credit = { lines: [{ line: 1, amount: 100, quantity: '0.00' }], creditedBefore: [0] };
    const none = { ...about, data: { ...data, refund: { ...data.refund, credit } } };
    expect(() => books.apply(none)).toThrow(Unprocessable);
    expect(() => books.apply(none)).toThrow('it returns none of a line');
  });

  it('from before lines had categories is credited by its rates, beside what was credited in proportion', () => {
    const lines = [
      { description: 'Chair', quantity: 1, unitAmount: 8000, taxRate: '21.00' },
      { description: 'Book', quantity: 1, unitAmount: 2283, taxRate: '6.00' },
    ];
    const capture = captured({ lines });
    const ofRate = (n: number, before: number, line: number, amount: number, creditedBefore: number[]) => {
      const { data, ...about } = refunded(n, amount, before);
      const credit = { lines: [{ line, amount, quantity: null }], creditedBefore };
      return { ...about, data: { ...data, refund: { ...data.refund, credit } } };
    };
    const share = refunded(1, 1000, 0);
    const book = ofRate(2, 1000, 2, 2220, [800, 200]);
    const chair = ofRate(3, 3220, 1, 8880, [800, 2420]);
    for (const events of [
      [capture, share, book, chair],
      [chair, book, share, capture],
    ]) {
      const { creditNotes } = apply(emptyBooks(), events);
      const totals = new Map(creditNotes.map(({ creditNote }) => [creditNote.refundId, creditNote.totals]));
      expect(totals.get('re_2')).toMatchObject({
        gross: 2220,
        taxByRate: [{ rate: '6.00', net: 2094, tax: 126 }],
      });
      expect(totals.get('re_3')).toMatchObject({ gross: 8880, taxByRate: [{ rate: '21.00' }] });
      const sums = [...totals.values()].map(({ net, tax }) => [net, tax] as const);
      expect(sums.reduce(([a, b], [net, tax]) => [a + net, b + tax] as const)).toEqual([10_283, 1817]);
    }
    const books = reopened(apply(emptyBooks(), [capture, share, book]));
    for (const [other, reason] of [
      [ofRate(3, 3220, 2, 100, [800, 100]), 'has credited a part of the same rate'],
      [ofRate(3, 3220, 2, 100, [800, 2420]), 'it is more than was invoiced of a category and rate'],
      [ofRate(3, 3220, 3, 100, [0, 0]), 'the invoice has no such lines'],
    ] as const)
      expect(() => books.apply(other)).toThrow(reason);
  });

  it('with a discount and a charge on the whole shows them, and is credited with both', () => {
    const order = ordering({
      lines: [
        orderLine({ quantity: '1', unitPrice: '80' }),
        orderLine({ description: 'Book', quantity: '1', unitPrice: '20', taxRate: '6' }),
      ],
      discount: { amount: 1000, reason: 'Loyalty', percent: '10' },
      charge: { amount: 500, reason: 'Shipping' },
    });
    const capture = captured({ lines: null, order, amount: 11_210, amountCaptured: 11_210 });
    const { data, ...about } = refunded(1, 11_210, 0);
    const lines = [
      { line: 1, amount: 9196, quantity: '1' },
      { line: 2, amount: 2014, quantity: '1' },
    ];
    const of = { ...data.refund, credit: { lines, creditedBefore: [0, 0] } };
    const refund = { ...about, data: { ...data, amount: 11_210, amountCaptured: 11_210, refund: of } };
    const { accounts, creditNotes } = apply(emptyBooks(), [capture, refund]);
    const [{ account }] = accounts as [(typeof accounts)[number]];
    expect(invoiceResource({ ...account, invoice: account.invoice as Invoice })).toMatchObject({
      status: 'credited',
      discounts: [
        { amount: 800, reason: 'Loyalty', percent: '10', taxRate: '21.00', taxCategory: 'S' },
        { amount: 200, reason: 'Loyalty', percent: '10', taxRate: '6.00', taxCategory: 'S' },
      ],
      charges: [{ amount: 400, reason: 'Shipping', taxRate: '21.00' }, { amount: 100 }],
      totals: { net: 9500, gross: 11_210 },
    });
    expect(creditNotes[0]?.creditNote.totals).toMatchObject({ net: 9500, gross: 11_210 });
  });

  it('of a merchant without a seller is parked without a number, and says what it waits for', () => {
    const books = new Books(
      { accounts: [], series: [], creditNotes: [], reversals: [], sellerOf: () => undefined },
      now,
    );
    const event = captured({ order: ordering() });
    books.apply(event);
    books.apply(event);
    const { accounts, ...others } = books.entries();
    expect(others).toEqual({ creditNotes: [], reversals: [], series: [], files: [] });
    expect(accounts).toMatchObject([
      {
        isIssued: false,
        account: { invoice: null, parkedCapture: { event, missing: [{ pointer: '/seller' }] } },
      },
    ]);
  });
});
