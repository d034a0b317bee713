import { readFileSync } from 'node:fs';
import { sellerRequest } from '@fanfold/contracts/seller';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bill } from './bill.ts';
import type { BillableEvent } from './books.ts';
import { eventOfCreditNote } from './creditNote.ts';
import { captured, trace as eventTrace, refunded, refundFailed } from './eventFixtures.ts';
import { eventOfRendering } from './files/rendering.ts';
import { eventOfInvoice } from './invoice.ts';
import { eventOfSeller } from './seller.ts';
import { loadCreditNote, loadCreditNotes, loadInvoice, loadInvoiced } from './store/documents.ts';
import { loadFinding } from './store/findings.ts';
import { readRendering } from './store/renderings.ts';
import { billingRestorer } from './store/restore.ts';
import { loadSeller } from './store/sellers.ts';

let emulators: Emulators;

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  const { Table } = await templateOf('billing');
  if (!Table) throw new Error('billing has no table');
  await provision({ Table }, emulators.endpoints);
  process.env.BILLING_TABLE_NAME = String(Table.Properties.TableName);
});
afterAll(() => emulators.stop());

const { compare, write, series } = billingRestorer;
const paymentId = `pay_${'1'.repeat(32)}`;
const invoiceId = `inv_${'1'.repeat(32)}`;
const refunds = 5;
const events: BillableEvent[] = [
  captured({ paymentId }),
  ...Array.from({ length: refunds }, (_, i) => refunded(i + 1, 100, i * 100, 'EUR', paymentId)),
];
const of = (merchantid: string) => events.map((event) => ({ ...event, merchantid }));

/** What audit has recorded of a merchant's documents, each with the event that it was issued for. */
async function recorded(merchantId: string) {
  const account = await loadInvoiced(merchantId, invoiceId);
  if (!account?.invoice) throw new Error('There is no invoice');
  const creditNotes = await loadCreditNotes(
    merchantId,
    account.creditNotes.map(({ id }) => id),
  );
  const causes = of(merchantId);
  return [
    eventOfInvoice(merchantId, account.invoice),
    ...creditNotes.map((creditNote) => eventOfCreditNote(merchantId, creditNote)),
  ].map((event) => ({
    text: JSON.stringify(event),
    cause: JSON.stringify(causes.find(({ id }) => id === event.causationid)),
  }));
}

/** The same documents as they would have been recorded of another merchant, whose table lacks them. */
const asOf = (merchantId: string, documents: { text: string; cause: string }[]) =>
  documents.map(({ text, cause }) => ({
    text: text.replace('"merchantid":"acme"', `"merchantid":"${merchantId}"`),
    cause: cause.replace('"merchantid":"acme"', `"merchantid":"${merchantId}"`),
  }));
const asked = (documents: { text: string }[]) =>
  documents.map(({ text }) => {
    const { merchantid: merchantId, id } = JSON.parse(text);
    return { merchantId, id, text };
  });

it('Documents of one payment that are restored at the same time are all there then, each once', async () => {
  await bill(of('acme'));
  const documents = asOf('globex', await recorded('acme'));
  const [invoice, ...creditNotes] = documents;
  expect((await compare(asked(documents))).map(({ state }) => state)).toEqual(
    Array(1 + refunds).fill('missing'),
  );
  expect(await write([creditNotes[0] as never])).toEqual([{ state: 'early' }]);
  await write([invoice as never]);
  const written = await Promise.all(creditNotes.map((document) => write([document])));
  expect(written.flat()).toEqual(Array(refunds).fill({ state: 'same' }));
  expect(await compare(asked(documents))).toEqual(Array(1 + refunds).fill({ state: 'same' }));
  const account = await loadInvoiced('globex', invoiceId);
  expect(account?.creditNotes.map(({ number }) => number)).toEqual(
    creditNotes.map(({ text }) => JSON.parse(text).data.number).sort(),
  );
  // What has followed from the events is not waited for any more, and the next refund is credited.
  expect(await compare(asked(of('globex').map((event) => ({ text: JSON.stringify(event) }))))).toEqual(
    Array(1 + refunds).fill({ state: 'same' }),
  );
  await series?.raise([
    { merchantId: 'globex', name: 'CN-2026', count: refunds, lastIssuedAt: '2026-01-01T00:00:00.000Z' },
  ]);
  const next = { ...refunded(refunds + 1, 100, refunds * 100, 'EUR', paymentId), merchantid: 'globex' };
  expect(await bill([next])).toEqual(new Map());
});

