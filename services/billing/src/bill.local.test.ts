import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { NotYet } from '@fanfold/runtime/failure';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bill } from './bill.ts';
import type { BillableEvent } from './books.ts';
import type { Refunded } from './creditNote.ts';
import { captured, refunded, refundFailed } from './eventFixtures.ts';
import { foundIn } from './reconciliation.ts';
import { documentsFor } from './store/days.ts';
import {
  findByNumber,
  findPayments,
  listCreditNotes,
  listInvoices,
  loadCreditNote,
  loadCreditNotes,
  loadInvoice,
  loadInvoiced,
  loadReversals,
} from './store/documents.ts';

let emulators: Emulators;

beforeAll(async () => {
  emulators = await startEmulators({});
  useEndpoints(emulators.endpoints);
  const { Table } = await templateOf('billing');
  if (!Table) throw new Error('billing has no table');
  await provision({ Table }, emulators.endpoints);
  process.env.BILLING_TABLE_NAME = String(Table.Properties.TableName);
});

afterAll(() => emulators?.stop());

const of = (merchantid: string, event: BillableEvent): BillableEvent => ({ ...event, merchantid });
const capture = (merchant: string, n: number, changes = {}) =>
  of(merchant, captured({ paymentId: `pay_${n}`, orderId: `order-${n}`, ...changes }));
const refund = (merchant: string, payment: number, n: number, amount: number, before: number) =>
  of(merchant, refunded(n, amount, before, 'EUR', `pay_${payment}`));
const numbersOf = (documents: { number: string }[]) => documents.map(({ number }) => number.slice(-6)).sort();
const numbersUpTo = (count: number) =>
  Array.from({ length: count }, (_, i) => String(i + 1).padStart(6, '0'));

const invoicesOf = async (merchant: string) =>
  (await listInvoices(merchant, { limit: 100 })).items.flatMap(({ invoice }) => invoice ?? []);

it('batches that race for the same numbers leave no gap and no double', async () => {
  const events = Array.from({ length: 40 }, (_, n) => capture('race', n));
  const batches = Array.from({ length: 8 }, (_, i) => events.slice(i * 5, i * 5 + 5));
  // Each batch twice at once, as a queue may deliver it; what loses too often comes again.
  let waiting = [...batches, ...batches];
  while (waiting.length > 0) {
    const failures = await Promise.all(waiting.map(bill));
    waiting = failures.map((failed) => [...failed.keys()]).filter(({ length }) => length > 0);
  }
  const invoices = await invoicesOf('race');
  expect(numbersOf(invoices)).toEqual(numbersUpTo(40));
  expect(new Set(invoices.map(({ paymentId }) => paymentId)).size).toBe(40);
});

it('refunds and their captures, in any order and twice, come to the same books', async () => {
  const story = [capture('order', 1), refund('order', 1, 1, 2000, 0), refund('order', 1, 2, 10_100, 2000)];
  for (const event of [...story.toReversed(), ...story]) expect((await bill([event])).size).toBe(0);
  const account = await loadInvoiced('order', 'inv_1');
  expect(account?.parked).toEqual([]);
  expect(account?.creditNotes.map(({ amount }) => amount).sort()).toEqual([10_100, 2000]);
  const notes = await loadCreditNotes('order', ['cn_1', 'cn_2']);
  expect(numbersOf(notes)).toEqual(numbersUpTo(2));
  expect(notes.reduce((sum, { totals }) => sum + totals.tax, 0)).toBe(account?.invoice?.totals.tax);
});

it('a refund that fails afterwards is reversed by an invoice among the others, which is found by number, order and payment', async () => {
  const refunded = refund('fails', 1, 71, 2000, 0) as Refunded;
  const failed = of('fails', refundFailed(refunded, 80));
  const first = await bill([failed]);
  expect(first.get(failed)).toBeInstanceOf(NotYet);
  for (const event of [capture('fails', 1), refunded, failed, failed])
    expect((await bill([event])).size).toBe(0);
  const [reversal, invoice] = (await listInvoices('fails', { limit: 100 })).items;
  expect([reversal?.invoice.number, invoice?.invoice.number].map((number) => number?.slice(-6))).toEqual(
    numbersUpTo(2).reverse(),
  );
  expect(reversal?.invoice).toMatchObject({
    id: 'inv_71',
    reverses: { creditNoteId: 'cn_71', refundId: 're_71' },
  });
  expect(invoice?.creditNotes).toMatchObject([
    { reversal: { id: 'inv_71', number: reversal?.invoice.number } },
  ]);
  expect(await loadInvoice('fails', 'inv_71')).toEqual(reversal);
  expect(await loadReversals('fails', ['inv_71'])).toEqual([reversal]);
  expect(await findByNumber('fails', String(reversal?.invoice.number))).toEqual(['inv_71']);
  expect(await findPayments('fails', 'order-1')).toEqual(['pay_1']);
  expect(await loadCreditNote('fails', 'cn_71')).toMatchObject({ reversedBy: { invoiceId: 'inv_71' } });
  const day = String(invoice?.invoice.happenedOn);
  const [invoices, creditNotes] = [
    await documentsFor('fails', 'invoice', day),
    await documentsFor('fails', 'credit-note', day),
  ];
  expect(foundIn(invoices, creditNotes)).toEqual({
    captures: 1,
    refunds: 1,
    totals: { EUR: { captured: 12_100, refunded: 2000, reversed: 2000 } },
  });
  await expect(loadInvoiced('fails', 'inv_71')).resolves.toBeUndefined();
});

it('one merchant’s numbers and documents are not another’s', async () => {
  await bill([capture('left', 1), capture('right', 1), capture('left', 2)]);
  expect(numbersOf(await invoicesOf('left'))).toEqual(numbersUpTo(2));
  expect(numbersOf(await invoicesOf('right'))).toEqual(numbersUpTo(1));
  expect(await loadInvoiced('right', 'inv_2')).toBeUndefined();
});

it('a refund without its capture is no invoice', async () => {
  await bill([refund('early', 1, 1, 100, 0)]);
  expect(await loadInvoiced('early', 'inv_1')).toBeUndefined();
  expect(await invoicesOf('early')).toEqual([]);
});

it('lists stand newest first, page by page, and by order', async () => {
  for (let n = 1; n <= 5; n++) await bill([capture('list', n, { orderId: n % 2 === 0 ? 'even' : 'odd' })]);
  await bill([refund('list', 1, 1, 100, 0), refund('list', 2, 2, 100, 0)]);
  const ids: string[] = [];
  let hasMore = true;
  while (hasMore) {
    const page = await listInvoices('list', { limit: 2, startingAfter: ids.at(-1) });
    ids.push(...page.items.map(({ invoice }) => invoice.id));
    hasMore = page.hasMore;
  }
  expect(ids).toEqual(['inv_5', 'inv_4', 'inv_3', 'inv_2', 'inv_1']);
  const even = await listInvoices('list', { limit: 1, orderId: 'even' });
  expect(even).toMatchObject({ hasMore: true, items: [{ invoice: { id: 'inv_4' } }] });
  expect(await listInvoices('list', { limit: 1, orderId: 'even', startingAfter: 'inv_4' })).toMatchObject({
    hasMore: false,
    items: [{ invoice: { id: 'inv_2' } }],
  });
  expect((await listCreditNotes('list', { limit: 10 })).items.map(({ id }) => id)).toEqual(['cn_2', 'cn_1']);
  await expect(
    listInvoices('list', { limit: 1, orderId: 'odd', startingAfter: 'inv_4' }),
  ).rejects.toMatchObject({
    status: 404,
  });
});
