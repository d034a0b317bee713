import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange } from '@fanfold/description/openApi';

// Requests to the running services, whose answers are the examples of openapi.json.

/** The URLs of the services, by name, and access tokens for merchants and scopes. */
export type Stack = {
  urls: Record<string, string>;
  token(merchant: string, scopes: string[]): Promise<string>;
};

const scopes = [
  'payments:write',
  'payments:read',
  'invoices:read',
  'seller:read',
  'seller:write',
  'audit:read',
];

const paymentRequest = {
  amount: 12_100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  captureMethod: 'automatic',
  orderId: 'order-1001',
  description: 'Two chairs',
  customer: {
    name: 'Ada Example',
    email: 'ada@example.com',
    taxId: null,
    address: { line1: 'Main St 1', city: 'Ghent', postalCode: '9000', country: 'BE' },
  },
  lines: [{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }],
  metadata: { channel: 'web' },
};

const sellerRequest = {
  legalName: 'Chairs & Tables BV',
  address: { line1: 'Korenmarkt 1', city: 'Ghent', postalCode: '9000', country: 'BE' },
  vatId: 'BE1999999943',
  registration: { id: '1999999943', scheme: '0208' },
  contact: { name: 'Invoices', telephone: '+32 9 000 00 00', email: 'invoices@chairs.example' },
  electronicAddress: { scheme: '0208', id: '1999999943' },
  bankAccount: { account: 'BE71 0961 2345 6769' },
  numberingPrefix: 'CHAIRS',
  invoiceLanguage: 'nl',
  legalNote: 'RPR Gent, afdeling Gent',
};

type Request = {
  operation: string;
  summary: string;
  method?: string;
  path: string;
  parameters?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  authorization?: string;
};

/** What is used of the answers. */
type Shown = { id: string; data: Shown[]; refunds: { creditNoteNumber: string | null }[] };

/**
 * Asks each operation of a running stack for what an example shows: its successes, and its problems as far as a client can
 * bring them about.
 *
 * @returns the exchanges, by service
 * @throws when an answer does not come in time
 */
