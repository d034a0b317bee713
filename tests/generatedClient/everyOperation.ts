import { setTimeout as delay } from 'node:timers/promises';
import createClient from 'openapi-fetch';
import type { paths as AuditPaths } from './audit.ts';
import type { paths as BillingPaths } from './billing.ts';
import type { paths as PaymentsPaths } from './payments.ts';

// A program of a team that has only the OpenAPI documents. The types that it imports are generated from them by the test, which
// compiles it with them and runs it.

export type Apis = {
  /** Base URLs of the services, by name. */
  urls: { payments: string; billing: string; audit: string };
  accessToken: string;
  fetch: (request: Request) => Promise<Response>;
  /** Has the log published and cosigned, which a clock would do within a minute. */
  publishLog: () => Promise<void>;
};

/** Calls each operation of each service. @throws when one of them is answered with a problem. */
export async function callEveryOperation({ urls, accessToken, fetch, publishLog }: Apis): Promise<void> {
  const headers = { Authorization: `Bearer ${accessToken}` };
  const payments = createClient<PaymentsPaths>({ baseUrl: urls.payments, headers, fetch });
  const billing = createClient<BillingPaths>({ baseUrl: urls.billing, headers, fetch });
  const audit = createClient<AuditPaths>({ baseUrl: urls.audit, headers, fetch });

  const pay = async (orderId: string, captureMethod: 'automatic' | 'manual') =>
    shown(
      await payments.POST('/payments', {
        params: { header: key() },
        body: {
          amount: 12_100,
          currency: 'EUR',
          paymentMethod: 'pm_card_visa',
          captureMethod,
          orderId,
          description: 'Two chairs',
          customer: { name: 'Ada Example', taxId: null, address: { country: 'BE' } },
          lines: [{ description: 'Chair', quantity: 2, unitAmount: 5_000, taxRate: '21.00' }],
          metadata: { channel: 'web' },
        },
      }),
    );
  const paid = await pay('order-1', 'automatic');
  const ofPaid = { path: { id: paid.id } };
  const captured = shown(
    await payments.POST('/payments/{id}/capture', {
      params: { path: { id: (await pay('order-2', 'manual')).id }, header: key() },
      body: { amount: 6_000 },
    }),
  );
  const canceled = shown(
    await payments.POST('/payments/{id}/cancel', {
      params: { path: { id: (await pay('order-3', 'manual')).id }, header: key() },
      body: { reason: 'Out of stock' },
    }),
  );
  const refund = shown(
    await payments.POST('/payments/{id}/refunds', {
      params: { ...ofPaid, header: key() },
      body: { amount: 4_000, reason: 'One is damaged' },
    }),
  );
  const payment = await until(
    async () => shown(await payments.GET('/payments/{id}', { params: ofPaid })),
    ({ refunds }) => refunds.some(({ creditNoteNumber }) => creditNoteNumber !== null),
  );
  const page = shown(await payments.GET('/payments', { params: { query: { limit: 3 } } }));
  same(
    page.data.map(({ id, status }) => [id, status]),
    [
      [canceled.id, 'canceled'],
      [captured.id, 'captured'],
      [paid.id, 'captured'],
    ],
  );

  const paymentId = paid.id;
  const [invoiceOfList] = shown(await billing.GET('/invoices', { params: { query: { paymentId } } })).data;
  const [noteOfList] = shown(await billing.GET('/credit-notes', { params: { query: { paymentId } } })).data;
  const invoice = shown(
    await billing.GET('/invoices/{id}', { params: { path: { id: invoiceOfList?.id ?? '' } } }),
  );
  const note = shown(
    await billing.GET('/credit-notes/{id}', { params: { path: { id: noteOfList?.id ?? '' } } }),
  );
  same([invoice.number, invoice.totals.gross], [payment.invoiceNumber, 12_100]);
  same(
    [note.number, note.invoiceId, note.refundId],
    [payment.refunds[0]?.creditNoteNumber, invoice.id, refund.id],
  );

  const ofInvoice = { params: { path: { id: invoice.id } }, parseAs: 'text' as const };
  const ofNote = { params: { path: { id: note.id } }, parseAs: 'text' as const };
  for (const text of [
    shown(await billing.GET('/invoices/{id}/ubl', ofInvoice)),
    shown(await billing.GET('/invoices/{id}/cii', ofInvoice)),
    shown(await billing.GET('/credit-notes/{id}/ubl', ofNote)),
    shown(await billing.GET('/credit-notes/{id}/cii', ofNote)),
  ]) {
    same(text.slice(0, 5), '<?xml');
  }
  const isMade = ({ response }: { response: Response }) => response.status !== 409;
  for (const text of [
    shown(await until(() => billing.GET('/invoices/{id}/pdf', ofInvoice), isMade)),
    shown(await until(() => billing.GET('/credit-notes/{id}/pdf', ofNote), isMade)),
  ]) {
    same(text.slice(0, 5), '%PDF-');
  }

  const { legalName, address, vatId = null, version } = shown(await billing.GET('/seller'));
  const body = { legalName, address, vatId, invoiceLanguage: 'nl' as const };
  const own = shown(await billing.PUT('/seller', { params: { header: key() }, body }));
  same([version, own.version, own.legalName, own.invoiceLanguage], [0, 1, legalName, 'nl']);

  const ofPayment = { params: { query: { subject: paymentId } } };
  const events = await until(
    async () => shown(await audit.GET('/events', ofPayment)),
    ({ data }) => data.length === 2,
  );
  const id = events.data.find(({ type }) => type === 'payment.captured.v1')?.id ?? '';
  const event = shown(await audit.GET('/events/{id}', { params: { path: { id } } }));
  same([event.id, event.subject], [id, paymentId]);
  await publishLog();
  const proof = shown(await audit.GET('/events/{id}/proof', { params: { path: { id } }, parseAs: 'text' }));
  const checkpoint = shown(await audit.GET('/checkpoint', { parseAs: 'text' }));
  same([proof.split('\n')[0], checkpoint.split('\n').length > 3], ['c2sp.org/tlog-proof@v1', true]);
  const size = Number(checkpoint.split('\n')[1]);
  const tile = shown(
    await audit.GET('/tile/{path}', {
      params: { path: { path: `0/000.p/${size}` } },
      parseAs: 'arrayBuffer',
    }),
  );
  // A hash of SHA-256 for each entry.
  same(tile.byteLength, size * 32);

  for (const document of [
    shown(await payments.GET('/openapi.json')),
    shown(await billing.GET('/openapi.json')),
    shown(await audit.GET('/openapi.json')),
  ]) {
    same(Object.keys(document).slice(0, 2), ['openapi', 'info']);
  }
}

const key = () => ({ 'Idempotency-Key': crypto.randomUUID() });

/** What an operation answers, if it is no problem. */
function shown<Shown>({
  data,
  error,
  response,
}: {
  data?: Shown | undefined;
  error?: unknown;
  response: Response;
}): Shown {
  if (data !== undefined) return data;
  throw new Error(`${response.url} was answered with ${response.status}: ${JSON.stringify(error)}`);
}

async function until<Shown>(ask: () => Promise<Shown>, isThere: (answer: Shown) => boolean): Promise<Shown> {
  for (const giveUpAt = Date.now() + 30_000; Date.now() < giveUpAt; await delay(100)) {
    const answer = await ask();
    if (isThere(answer)) return answer;
  }
  throw new Error('What follows is not there after 30 s.');
}

function same(is: unknown, should: unknown): void {
  if (JSON.stringify(is) !== JSON.stringify(should)) {
    throw new Error(`${JSON.stringify(is)} instead of ${JSON.stringify(should)}`);
  }
}
