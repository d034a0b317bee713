import { describedBy } from '@fanfold/description/answers';
import { signToken } from '@fanfold/local-cloud/issuer';
import { expect, vi } from 'vitest';
import { merchantScopes } from '../scripts/fanfold/operations/accessToken.ts';

/** An answer of an API: `body` is its JSON. */
export type Answer = { status: number; headers: Headers; body: Shown };

/** What stories look at of the objects, lists and problems that the APIs show; each has some of it. */
export type Shown = {
  id: string;
  status: string;
  code: string;
  requestId: string;
  data: Shown[];
  hasMore: boolean;
  errors: { pointer: string; detail: string; rule?: string }[];
  amountCaptured: number;
  amountRefunded: number;
  invoiceNumber: string | null;
  refunds: Shown[];
  creditNoteNumber: string | null;
  /** Missing unless the refund has failed after it had succeeded. */
  reversalInvoiceNumber?: string | null;
  /** Of an invoice that reverses a credit note. */
  reverses?: { refundId: string };
  number: string;
  orderId: string;
  paymentId: string;
  refundId: string;
  totals: { net: number; tax: number; gross: number };
  creditNotes: Shown[];
  type: string;
  subject: string;
  sequence: string;
};

/** A merchant's way to the APIs of a running stack. */
export type Client = {
  merchantId: string;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** What a path has that is no JSON. */
  text(path: string): Promise<string>;
  /** All pages of a list. */
  all(path: string): Promise<Shown[]>;
};

/** The services, by their port above the base. */
const services = ['', 'payments', 'billing', 'audit'];

/** An answer, which has to be one that the service's openapi.json describes. */
export async function describedAnswer(
  service: string,
  method: string,
  path: string,
  response: Response,
): Promise<Answer> {
  const { status, headers } = response;
  const body = await response.text();
  const described = describedBy(service);
  const operationId = described.operationOf(method, path);
  if (operationId) described.check(operationId, { status, headers: Object.fromEntries(headers), body });
  return { status, headers, body: JSON.parse(body) as Shown };
}

/** Which service answers a path, by its first segment. */
const offsetOf = (path: string): number =>
  ({ invoices: 2, 'credit-notes': 2, seller: 2, events: 3 })[/^\/([^/?]+)/.exec(path)?.[1] ?? ''] ?? 1;

/** An access token of a merchant, for an hour. */
export const accessToken = (base: number, merchantId: string, scopes = merchantScopes()): Promise<string> =>
  signToken({
    issuer: `http://127.0.0.1:${base}`,
    subject: 'story',
    merchantId,
    scopes,
    expiresInSeconds: 3600,
  });

/** @param urlOf where a path is answered */
export async function clientOf(
  base: number,
  merchantId: string,
  scopes = merchantScopes(),
  urlOf = (path: string) => `http://127.0.0.1:${base + offsetOf(path)}`,
): Promise<Client> {
  const token = await accessToken(base, merchantId, scopes);
  const ask = (method: string, path: string, init: RequestInit) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    return fetch(`${urlOf(path)}${path}`, { ...init, method, headers });
  };
  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await ask(method, path, init);
    return describedAnswer(services[offsetOf(path)] as string, method, path, response);
  };
  const get = (path: string) => send('GET', path);
  return {
    merchantId,
    get,
    text: async (path) => (await ask('GET', path, {})).text(),
    post: (path, body, headers = {}) =>
      send('POST', path, {
        body: body === undefined ? null : JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
      }),
    put: (path, body) =>
      send('PUT', path, {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
      }),
    async all(path) {
      const found: Shown[] = [];
      for (let hasMore = true; hasMore; ) {
        const after = found.length > 0 ? `&startingAfter=${encodeURIComponent(found.at(-1)?.id ?? '')}` : '';
        const { body } = await get(`${path}${path.includes('?') ? '&' : '?'}limit=100${after}`);
        found.push(...body.data);
        hasMore = body.hasMore;
      }
      return found;
    },
  };
}

/** A payment of two chairs, 121.00 EUR with tax. */
export const twoChairs = (changes: Record<string, unknown> = {}) => ({
  amount: 12_100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  orderId: 'order-1001',
  description: 'Two chairs',
  customer: {
    name: 'Ada Example',
    email: 'ada@example.com',
    address: { line1: 'Main St 1', city: 'Ghent', postalCode: '9000', country: 'BE' },
  },
  lines: [{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }],
  metadata: { channel: 'web' },
  ...changes,
});

/** A payment, and a refund of a part of it; waits until both, their documents and their PDFs are recorded. */
export async function sellAndRefund(merchant: Client): Promise<void> {
  const known = (await merchant.all('/events')).length;
  const { body } = await merchant.post('/payments', twoChairs());
  expect((await merchant.post(`/payments/${body.id}/refunds`, { amount: 1000 })).status).toBe(201);
  const recorded = async () => expect(await merchant.all('/events')).toHaveLength(known + 6);
  await vi.waitFor(recorded, { timeout: 60_000, interval: 100 });
}
