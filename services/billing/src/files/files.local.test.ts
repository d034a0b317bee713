import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { described } from '@fanfold/description/answers';
import { soundCreditNote, soundInvoice } from '@fanfold/invoicing/brokenFixtures';
import { ciiOf } from '@fanfold/invoicing/cii';
import type { TaxDocument } from '@fanfold/invoicing/document';
import { logoPng } from '@fanfold/invoicing/pdfFixtures';
import { ublOf } from '@fanfold/invoicing/ubl';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { signToken } from '@fanfold/local-cloud/issuer';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { provision } from '@fanfold/local-cloud/provision';
import { type Stack, startStack } from '@fanfold/local-cloud/stack';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { catchUp, raiseMarks } from '@fanfold/runtime/mark';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newAccount } from '../books.ts';
import { creditNoteFor, eventOfCreditNote } from '../creditNote.ts';
import { captured, refunded } from '../eventFixtures.ts';
import * as creditNoteCii from '../functions/creditNoteCii.ts';
import * as creditNotePdf from '../functions/creditNotePdf.ts';
import * as creditNoteUbl from '../functions/creditNoteUbl.ts';
import * as invoiceCii from '../functions/invoiceCii.ts';
import * as invoicePdf from '../functions/invoicePdf.ts';
import * as invoiceUbl from '../functions/invoiceUbl.ts';
import { handler as renderer } from '../functions/renderer.ts';
import { eventOfInvoice, type Invoice, invoiceFor } from '../invoice.ts';
import { readLogo } from '../logo.ts';
import { republishDocument } from '../store/days.ts';
import { storeFile } from '../store/files.ts';
import {
  accountItem,
  creditNoteItem,
  eventsOf,
  eventsOfItem,
  renderingKey,
  type Stored,
  toRender,
} from '../store/items.ts';
import { marked } from '../store/mark.ts';
import { readAll } from '../store/table.ts';
import { keyOfForms, writeForms } from './written.ts';

const api = described('billing', {
  invoiceUbl: invoiceUbl.handler,
  invoiceCii: invoiceCii.handler,
  invoicePdf: invoicePdf.handler,
  creditNoteUbl: creditNoteUbl.handler,
  creditNoteCii: creditNoteCii.handler,
  creditNotePdf: creditNotePdf.handler,
});

let stack: Stack;

beforeAll(async () => {
  stack = await startStack(await freeBasePort());
  const { endpoints, issuer } = stack.description;
  useEndpoints(endpoints);
  const { Table, DocumentsBucket, RenderingDeadLetterQueue } = await templateOf('billing');
  const { MarksBucket } = await templateOf('bus');
  if (!Table || !DocumentsBucket || !RenderingDeadLetterQueue || !MarksBucket)
    throw new Error('it lacks one');
  await provision({ Table, DocumentsBucket, RenderingDeadLetterQueue, MarksBucket }, endpoints);
  Object.assign(process.env, {
    BILLING_TABLE_NAME: Table.Properties.TableName,
    DOCUMENTS_BUCKET_NAME: DocumentsBucket.Properties.BucketName,
    MARKS_BUCKET_NAME: MarksBucket.Properties.BucketName,
    EVENTS_DEAD_LETTER_QUEUE_URL: `${endpoints.aws}/000000000000/${RenderingDeadLetterQueue.Properties.QueueName}`,
    TOKEN_ISSUER: issuer,
    TOKEN_AUDIENCE: 'fanfold',
  });
});
afterAll(() => stack?.stop());

const context = { getRemainingTimeInMillis: () => 60_000 } as never;

async function ask(handler: (typeof api)['invoicePdf'], id: string, profile?: string, merchantId = 'acme') {
  const { issuer } = stack.description;
  const token = await signToken({
    issuer,
    subject: 'test',
    merchantId,
    scopes: ['invoices:read'],
    expiresInSeconds: 60,
  });
  const { statusCode, headers, body, isBase64Encoded } = await handler(
    {
      headers: { authorization: `Bearer ${token}` },
      pathParameters: { id },
      queryStringParameters: profile && { profile },
      requestContext: { http: { method: 'GET', path: '/' } },
    } as never,
    context,
  );
  const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  return { status: statusCode, headers, bytes, problem: () => JSON.parse(bytes.toString()) };
}

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const suffix = (n: number) => String(n).padStart(32, '0');
const invoiceId = (n: number) => `inv_${suffix(n)}`;
const creditNoteId = (n: number) => `cn_${suffix(n)}`;

const put = (item: Stored) =>
  dynamodb.send(
    new PutItemCommand({
      TableName: process.env.BILLING_TABLE_NAME,
      Item: marshall(item, { removeUndefinedValues: true }),
    }),
  );

