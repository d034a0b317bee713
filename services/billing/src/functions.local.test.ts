import { described } from '@fanfold/description/answers';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { signToken } from '@fanfold/local-cloud/issuer';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { provision } from '@fanfold/local-cloud/provision';
import { type Stack, startStack } from '@fanfold/local-cloud/stack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BillableEvent } from './books.ts';
import { captured, refunded } from './eventFixtures.ts';
import { handler as consumer } from './functions/consumer.ts';
import { handler as findDocuments } from './functions/findDocuments.ts';
import * as creditNote from './functions/getCreditNote.ts';
import * as invoice from './functions/getInvoice.ts';
import * as creditNotes from './functions/listCreditNotes.ts';
import * as invoices from './functions/listInvoices.ts';
import { handler as showDocuments } from './functions/showDocuments.ts';

const { getInvoice, getCreditNote, listInvoices, listCreditNotes } = described('billing', {
  getInvoice: invoice.handler,
  getCreditNote: creditNote.handler,
  listInvoices: invoices.handler,
  listCreditNotes: creditNotes.handler,
});

let stack: Stack;

beforeAll(async () => {
  stack = await startStack(await freeBasePort());
  const { endpoints, issuer } = stack.description;
  useEndpoints(endpoints);
  const { Table, EventsDeadLetterQueue } = await templateOf('billing');
  const { MarksBucket } = await templateOf('bus');
  if (!Table || !EventsDeadLetterQueue || !MarksBucket) {
    throw new Error('billing has no table or no dead-letter queue, or the bus no bucket of marks');
  }
  await provision({ Table, EventsDeadLetterQueue, MarksBucket }, endpoints);
  Object.assign(process.env, {
    BILLING_TABLE_NAME: Table.Properties.TableName,
    MARKS_BUCKET_NAME: MarksBucket.Properties.BucketName,
    EVENTS_DEAD_LETTER_QUEUE_URL: `${endpoints.aws}/000000000000/${EventsDeadLetterQueue.Properties.QueueName}`,
    TOKEN_ISSUER: issuer,
    TOKEN_AUDIENCE: 'fanfold',
  });
});
afterAll(() => stack?.stop());

const context = { getRemainingTimeInMillis: () => 15_000 } as never;
const paymentId = (n: number) => `pay_${String(n).padStart(32, '0')}`;
const invoiceId = (n: number) => `inv_${String(n).padStart(32, '0')}`;
const creditNoteId = (n: number) => `cn_${String(n).padStart(32, '0')}`;

const capture = (merchantid: string, n: number): BillableEvent => ({
  ...captured({ paymentId: paymentId(n), orderId: `order-${n}` }),
  merchantid,
});
/** The n-th refund of a hundred of a payment. */
const refund = (merchantid: string, payment: number, n: number): BillableEvent => {
  const event = refunded(n, 100, (n - 1) * 100, 'EUR', paymentId(payment));
  const { refund } = event.data;
  return {
    ...event,
    merchantid,
    data: { ...event.data, refund: { ...refund, id: `re_${String(n).padStart(32, '0')}` } },
  };
};

const deliver = (...events: (BillableEvent | string)[]) =>
  consumer(
    {
      Records: events.map((event, i) => ({
        messageId: String(i),
        body: typeof event === 'string' ? event : JSON.stringify(event),
        attributes: { ApproximateReceiveCount: '1' },
        messageAttributes: {},
      })),
    } as never,
    context,
  );

type Function = typeof listInvoices;

async function ask(
  handler: Function,
  merchantId: string,
  {
    id,
    query,
    scopes = ['invoices:read'],
  }: { id?: string; query?: Record<string, string>; scopes?: string[] } = {},
) {
  const { issuer } = stack.description;
  const token = await signToken({ issuer, subject: 'test', merchantId, scopes, expiresInSeconds: 60 });
  const { statusCode, body } = await handler(
    {
      headers: { authorization: `Bearer ${token}` },
      pathParameters: id === undefined ? undefined : { id },
      queryStringParameters: query,
      requestContext: { http: { method: 'GET', path: '/' } },
    } as never,
    context,
  );
  return { status: statusCode, body: JSON.parse(body ?? '') };
}

