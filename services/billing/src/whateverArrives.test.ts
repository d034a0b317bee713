import { BatchGetItemCommand, DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { maxEventBytes } from '@fanfold/contracts/event';
import { eventsOfType } from '@fanfold/contracts/eventArbitraryFixtures';
import { maxRefundsEverPerPayment } from '@fanfold/contracts/payments';
import { NotYet } from '@fanfold/runtime/failure';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { type BillableEvent, Books, type Entries, type Known } from './books.ts';
import { captured, now, ordering, orderLine, refunded, refundFailed, sellerOf } from './eventFixtures.ts';
import { paidOf } from './invoice.ts';
import { reconcile } from './reconcile.ts';
import { booksOf } from './store/books.ts';
import { accountItem, creditNoteItem, reversalItem, seriesItem } from './store/items.ts';

process.env.BILLING_TABLE_NAME = 'billing';
const dynamodb = mockClient(DynamoDBClient);

captureLog();
beforeEach(() => {
  dynamodb.reset();
});

/** Hears events one after another and keeps what is written; what is refused must be Unprocessable, or wait for another. */
function booksAfter(events: BillableEvent[]): { entries: Entries; refused: BillableEvent[] } {
  const known: Known = { accounts: [], series: [], creditNotes: [], reversals: [], sellerOf };
  const books = new Books(known, now);
  const refused: BillableEvent[] = [];
  for (const event of events) {
    try {
      books.apply(event);
    } catch (error) {
      expectRefusal(error);
      refused.push(event);
    }
  }
  return { entries: books.entries(), refused };
}

function expectRefusal(error: unknown): void {
  if (!(error instanceof NotYet)) expect(error).toBeInstanceOf(Unprocessable);
}

/** What DynamoDB takes: an item of 400 KB, with keys of 1 to 2048 bytes in its indexes. */
function expectStorable(item: { pk: string; order?: string; documents?: string }): void {
  expect(JSON.stringify(marshall(item, { removeUndefinedValues: true })).length).toBeLessThan(400_000);
  for (const key of [item.pk, item.order ?? 'x', item.documents ?? 'x']) {
    expect(Buffer.byteLength(key)).toBeGreaterThan(0);
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(2048);
  }
}

it('whatever events of payments have, what cannot be billed is unprocessable, and what is written can be', () => {
  const anything = fc.array(
    fc.oneof(
      eventsOfType('payment.captured.v1'),
      eventsOfType('payment.refunded.v1'),
      eventsOfType('payment.refund-failed.v1'),
      fc.constant(captured()),
      fc.constant(refunded(7, 100, 0)),
      fc.constant(refundFailed(refunded(7, 100, 0), 9)),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(anything, (events) => {
      const { entries, refused } = booksAfter(events);
      const { accounts, creditNotes, reversals, series } = entries;
      const items = [
        ...accounts.map(({ account, isIssued }) => accountItem(account, isIssued)),
        ...creditNotes.map(creditNoteItem),
        ...reversals.map(reversalItem),
        ...series.map((each) => seriesItem(each.series)),
      ];
      for (const item of items) expectStorable(item);
      // What is read again makes the same books: an event that was applied takes no further number.
      const again = booksOf(new Map(items.map((item) => [item.pk, item])), now);
      for (const event of events.filter((each) => !refused.includes(each))) {
        try {
          again.apply(event);
        } catch (error) {
          expectRefusal(error);
        }
      }
      expect(again.entries().series).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('an event with as many refunds before it as there can be, each as large as can be, has room in its account', () => {
  const text = '€'.repeat(100);
  const refunds = Array.from({ length: maxRefundsEverPerPayment }, (_, i) => {
    const id = `${i}`.padEnd(128, '€');
    return {
      ...captured(),
      type: 'payment.refunded.v1' as const,
      id: `pay_1:${i}`,
      data: {
        ...captured().data,
        orderId: text,
        amountRefunded: i + 1,
        refund: { id, amount: 1, reason: '€'.repeat(200) },
      },
    };
  });
  const description = '€'.repeat(15_000);
  const capture = captured({ orderId: text, description, lines: null });
  expect(Buffer.byteLength(JSON.stringify(capture))).toBeLessThanOrEqual(maxEventBytes);
  const { accounts } = booksAfter([...(refunds as unknown as BillableEvent[]), capture]).entries;
  expect(accounts).toHaveLength(1);
  for (const { account, isIssued } of accounts) expectStorable(accountItem(account, isIssued));
});

it('whatever a closed day has, one that no event can be about is unprocessable', async () => {
  dynamodb.on(QueryCommand).resolves({ Items: [] });
  dynamodb.on(BatchGetItemCommand).resolves({ Responses: {} });
  dynamodb.on(PutItemCommand).resolves({});
  await fc.assert(
    fc.asyncProperty(eventsOfType('payments.day-closed.v1'), async (closed) => {
      await reconcile(closed, new Date(0)).catch((error) => {
        if (!(error instanceof NotYet)) expect(error).toBeInstanceOf(Unprocessable);
      });
    }),
    { numRuns: 200 },
  );
});

const mixedLines = [
  { description: 'Chair', quantity: 1, unitAmount: 70, taxRate: '21.00' },
  { description: 'Book', quantity: 1, unitAmount: 10, taxRate: '6.00' },
];
const mixedOrder = ordering({
  lines: [
    orderLine({ quantity: '1', unitPrice: '0.75', discount: { amount: 5, reason: 'Loyalty' } }),
    orderLine({ quantity: '0.5', unitPrice: '0.2', taxRate: '6' }),
  ],
});

it.each([
  ['without an order', { amount: 96, amountCaptured: 96, lines: mixedLines }],
  ['with an order', { amount: 96, amountCaptured: 96, lines: null, order: mixedOrder }],
  [
    'that was rounded up',
    { amount: 99, amountCaptured: 99, lines: null, order: { ...mixedOrder, roundingAmount: 3 } },
  ],
  [
    'that was rounded down',
    { amount: 93, amountCaptured: 93, lines: null, order: { ...mixedOrder, roundingAmount: -3 } },
  ],
  ['of a part', { amount: 96, amountCaptured: 50, lines: null, order: mixedOrder }],
])('what is credited of an invoice %s never passes it, in any rate, whatever refunds arrive', (_of, data) => {
  const capture = captured(data);
  const anyRefund = fc
    .record({
      id: fc.constantFrom('re_1', 're_2', 're_3', 're_4', 're_5', 're_6'),
      amount: fc.integer({ min: 1, max: 60 }),
      before: fc.integer({ min: 0, max: 60 }),
    })
    .map(({ id, amount, before }) => {
      const { data, ...about } = refunded(1, amount, before);
      return { ...about, data: { ...data, refund: { ...data.refund, id } } } as BillableEvent;
    });
  const anyOrder = fc
    .tuple(fc.array(anyRefund, { maxLength: 12 }), fc.nat({ max: 12 }))
    .map(([refunds, at]) => refunds.toSpliced(Math.min(at, refunds.length), 0, capture));
  fc.assert(
    fc.property(anyOrder, (events) => {
      const { accounts, creditNotes } = booksAfter(events).entries;
      const [invoice] = accounts.flatMap(({ account }) => account.invoice ?? []);
      if (!invoice) return expect(creditNotes).toEqual([]);
      const { totals } = invoice;
      const sumOf = (part: 'net' | 'tax', rate: string) =>
        creditNotes
          .flatMap(({ creditNote }) => creditNote.totals.taxByRate)
          .reduce((sum, entry) => sum + (entry.rate === rate ? entry[part] : 0), 0);
      for (const { rate, net, tax } of totals.taxByRate) {
        expect(sumOf('net', rate)).toBeLessThanOrEqual(net);
        expect(sumOf('tax', rate)).toBeLessThanOrEqual(tax);
      }
      const credited = creditNotes.reduce((sum, { creditNote }) => sum + paidOf(creditNote), 0);
      expect(credited).toBe(creditNotes.reduce((sum, { creditNote }) => sum + creditNote.amount, 0));
      expect(credited).toBeLessThanOrEqual(paidOf(invoice));
    }),
    { numRuns: 150 },
  );
});

it('what is credited by lines never passes the invoice, whatever refunds say that they take back', () => {
  const capture = captured({ amount: 96, amountCaptured: 96, lines: null, order: mixedOrder });
  const anyCredit = fc.record({
    lines: fc.array(
      fc.record({
        line: fc.integer({ min: 1, max: 3 }),
        amount: fc.integer({ min: 1, max: 90 }),
        quantity: fc.constantFrom(null, '1', '0.5'),
      }),
      { maxLength: 2 },
    ),
    creditedBefore: fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 3 }),
  });
  const anyRefund = fc
    .record({
      id: fc.constantFrom('re_1', 're_2', 're_3', 're_4'),
      before: fc.integer({ min: 0, max: 60 }),
      amount: fc.integer({ min: 1, max: 60 }),
      credit: fc.option(anyCredit, { nil: undefined }),
      addsUp: fc.boolean(),
    })
    .map(({ id, before, amount, credit, addsUp }) => {
      const sum = credit?.lines.reduce((all, line) => all + line.amount, 0) ?? 0;
      const { data, ...about } = refunded(1, addsUp && sum > 0 ? sum : amount, before);
      const refund = { ...data.refund, id, ...(credit && { credit }) };
      return { ...about, data: { ...data, refund } } as BillableEvent;
    });
  let issued = 0;
  fc.assert(
    fc.property(fc.array(anyRefund, { maxLength: 10 }), fc.nat({ max: 10 }), (refunds, at) => {
      const { accounts, creditNotes } = booksAfter(refunds.toSpliced(at, 0, capture)).entries;
      const [invoice] = accounts.flatMap(({ account }) => account.invoice ?? []);
      issued += creditNotes.filter(({ creditNote }) => creditNote.lines).length;
      for (const { rate, net, tax } of invoice?.totals.taxByRate ?? []) {
        const same = creditNotes
          .flatMap(({ creditNote }) => creditNote.totals.taxByRate)
          .filter((entry) => entry.rate === rate);
        expect(same.reduce((sum, entry) => sum + entry.net, 0)).toBeLessThanOrEqual(net);
        expect(same.reduce((sum, entry) => sum + entry.tax, 0)).toBeLessThanOrEqual(tax);
        expect(same.every((entry) => entry.net >= 0 && entry.tax >= 0)).toBe(true);
      }
      for (const { creditNote } of creditNotes) expect(paidOf(creditNote)).toBe(creditNote.amount);
    }),
    { numRuns: 150 },
  );
  expect(issued).toBeGreaterThan(30);
});