/** A document as it is issued with what it is written as; without a `TaxDocument`, as one from before there were any. */
async function withFiles<Document extends Invoice | ReturnType<typeof creditNoteFor>>(
  document: Document,
  taxDocument: TaxDocument | undefined,
): Promise<Document> {
  if (!taxDocument) return document;
  const { file, ...files } = writeForms(taxDocument);
  if (file) await storeFile(file);
  return { ...document, taxDocument, files };
}

/** The n-th invoice of the tests, in the table, and the event of its issue. */
async function issueInvoice(n: number, taxDocument?: TaxDocument, issuedAt = new Date()) {
  const numbered = {
    number: `INV-2026-${suffix(n).slice(-6)}`,
    series: 'INV-2026',
    issuedAt: issuedAt.toISOString(),
  };
  const made = invoiceFor(captured({ paymentId: `pay_${suffix(n)}` }), numbered, undefined);
  const invoice = await withFiles(made, taxDocument);
  await put(accountItem({ ...newAccount('acme', invoice.id), invoice, version: 1 }, true));
  return { invoice, issued: eventOfInvoice('acme', invoice) };
}

async function issueCreditNote(n: number, invoice: Invoice, taxDocument?: TaxDocument) {
  const { data, ...about } = refunded(1, 4000, 0, 'EUR', invoice.paymentId);
  const event = { ...about, data: { ...data, refund: { ...data.refund, id: `re_${suffix(n)}` } } };
  const numbered = { number: 'CN-2026-000001', series: 'CN-2026', issuedAt: new Date().toISOString() };
  const creditNote = await withFiles(creditNoteFor(invoice, event as never, numbered), taxDocument);
  await put(creditNoteItem({ merchantId: 'acme', creditNote, isNew: true }));
  return eventOfCreditNote('acme', creditNote);
}

const deliver = (...events: Event[]) => deliverFor(1, ...events);

/** All of them for the n-th time. */
const deliverFor = (n: number, ...events: Event[]) =>
  renderer(
    {
      Records: events.map((event, i) => ({
        messageId: String(i),
        body: JSON.stringify(event),
        attributes: { ApproximateReceiveCount: String(n) },
        messageAttributes: {},
      })),
    } as never,
    context,
  );

const renderingItem = async (documentId: string) => (await readAll([renderingKey('acme', documentId)]))[0];

describe('The XML of a document', () => {
  beforeAll(async () => {
    const { invoice } = await issueInvoice(1, soundInvoice);
    await issueCreditNote(1, invoice, soundCreditNote);
  });

  it.each([
    ['invoiceUbl', undefined, 'ubl.xml', ublOf(soundInvoice, 'en16931')],
    ['invoiceUbl', 'peppol', 'peppol.ubl.xml', ublOf(soundInvoice, 'peppol')],
    ['invoiceCii', 'xrechnung', 'xrechnung.cii.xml', ciiOf(soundInvoice, 'xrechnung')],
  ] as const)('is shown as it was issued: %s %s', async (operation, profile, extension, xml) => {
    const { status, headers, bytes } = await ask(api[operation], invoiceId(1), profile);
    expect([status, bytes.toString()]).toEqual([200, xml]);
    expect(headers).toMatchObject({
      'Content-Type': 'application/xml',
      'Content-Disposition': `attachment; filename="INV-2026-000001.${extension}"`,
      ETag: `"${sha256(xml)}"`,
    });
  });

  it('of a credit note too', async () => {
    expect((await ask(api.creditNoteUbl, creditNoteId(1))).bytes.toString()).toBe(
      ublOf(soundCreditNote, 'en16931'),
    );
    expect((await ask(api.creditNoteCii, creditNoteId(1))).bytes.toString()).toBe(
      ciiOf(soundCreditNote, 'en16931'),
    );
  });

  it.each([
    ['of nobody', invoiceId(99), 'acme'],
    ['of another merchant', invoiceId(1), 'globex'],
    ['with an id that is none', 'inv_1', 'acme'],
    ['asked for as another kind', creditNoteId(1), 'acme'],
  ])('%s is not found, and so is its PDF', async (_, id, merchantId) => {
    for (const operation of ['invoiceUbl', 'invoiceCii', 'invoicePdf'] as const) {
      const { status, problem } = await ask(api[operation], id, undefined, merchantId);
      expect([status, problem().code]).toEqual([404, 'not_found']);
    }
  });

  it('in a profile that its data do not fill says what is missing, by field and rule', async () => {
    await issueInvoice(2, {
      ...soundInvoice,
      buyerReference: null,
      buyer: { ...soundInvoice.buyer, electronicAddress: null },
    });
    expect((await ask(api.invoiceUbl, invoiceId(2))).status).toBe(200);
    const { status, problem } = await ask(api.invoiceUbl, invoiceId(2), 'xrechnung');
    expect([status, problem().code]).toEqual([409, 'profile_not_available']);
    expect(problem().errors).toEqual(
      expect.arrayContaining([
        { pointer: '#/customer/electronicAddress', detail: expect.any(String), rule: 'PEPPOL-EN16931-R010' },
        { pointer: '#/buyerReference', detail: expect.any(String), rule: 'BR-DE-15' },
      ]),
    );
  });

  it.each([
    [
      'of a currency that the rules refuse',
      3,
      { ...soundInvoice, currency: 'KWD' },
      '#/electronic/reason',
      /KWD/,
    ],
    ['of a document from before', 4, undefined, '#/createdAt', /there is a PDF/],
  ])('%s does not exist, and why is said', async (_, n, taxDocument, pointer, why) => {
    await issueInvoice(n, taxDocument);
    const { status, problem } = await ask(api.invoiceUbl, invoiceId(n));
    expect([status, problem().code]).toEqual([409, 'profile_not_available']);
    expect(problem().errors).toEqual([{ pointer, detail: expect.stringMatching(why) }]);
  });

  it('for Peppol is UBL only', async () => {
    expect((await ask(api.invoiceCii, invoiceId(1), 'peppol')).problem()).toMatchObject({
      code: 'profile_not_available',
      errors: [{ pointer: '#/profile' }],
    });
  });
});