it('An invoice that reverses a credit note is restored after it, and both say so again', async () => {
  const [merchantId, restoredId] = ['stark', 'wayne'];
  const refund = refunded(71, 100, 0, 'EUR', paymentId);
  const failed = refundFailed(refund, 80);
  const causes = [captured({ paymentId }), refund, failed].map((event) => ({
    ...event,
    merchantid: merchantId,
  }));
  for (const event of causes) expect(await bill([event])).toEqual(new Map());
  const [account, creditNote, reversal] = [
    await loadInvoiced(merchantId, invoiceId),
    await loadCreditNote(merchantId, 'cn_71'),
    await loadInvoice(merchantId, 'inv_71'),
  ];
  if (!account?.invoice || !creditNote || !reversal) throw new Error('They were not issued');
  const documents = [
    eventOfInvoice(merchantId, reversal.invoice),
    eventOfCreditNote(merchantId, creditNote),
    eventOfInvoice(merchantId, account.invoice),
  ].map((event) => ({
    text: JSON.stringify(event).replace(merchantId, restoredId),
    cause: JSON.stringify(causes.find(({ id }) => id === event.causationid)).replace(merchantId, restoredId),
  }));
  expect((await compare(asked(documents))).map(({ state }) => state)).toEqual(Array(3).fill('missing'));
  // One after the other, the last first; and then all at once.
  const states = [];
  for (const document of documents) states.push(...(await write([document])));
  expect(states).toEqual([{ state: 'early' }, { state: 'early' }, { state: 'same' }]);
  expect(await write(documents)).toEqual(Array(3).fill({ state: 'same' }));
  expect(await compare(asked(documents))).toEqual(Array(3).fill({ state: 'same' }));
  expect(await loadInvoice(restoredId, 'inv_71')).toEqual(reversal);
  expect(await loadCreditNote(restoredId, 'cn_71')).toEqual(creditNote);
  expect((await loadInvoiced(restoredId, invoiceId))?.creditNotes).toEqual(account.creditNotes);
  // Nothing is waited for: neither these events, nor the failure of a refund that never succeeded.
  const never = {
    ...failed,
    data: { ...failed.data, wasRefunded: false, refund: { ...failed.data.refund, id: 're_99' } },
  };
  const awaited = [...causes, never].map((event) => ({
    text: JSON.stringify({ ...event, merchantid: restoredId }),
  }));
  expect(await compare(asked(awaited))).toEqual(Array(4).fill({ state: 'same' }));
  const totals = (await billingRestorer.totals(undefined, () => false)).totals.filter(
    (total) => total.merchantId === restoredId,
  );
  expect(
    Object.fromEntries(totals.map(({ type, count, amountMinor }) => [type, [count, amountMinor]])),
  ).toEqual({
    'credit-note.issued.v1': [1, 100],
    'invoice.issued.v1': [2, 12_200],
  });
  // It was issued again under another number, so what reverses the recorded one does not belong to it.
  const other = documents[0]?.text.replace('CN-2026-000001', 'CN-2026-000009').replaceAll('inv_71', 'inv_72');
  expect(await compare(asked([{ text: String(other) }]))).toMatchObject([
    { state: 'renumbered', why: 'its credit note has the number CN-2026-000001, and not CN-2026-000009' },
  ]);
});

it('However many documents an account has, they are written a few at a time, as a transaction is limited', async () => {
  const [merchantId, restoredId] = ['cyberdyne', 'skynet'];
  const many = Array.from({ length: 30 }, (_, i) => refunded(200 + i, 1, i, 'EUR', paymentId));
  const failed = many.map((refund, i) => refundFailed(refund, 300 + i));
  const causes = [captured({ paymentId }), ...many, ...failed].map((event) => ({
    ...event,
    merchantid: merchantId,
  }));
  expect(await bill(causes)).toEqual(new Map());
  const account = await loadInvoiced(merchantId, invoiceId);
  if (!account?.invoice) throw new Error('There is no invoice');
  const credited = account.creditNotes;
  const issued = [eventOfInvoice(merchantId, account.invoice)] as { causationid: string }[];
  for (const { id, reversal } of credited) {
    const [creditNote, reversing] = [
      await loadCreditNote(merchantId, id),
      await loadInvoice(merchantId, String(reversal?.id)),
    ];
    if (!creditNote || !reversing) throw new Error('They were not issued');
    issued.push(eventOfInvoice(merchantId, reversing.invoice), eventOfCreditNote(merchantId, creditNote));
  }
  const documents = issued.map((event) => ({
    text: JSON.stringify(event).replace(merchantId, restoredId),
    cause: JSON.stringify(causes.find(({ id }) => id === event.causationid)).replace(merchantId, restoredId),
  }));
  const send = vi.spyOn(dynamodb, 'send');
  expect(await write(documents)).toEqual(Array(61).fill({ state: 'same' }));
  const writes = send.mock.calls.flatMap(([{ input }]) =>
    'TransactItems' in input ? (input.TransactItems?.length ?? 0) : [],
  );
  send.mockRestore();
  expect(Math.max(...writes)).toBeLessThanOrEqual(40);
  expect((await loadInvoiced(restoredId, invoiceId))?.creditNotes).toEqual(credited);
});