export async function recordExchanges({ urls, token }: Stack): Promise<Record<string, Exchange[]>> {
  const exchanges: Record<string, Exchange[]> = { payments: [], billing: [], audit: [] };
  // A merchant of its own: lists have what is recorded here and nothing else.
  const merchant = `example-${randomUUID().slice(0, 8)}`;
  const bearer = `Bearer ${await token(merchant, scopes)}`;
  const withoutScope = `Bearer ${await token(merchant, ['other:read'])}`;

  async function ask(service: string, request: Request): Promise<Exchange> {
    const { operation, summary, method = 'GET', path, parameters = {}, query = {}, body } = request;
    const target = path.replace(/\{(\w+)\}/g, (_all, name) => parameters[name] ?? '');
    const key = method !== 'GET' ? { 'Idempotency-Key': parameters['Idempotency-Key'] ?? randomUUID() } : {};
    const given = request.authorization ?? bearer;
    const response = await fetch(`${urls[service]}${target}?${new URLSearchParams(query)}`, {
      method,
      headers: {
        ...(given && { Authorization: given }),
        ...key,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const contentType = response.headers.get('content-type') ?? '';
    const bytes = Buffer.from(await response.arrayBuffer());
    return {
      operation,
      status: response.status,
      summary,
      request: { parameters: { ...parameters, ...query, ...key }, ...(body !== undefined && { body }) },
      ...(isText(contentType) && {
        answer: /json/.test(contentType) ? JSON.parse(bytes.toString()) : bytes.toString(),
      }),
    };
  }

  /** @returns the answer, which must have the status */
  async function record(service: string, status: number, request: Request): Promise<Shown> {
    const exchange = await ask(service, request);
    if (exchange.status !== status) {
      throw new Error(
        `${request.operation}, for "${request.summary}", was answered ${exchange.status} instead of ${status}: ${JSON.stringify(exchange.answer)}`,
      );
    }
    exchanges[service]?.push(exchange);
    return exchange.answer as Shown;
  }

  /** Asks until something is there. */
  async function until(
    service: string,
    request: Request,
    isThere: (answer: Shown) => boolean,
  ): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      const { status, answer } = await ask(service, request);
      if (status === 200 && isThere(answer as Shown)) return;
      await delay(200);
    }
    throw new Error(
      `${request.operation} did not show what follows within a minute. See what \`pnpm dev\` prints.`,
    );
  }

  /** Waits for what takes a while, and records the problem until then if it is still to come. */
  async function recordEarly(service: string, summary: string, request: Request): Promise<void> {
    const early = await ask(service, { ...request, summary });
    if (early.status === 409) exchanges[service]?.push(early);
    await until(service, request, () => true);
  }

  const post = (operation: string, summary: string, path: string, body: unknown, id?: string): Request => ({
    operation,
    summary,
    method: 'POST',
    path,
    body,
    ...(id !== undefined && { parameters: { id } }),
  });
  const get = (operation: string, summary: string, path: string, more: Partial<Request> = {}): Request => ({
    operation,
    summary,
    path,
    ...more,
  });

  /** The problems that every operation with a token has. */
  async function recordRefusals(service: string, request: Request): Promise<void> {
    await record(service, 401, { ...request, summary: 'Without an access token', authorization: '' });
    await record(service, 403, { ...request, summary: 'Without the scope', authorization: withoutScope });
    const field = { unknown: 'yes' };
    await record(
      service,
      422,
      request.method !== undefined
        ? { ...request, summary: 'With an unknown field', body: field }
        : { ...request, summary: 'With an unknown parameter', query: field },
    );
    if (request.parameters?.id === undefined) return;
    await record(service, 404, {
      ...request,
      summary: 'With an id that does not exist',
      parameters: { id: request.parameters.id.replace(/[0-9a-f]{32}/, '0'.repeat(32)) },
    });
  }

  // Payments.
  const pay = (changes: object = {}) => ({ ...paymentRequest, ...changes });
  const key = { 'Idempotency-Key': randomUUID() };
  const first = post('createPayment', 'Two chairs, paid at once', '/payments', pay());
  const paid = await record('payments', 201, { ...first, parameters: key });
  const held = (orderId: string) =>
    record(
      'payments',
      201,
      post('createPayment', 'An authorization', '/payments', pay({ captureMethod: 'manual', orderId })),
    );
  const authorized = await held('order-1002');
  await record(
    'payments',
    402,
    post(
      'createPayment',
      'A declined card',
      '/payments',
      pay({ paymentMethod: 'pm_card_declined', orderId: 'order-1003' }),
    ),
  );
  await record('payments', 422, {
    ...first,
    summary: 'A key that was used before',
    parameters: key,
    body: pay({ amount: 1, lines: null }),
  });
  await recordRefusals('payments', first);

  const capture = post('capturePayment', 'A part', '/payments/{id}/capture', { amount: 6000 }, authorized.id);
  await record('payments', 200, capture);
  await record('payments', 409, { ...capture, summary: 'A payment that is captured' });
  await recordRefusals('payments', capture);

  const given = await ask(
    'payments',
    post('createPayment', '', '/payments', pay({ captureMethod: 'manual', orderId: 'order-1004' })),
  );
  const cancel = post(
    'cancelPayment',
    'With a reason',
    '/payments/{id}/cancel',
    { reason: 'Out of stock' },
    (given.answer as Shown).id,
  );
  await record('payments', 200, cancel);
  await record('payments', 409, { ...cancel, summary: 'A payment that is canceled' });
  await recordRefusals('payments', cancel);

  const refund = post(
    'refundPayment',
    'A part',
    '/payments/{id}/refunds',
    { amount: 4000, reason: 'One is damaged' },
    paid.id,
  );
  await record('payments', 201, refund);
  await record('payments', 409, { ...refund, summary: 'More than is left', body: { amount: 9000 } });
  await recordRefusals('payments', refund);

  const payment = get('getPayment', 'A payment with a refund', '/payments/{id}', {
    parameters: { id: paid.id },
  });
  await until('payments', payment, ({ refunds }) => Boolean(refunds[0]?.creditNoteNumber));
  await record('payments', 200, payment);
  await recordRefusals('payments', payment);
  const payments = get('listPayments', 'The newest', '/payments');
  await record('payments', 200, { ...payments, query: { limit: '2', startingAfter: authorized.id } });
  await recordRefusals('payments', payments);

  // Billing.
  const invoices = get('listInvoices', 'Of a payment', '/invoices', { query: { paymentId: paid.id } });
  const [invoice] = (await record('billing', 200, invoices)).data;
  const notes = get('listCreditNotes', 'Of a payment', '/credit-notes', { query: { paymentId: paid.id } });
  const [note] = (await record('billing', 200, notes)).data;
  const oneInvoice = get('getInvoice', 'Of two chairs', '/invoices/{id}', {
    parameters: { id: invoice?.id ?? '' },
  });
  const oneNote = get('getCreditNote', 'Of a damaged chair', '/credit-notes/{id}', {
    parameters: { id: note?.id ?? '' },
  });
  await record('billing', 200, oneInvoice);
  await record('billing', 200, oneNote);
  const seller = get('getSeller', 'The default of the stage', '/seller');
  await record('billing', 200, seller);
  const putSeller: Request = {
    ...{ operation: 'putSeller', summary: 'A company in Ghent', method: 'PUT', path: '/seller' },
    body: sellerRequest,
  };
  await record('billing', 200, putSeller);
  await record('billing', 422, {
    ...putSeller,
    summary: 'A VAT id that is none',
    body: { ...sellerRequest, vatId: 'BE0403019262' },
  });
  await record('billing', 200, { ...seller, summary: 'A seller of its own' });
  for (const request of [invoices, notes, oneInvoice, oneNote, seller, putSeller])
    await recordRefusals('billing', request);

  for (const [of, shown] of [
    ['invoice', oneInvoice],
    ['creditNote', oneNote],
  ] as const) {
    for (const format of ['Ubl', 'Cii']) {
      const xml = { ...shown, operation: `${of}${format}`, path: `${shown.path}/${format.toLowerCase()}` };
      await record('billing', 200, xml);
      const profile = 'peppol';
      await record('billing', 409, { ...xml, summary: 'In a profile that it lacks', query: { profile } });
      await recordRefusals('billing', xml);
    }
    const pdf = { ...shown, operation: `${of}Pdf`, path: `${shown.path}/pdf` };
    await recordEarly('billing', 'Before it is made', pdf);
    await record('billing', 200, pdf);
    await recordRefusals('billing', pdf);
  }

  // Audit.
  const events = get('listEvents', 'About a payment', '/events', { query: { subject: paid.id } });
  await until('audit', events, ({ data }) => data.length >= 2);
  const [event] = (await record('audit', 200, events)).data;
  const oneEvent = get('getEvent', 'A captured payment', '/events/{id}', {
    parameters: { id: event?.id ?? '' },
  });
  await record('audit', 200, oneEvent);
  const proof = get('getEventProof', 'A proof', '/events/{id}/proof', {
    parameters: { id: event?.id ?? '' },
  });
  await recordEarly('audit', 'Before a checkpoint covers it', proof);
  await record('audit', 200, proof);
  for (const request of [events, oneEvent, proof]) await recordRefusals('audit', request);
  await record('audit', 200, get('getCheckpoint', 'Cosigned by the witness', '/checkpoint'));
  const tile = get('getTile', '', '/tile/{path}');
  await record('audit', 404, {
    ...tile,
    summary: 'A tile that does not exist',
    parameters: { path: '5/999' },
  });
  return exchanges;
}

/** An example of a file that is no text would tell nobody anything: only that it was answered is recorded. */
const isText = (contentType: string): boolean => /^text\/|[/+](json|xml)\b/.test(contentType);