const ids = ({ body }: { body: { data: { id: string }[] } }) => body.data.map(({ id }) => id);

describe('What was billed', () => {
  beforeAll(async () => {
    await deliver(
      capture('shop', 1),
      capture('shop', 2),
      refund('shop', 1, 1),
      refund('shop', 1, 2),
      refund('shop', 1, 3),
    );
    await deliver(capture('other', 9), refund('early', 5, 1));
  });

  it('is shown by its id', async () => {
    expect(await ask(getInvoice, 'shop', { id: invoiceId(1) })).toMatchObject({
      status: 200,
      body: { object: 'invoice', id: invoiceId(1), orderId: 'order-1', status: 'partially_credited' },
    });
    expect(await ask(getCreditNote, 'shop', { id: creditNoteId(2) })).toMatchObject({
      status: 200,
      body: { object: 'credit_note', id: creditNoteId(2), invoiceId: invoiceId(1), amount: 100 },
    });
  });

  it('is not there for another merchant, under a strange id, or before its capture', async () => {
    const missing = [
      await ask(getInvoice, 'shop', { id: invoiceId(9) }),
      await ask(getInvoice, 'shop', { id: 'INV-2026-000001' }),
      await ask(getInvoice, 'shop', {}),
      await ask(getInvoice, 'early', { id: invoiceId(5) }),
      await ask(getCreditNote, 'other', { id: creditNoteId(1) }),
      await ask(getCreditNote, 'shop', { id: invoiceId(1) }),
      await ask(getCreditNote, 'shop', {}),
    ];
    expect(missing.map(({ status, body }) => [status, body.code])).toEqual(
      missing.map(() => [404, 'not_found']),
    );
  });

  it('is found by an operator: payments by their order, documents by their number', async () => {
    const found = async (merchantId: string, asked: object) =>
      ((await findDocuments({ merchantId, ...asked }, context)) as { ids: string[] }).ids;
    const year = new Date().getUTCFullYear();
    const byNumber = (number: string) => ({ find: 'document', number });
    expect(await found('shop', { find: 'payments', orderId: 'order-1' })).toEqual([paymentId(1)]);
    expect(await found('shop', byNumber(`INV-${year}-000002`))).toEqual([invoiceId(2)]);
    expect(await found('shop', byNumber(`CN-${year}-000003`))).toEqual([creditNoteId(3)]);
    for (const asked of [{ find: 'payments', orderId: 'order-9' }, byNumber(`INV-${year}-000003`)]) {
      expect(await found('shop', asked)).toEqual([]);
    }
    await expect(found('shop', byNumber('INV-1'))).rejects.toThrow();
  });

  it('is shown to an operator with its credit notes, as the API shows them, and never of another merchant', async () => {
    const shown = (merchantId: string) =>
      showDocuments({ show: 'documents', merchantId, paymentId: paymentId(1) }, context) as Promise<{
        invoices: { id: string }[];
        creditNotes: { id: string }[];
      }>;
    const { invoices, creditNotes } = await shown('shop');
    const answer = await ask(getInvoice, 'shop', { id: invoiceId(1) });
    expect(invoices).toEqual([answer.body]);
    expect(creditNotes.map(({ id }) => id).sort()).toEqual([1, 2, 3].map(creditNoteId));
    expect(await shown('other')).toEqual({ invoices: [], creditNotes: [] });
    const pdf = { show: 'pdf', id: invoiceId(1) };
    expect(await showDocuments({ ...pdf, merchantId: 'shop' }, context)).toMatchObject({
      file: null,
      code: 'pdf_not_ready',
    });
    expect(await showDocuments({ ...pdf, merchantId: 'other' }, context)).toMatchObject({
      file: null,
      code: 'not_found',
    });
  });

  it('is listed newest first, by payment and by order', async () => {
    expect(ids(await ask(listInvoices, 'shop'))).toEqual([invoiceId(2), invoiceId(1)]);
    expect(ids(await ask(listInvoices, 'shop', { query: { orderId: 'order-1' } }))).toEqual([invoiceId(1)]);
    const byPayment = (query: Record<string, string>) => ask(listInvoices, 'shop', { query });
    expect(ids(await byPayment({ paymentId: paymentId(2) }))).toEqual([invoiceId(2)]);
    expect(ids(await byPayment({ paymentId: paymentId(2), orderId: 'order-2' }))).toEqual([invoiceId(2)]);
    expect(ids(await byPayment({ paymentId: paymentId(2), orderId: 'order-1' }))).toEqual([]);
    expect(ids(await byPayment({ paymentId: paymentId(9) }))).toEqual([]);
  });

  it('lists credit notes newest first, by payment and by invoice, page by page', async () => {
    const all = [creditNoteId(3), creditNoteId(2), creditNoteId(1)];
    const list = (query: Record<string, string>) => ask(listCreditNotes, 'shop', { query });
    expect(ids(await list({}))).toEqual(all);
    expect(ids(await list({ paymentId: paymentId(1) }))).toEqual(all);
    expect(ids(await list({ invoiceId: invoiceId(1), paymentId: paymentId(1) }))).toEqual(all);
    expect(ids(await list({ invoiceId: invoiceId(1), paymentId: paymentId(2) }))).toEqual([]);
    expect(ids(await list({ invoiceId: invoiceId(9) }))).toEqual([]);
    const first = await list({ invoiceId: invoiceId(1), limit: '2' });
    expect([ids(first), first.body.hasMore]).toEqual([all.slice(0, 2), true]);
    const last = await list({ invoiceId: invoiceId(1), limit: '2', startingAfter: creditNoteId(2) });
    expect([ids(last), last.body.hasMore]).toEqual([all.slice(2), false]);
  });

  it('is listed by payment once: behind its only invoice there is nothing', async () => {
    const query = { paymentId: paymentId(1), startingAfter: invoiceId(1) };
    const { status, body } = await ask(listInvoices, 'shop', { query });
    expect([status, body]).toEqual([200, { object: 'list', data: [], hasMore: false }]);
  });

  it.each([
    ['another invoice', listInvoices, { paymentId: paymentId(1), startingAfter: invoiceId(2) }],
    [
      'an invoice of another order',
      listInvoices,
      { paymentId: paymentId(1), orderId: 'order-2', startingAfter: invoiceId(1) },
    ],
    [
      'an invoice, of a payment without',
      listInvoices,
      { paymentId: paymentId(9), startingAfter: invoiceId(1) },
    ],
    ['an unknown credit note', listCreditNotes, { paymentId: paymentId(1), startingAfter: creditNoteId(9) }],
    ['another’s credit note', listCreditNotes, { invoiceId: invoiceId(2), startingAfter: creditNoteId(1) }],
  ])('is not listed from %s on', async (_what, handler, query) => {
    expect(await ask(handler, 'shop', { query: query as Record<string, string> })).toMatchObject({
      status: 404,
      body: {
        code: 'not_found',
        detail: 'There is nothing in this list to start after. Begin again without startingAfter.',
        errors: [{ pointer: '#/startingAfter', detail: 'must be the id of a document in this list' }],
      },
    });
  });

  it('is shown to no token without the scope', async () => {
    expect(await ask(listInvoices, 'shop', { scopes: ['payments:read'] })).toMatchObject({ status: 403 });
  });

  it('does not suffer from a message that contradicts it', async () => {
    const contradiction = { ...capture('shop', 3), data: { ...capture('shop', 3).data, amountCaptured: 0 } };
    const answer = await deliver(JSON.stringify(contradiction), capture('shop', 4));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(ids(await ask(listInvoices, 'shop'))).toEqual([invoiceId(4), invoiceId(2), invoiceId(1)]);
  });
});
