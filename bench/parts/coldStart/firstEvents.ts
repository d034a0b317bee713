import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { apiRequest, queueEvent, streamEvent } from '@fanfold/runtime/invocationFixtures';
import { exampleOf } from '../../measuring/events.ts';
import { paymentOf } from '../../measuring/payment.ts';

const repository = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** The first thing in a service's fixture that said something, as the table's stream has it. */
const publishedBy = (service: string) => {
  const lines = read(`services/${service}/fixtures/stored.jsonl`).trim().split('\n');
  const stored = lines.map((line) => JSON.parse(line)).find(({ events }) => events.length > 0);
  return marshall(stored.item, { removeUndefinedValues: true });
};

/** A gap in audit's log, as the table's stream has it. */
const gapFound = () => {
  const { time, merchantid, correlationid, causationid, traceparent, data } = exampleOf('audit.gap-found.v1');
  const { date, ...difference } = data;
  const trace = { correlationid, causationid, traceparent };
  return marshall({
    finding: { merchantId: merchantid, date, difference, n: 1, foundAt: time, mendedAt: null, trace },
    said: true,
  });
};

const id = 'pay_00000000000000000000000000000001';
const yesterday = new Date(Date.now() - 86_400_000).toISOString();

/** What each function is run with first, by `<service> <function>`. */
export function firstEvents(accessToken: string): Record<string, unknown> {
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
  const get = (pathParameters: Record<string, string> = {}) => apiRequest({ headers, pathParameters });
  const post = (body: unknown) =>
    apiRequest({
      method: 'POST',
      headers: { ...headers, 'idempotency-key': 'order-1001' },
      pathParameters: { id },
      body: JSON.stringify(body),
    });
  // The two packages of types do not agree on what may be undefined.
  const streamed = (image: Record<string, AttributeValue>) => streamEvent([image as never]);
  const received = (type: string) => queueEvent([JSON.stringify(exampleOf(type))]);
  return {
    'payments createPayment': post(paymentOf(1)),
    'payments capturePayment': post({}),
    'payments cancelPayment': post({}),
    'payments refundPayment': post({ amount: 100 }),
    'payments getPayment': get({ id }),
    'payments listPayments': get(),
    'payments getOpenApi': get(),
    'payments unknownRoute': get(),
    'payments publisher': streamed(publishedBy('payments')),
    'payments consumer': received('invoice.issued.v1'),
    'payments janitor': {},
    'payments expiry': {},
    'payments dayClose': {},
    'payments showPayment': { merchantId: 'acme', id },
    'payments republish': { date: yesterday.slice(0, 10) },
    'billing getInvoice': get({ id: id.replace('pay', 'inv') }),
    'billing listInvoices': get(),
    'billing getCreditNote': get({ id: id.replace('pay', 'cn') }),
    'billing listCreditNotes': get(),
    'billing getOpenApi': get(),
    'billing unknownRoute': get(),
    'billing publisher': streamed(publishedBy('billing')),
    'billing consumer': received('payment.captured.v1'),
    'billing findDocuments': { find: 'payments', merchantId: 'acme', orderId: 'order-1001' },
    'billing showDocuments': { show: 'documents', merchantId: 'acme', paymentId: id },
    'billing republish': { date: yesterday.slice(0, 10) },
    'audit listEvents': get(),
    'audit getEvent': get({ id: `${id}:1` }),
    'audit getEventProof': get({ id: `${id}:1` }),
    'audit getCheckpoint': get(),
    'audit getTile': get({ path: '0/000' }),
    'audit getOpenApi': get(),
    'audit unknownRoute': get(),
    'audit publisher': streamed(gapFound()),
    'audit consumer': received('payment.captured.v1'),
    'audit publishLog': {},
    'audit witness': {},
    'audit checkEvents': {},
    'audit exportEvents': { read: 'index', from: yesterday, to: new Date().toISOString() },
    'audit eraseSubject': { merchantId: 'acme', subject: id, reason: null, operationId: 'op_1' },
  };
}