describe('The PDF of a document', () => {
  it('is asked for again while it is made, is made once, and is shown as its event says', async () => {
    const { issued } = await issueInvoice(10, soundInvoice);
    const early = await ask(api.invoicePdf, invoiceId(10));
    expect([early.status, early.problem().code, early.headers?.['Retry-After']]).toEqual([
      409,
      'pdf_not_ready',
      '2',
    ]);
    // A new document is on its way to the renderer by itself.
    expect(await renderingItem(invoiceId(10))).toBeUndefined();

    expect(await deliver(issued)).toEqual({ batchItemFailures: [] });
    const item = await renderingItem(invoiceId(10));
    const { status, headers, bytes } = await ask(api.invoicePdf, invoiceId(10));
    expect([status, bytes.subarray(0, 5).toString()]).toEqual([200, '%PDF-']);
    expect(headers).toMatchObject({
      'Content-Type': 'application/pdf',
      'Content-Disposition': 'attachment; filename="INV-2026-000010.pdf"',
      ETag: `"${sha256(bytes)}"`,
    });
    const [event] = eventsOfItem(item as Stored);
    expect(event).toMatchObject({
      id: `${invoiceId(10)}:2`,
      type: 'invoice.rendered.v1',
      causationid: issued.id,
      data: {
        number: 'INV-2026-000010',
        format: 'pdf',
        sha256: sha256(bytes),
        path: `/invoices/${invoiceId(10)}/pdf`,
        isCopy: false,
        recipient: { electronicAddress: soundInvoice.buyer.electronicAddress },
      },
    });

    expect(await deliver(issued, issued)).toEqual({ batchItemFailures: [] });
    expect(await deliverFor(2, issued)).toEqual({ batchItemFailures: [] });
    expect(await renderingItem(invoiceId(10))).toEqual(item);
  });

  it('waits at times when its message comes again with others, as one of them may end the function each time', async () => {
    const numbers = [18, 19, 20];
    const events: Event[] = [];
    for (const n of numbers) events.push((await issueInvoice(n, soundInvoice)).issued);
    const drawn = async () =>
      (await Promise.all(numbers.map((n) => renderingItem(invoiceId(n))))).map((item) => item !== undefined);
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    // One is always made, so that no run is in vain.
    expect(await deliverFor(2, ...events)).toEqual({
      batchItemFailures: [{ itemIdentifier: '1' }, { itemIdentifier: '2' }],
    });
    expect(await drawn()).toEqual([true, false, false]);
    // One that comes for the first time has ended nothing.
    expect(await deliver(...events.slice(1))).toEqual({ batchItemFailures: [] });
    random.mockRestore();
    expect(await drawn()).toEqual([true, true, true]);
  });

  it('has the CII that the document was issued with, also where it would be written in another way now', async () => {
    const text = ciiOf({ ...soundInvoice, notes: ['As it was written once'] }, 'en16931');
    const cii = { format: 'cii', profile: 'en16931', sha256: sha256(text) } as const;
    const { invoice } = await issueInvoice(21, soundInvoice);
    const files = { electronic: { available: true, reason: null }, documents: [cii] };
    await put(
      accountItem(
        { ...newAccount('acme', invoice.id), invoice: { ...invoice, files } as Invoice, version: 1 },
        true,
      ),
    );
    const issued = eventOfInvoice('acme', { ...invoice, files } as Invoice);
    await expect(deliver(issued)).rejects.toThrow('All 1 messages of the batch failed');
    expect(await renderingItem(invoiceId(21))).toBeUndefined();
    const key = keyOfForms(files.documents);
    const bytes = gzipSync(JSON.stringify({ [cii.sha256]: text }));
    await storeFile({ key, bytes, contentType: 'application/gzip' });
    expect(await deliver(issued)).toEqual({ batchItemFailures: [] });
    expect((await ask(api.invoicePdf, invoiceId(21))).status).toBe(200);
  });

  it('has the logo that the seller had when the document was issued, whatever the seller has now', async () => {
    const read = readLogo({
      data: Buffer.from(logoPng()).toString('base64'),
      alternativeText: 'Folded sheets',
    });
    if (typeof read === 'string') throw new Error(read);
    await storeFile(read.file);
    const seller = { ...soundInvoice.seller, logo: read.logo };
    const { issued } = await issueInvoice(16, { ...soundInvoice, seller });
    expect(issued.data).toMatchObject({ seller: { logo: read.logo } });
    expect(await deliver(issued)).toEqual({ batchItemFailures: [] });
    const { bytes } = await ask(api.invoicePdf, invoiceId(16));
    expect(bytes.includes('/Alt (Folded sheets)')).toBe(true);
  });

  it('of a credit note names the credit note', async () => {
    const { invoice } = await issueInvoice(11, soundInvoice);
    const issued = await issueCreditNote(11, invoice, soundCreditNote);
    await deliver(issued);
    expect((await ask(api.creditNotePdf, creditNoteId(11))).status).toBe(200);
    expect(eventsOfItem((await renderingItem(creditNoteId(11))) as Stored)).toMatchObject([
      { type: 'credit-note.rendered.v1', data: { refundId: `re_${suffix(11)}`, isCopy: false } },
    ]);
  });

  it('of a document from before is made when somebody asks, is asked for once an hour, and is marked as a copy', async () => {
    const longAgo = new Date(Date.now() - 86_400_000);
    const { invoice, issued } = await issueInvoice(12, undefined, longAgo);
    expect((await ask(api.invoicePdf, invoiceId(12))).problem().code).toBe('pdf_not_ready');
    const asked = (await renderingItem(invoiceId(12))) as Stored;
    expect(toRender(marshall(asked))).toEqual([issued]);
    expect(eventsOfItem(asked)).toEqual([]);
    await ask(api.invoicePdf, invoiceId(12));
    expect(await renderingItem(invoiceId(12))).toEqual(asked);

    await deliver(issued, await issueCreditNote(12, invoice));
    expect((await ask(api.invoicePdf, invoiceId(12))).status).toBe(200);
    for (const id of [invoiceId(12), creditNoteId(12)])
      expect(eventsOfItem((await renderingItem(id)) as Stored)).toMatchObject([{ data: { isCopy: true } }]);
  });

  it('is not asked for while the table has to be restored', async () => {
    await issueInvoice(17, undefined, new Date(Date.now() - 86_400_000));
    await raiseMarks(marked, new Date());
    await dynamodb.send(
      new DeleteItemCommand({ TableName: marked.tableName(), Key: marshall({ pk: 'mark' }) }),
    );
    // An instance that has not compared yet.
    vi.resetModules();
    const { handler } = await import('../functions/invoicePdf.ts');
    const { status, problem } = await ask(handler, invoiceId(17));
    expect([status, problem().code]).toEqual([503, 'restore_pending']);
    expect(await renderingItem(invoiceId(17))).toBeUndefined();
    await catchUp(marked, true);
  });

  it('is made of what a write issues, and not when its event is published again', async () => {
    const { invoice, issued } = await issueInvoice(15, soundInvoice);
    const credited = await issueCreditNote(15, invoice, soundCreditNote);
    for (const [id, event] of [[invoice.id, issued] as const, [creditNoteId(15), credited] as const]) {
      const image = async () => marshall((await readAll([`acme#${id}`]))[0], { removeUndefinedValues: true });
      expect(toRender(await image())).toEqual([event]);
      await republishDocument({ id: `acme#${id}` }, new Date());
      expect(eventsOf(await image())).toEqual([event]);
      expect(toRender(await image())).toEqual([]);
    }
  });

  it('of a document that the table does not have fails alone, and comes again', async () => {
    const { issued } = await issueInvoice(13, soundInvoice);
    const unknown = eventOfInvoice(
      'globex',
      invoiceFor(
        captured({ paymentId: `pay_${suffix(14)}` }),
        {
          number: 'INV-2026-000014',
          series: 'INV-2026',
          issuedAt: issued.time,
        },
        undefined,
      ),
    );
    expect(await deliver(unknown, issued)).toEqual({ batchItemFailures: [{ itemIdentifier: '0' }] });
    expect((await ask(api.invoicePdf, invoiceId(13))).status).toBe(200);
  });
});