it('The PDF of a document is known again by its event, and what was made of another one is not put in its place', async () => {
  const made = {
    documentId: invoiceId,
    number: 'INV-2026-000001',
    paymentId,
    refundId: null,
    sha256: 'a'.repeat(64),
    isCopy: false,
    recipient: { name: 'Ada Example', email: null, electronicAddress: null },
    renderedAt: '2026-11-23T10:00:01.000Z',
    trace: {
      correlationid: 'req_1',
      causationid: `${invoiceId}:1`,
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    },
  };
  const event = { text: JSON.stringify(eventOfRendering('initech', made)) };
  expect(await compare(asked([event]))).toEqual([{ state: 'missing' }]);
  expect(await write([event])).toEqual([{ state: 'same' }]);
  expect(await write([event])).toEqual([{ state: 'same' }]);
  expect(await readRendering('initech', invoiceId)).toEqual(made);
  const other = { text: JSON.stringify(eventOfRendering('initech', { ...made, sha256: 'b'.repeat(64) })) };
  expect(await write([other])).toMatchObject([{ state: 'other' }]);
  expect(await readRendering('initech', invoiceId)).toEqual(made);
});

it('Documents of two payments that have the same number are both restored as recorded', async () => {
  const [invoice] = await recorded('acme');
  const both = asOf('umbrella', [
    invoice as { text: string; cause: string },
    {
      text: String(invoice?.text).replaceAll('1'.repeat(32), '2'.repeat(32)),
      cause: String(invoice?.cause).replaceAll('1'.repeat(32), '2'.repeat(32)),
    },
  ]);
  expect(await write(both)).toEqual([{ state: 'same' }, { state: 'same' }]);
  expect(await compare(asked(both))).toEqual([{ state: 'same' }, { state: 'same' }]);
});

it('An invoice that was issued again under another number stays, and the credit notes of the recorded one are not mixed into it', async () => {
  const [invoice, creditNote] = asOf('hooli', await recorded('acme'));
  const again = { ...invoice, text: String(invoice?.text).replaceAll('-000001"', '-000009"') };
  expect(await write([again as never])).toEqual([{ state: 'same' }]);
  const both = [invoice, creditNote] as { text: string; cause: string }[];
  const its = `its invoice has the number INV-2026-000009, and not INV-2026-000001`;
  expect(await compare(asked(both))).toEqual([
    { state: 'renumbered', why: its.replace('its invoice', 'it'), text: again.text },
    { state: 'renumbered', why: its },
  ]);
  await write(both);
  const account = await loadInvoiced('hooli', invoiceId);
  expect([account?.invoice?.number, account?.creditNotes]).toEqual(['INV-2026-000009', []]);
});

it('The versions of a seller are restored in any order, and the highest one is the current seller', async () => {
  const put = (version: number, numberingPrefix: string | null) => ({
    text: JSON.stringify(
      eventOfSeller({
        merchantId: 'pied-piper',
        seller: sellerRequest.parse({
          legalName: `V${version}`,
          address: { country: 'BE' },
          numberingPrefix,
        }),
        version,
        changedAt: `2026-11-2${version}T10:00:00.000Z`,
        trace: eventTrace,
      }),
    ),
  });
  const [first, second, third] = [put(1, 'ONE'), put(2, null), put(3, 'THREE')];
  const all = [second, first, third];
  expect(await compare(asked(all))).toEqual(Array(3).fill({ state: 'missing' }));
  expect(await write([second])).toEqual([{ state: 'same' }]);
  expect((await compare(asked(all))).map(({ state }) => state)).toEqual(['same', 'missing', 'missing']);
  expect(await write([third, first])).toEqual(Array(2).fill({ state: 'same' }));
  expect(await write(all)).toEqual(Array(3).fill({ state: 'same' }));
  expect(await loadSeller('pied-piper')).toMatchObject({
    version: 3,
    changedAt: '2026-11-23T10:00:00.000Z',
    seller: { legalName: 'V3' },
    prefixes: ['THREE', 'ONE'],
  });
  const other = { text: second.text.replace('V2', 'V0') };
  expect(await compare(asked([other]))).toMatchObject([{ state: 'other' }]);
});

it('A series is raised, and never lowered', async () => {
  const floor = {
    merchantId: 'initech',
    name: 'INV-2026',
    count: 7,
    lastIssuedAt: '2026-11-23T10:00:00.000Z',
  };
  expect(await series?.behind([floor])).toEqual([floor]);
  await series?.raise([floor]);
  await series?.raise([{ ...floor, count: 3 }]);
  expect(await series?.behind([floor])).toEqual([]);
  expect(await series?.behind([{ ...floor, count: 8 }])).toHaveLength(1);
});

it('The last finding of a day is restored, and does not go back to an earlier one', async () => {
  const example = new URL(
    '../../../packages/contracts/examples/billing.reconciliation-failed.v1.json',
    import.meta.url,
  );
  const first = JSON.parse(readFileSync(example, 'utf8'));
  const second = { ...first, id: `${first.subject}:2`, sequence: '0000000002' };
  const texts = [second, first].map((event) => ({ text: JSON.stringify(event) }));
  expect(await write(texts)).toEqual([{ state: 'same' }, { state: 'same' }]);
  expect(await loadFinding('acme', '2026-03-03')).toMatchObject({
    n: 2,
    foundAt: first.time,
    mendedAt: null,
  });
  expect(await compare(asked(texts))).toEqual([{ state: 'same' }, { state: 'same' }]);
});
