import { readFile } from 'node:fs/promises';
import { startGateway } from '@fanfold/local-cloud/gateway';
import { publicKeySet } from '@fanfold/local-cloud/issuer';
import { defaultSeller } from '@fanfold/runtime/defaultSeller';
import { endpoint, publicEndpoint, unknownRoute } from '@fanfold/runtime/http';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { listOf, listQuery } from '@fanfold/runtime/list';
import { notFound } from '@fanfold/runtime/refusal';
import { startTrace } from '@fanfold/runtime/trace';
import { load } from 'js-yaml';
import * as z from 'zod';
import { eventQuery } from '../../services/audit/src/query/eventQuery.ts';
import { eventResource } from '../../services/audit/src/query/eventResource.ts';
import { invoiceIdOf } from '../../services/billing/src/invoice.ts';
import { creditNoteResource, invoiceResource } from '../../services/billing/src/resources.ts';
import {
  cancelRequest,
  captureRequest,
  refundLinesOf,
  refundRequest,
} from '../../services/payments/src/api/changeRequests.ts';
import { faultsOf, refusalOf, requestOf } from '../../services/payments/src/api/order.ts';
import { paymentRequest } from '../../services/payments/src/api/paymentRequest.ts';
import { paymentResource, refundResource } from '../../services/payments/src/api/paymentResource.ts';
import { momentOf, operationOf } from '../../services/payments/src/operation.ts';
import { cancel, capture, create } from '../../services/payments/src/payment/lifecycle.ts';
import type { Refund } from '../../services/payments/src/payment/payment.ts';
import { refund } from '../../services/payments/src/payment/refunds.ts';
import { type SandboxRecord, sandboxWith } from '../../services/payments/src/providers/sandbox/sandbox.ts';
import { creditNotes, invoices } from './billing.ts';
import { type Database, openDatabase } from './database.ts';
import { findEvents, loadEvent } from './events.ts';
import { paymentsIn } from './payments.ts';

export type Monolith = {
  url: string;
  /** What its clock does each minute. */
  doWhatIsDue(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * The product of the three services as one process with one database: the same rules, behind the same HTTP API, without
 * transparency log, erasure, PDFs, sellers of merchants and closed days.
 *
 * @param port of 127.0.0.1, whose development tokens it takes
 * @param databaseUrl of a PostgreSQL server; without it the database is in this process, in memory
 */
export async function startMonolith(port: number, databaseUrl?: string): Promise<Monolith> {
  const database = await openDatabase(databaseUrl);
  const payments = paymentsIn(database, sandboxIn(database));
  const routes = routesOf(database, payments);
  Object.assign(process.env, await environmentOf(port, routes));
  const handlers = new Map<string, Handler>([...Object.entries(routes), ['$default', unknownRoute()]] as [
    string,
    Handler,
  ][]);
  const gateway = await startGateway({
    port,
    api: {
      routes: [...handlers.keys()].map((route) => ({
        routeKey: route,
        functionName: route,
        timeoutMs: 30_000,
      })),
      cors: undefined,
    },
    invoke: async (route, event) => handlers.get(route)?.(event, contextWith()),
  });
  const doWhatIsDue = () =>
    payments.doWhatIsDue({ now: new Date(), trace: startTrace('clock', undefined), runsUntil: null });
  const clock = setInterval(() => void doWhatIsDue().catch(console.error), 60_000);
  return {
    url: gateway.url,
    doWhatIsDue,
    async stop() {
      clearInterval(clock);
      await gateway.stop();
      await database.close();
    },
  };
}

/** What templates give the functions of the services. */
async function environmentOf(port: number, routes: object): Promise<Record<string, string>> {
  const sellers = load(await readFile(sellersFile, 'utf8')) as { local: object };
  return {
    ROUTES: Object.keys(routes).join(','),
    TOKEN_ISSUER: `http://127.0.0.1:${port}`,
    TOKEN_AUDIENCE: 'fanfold',
    DEFAULT_SELLER: JSON.stringify(sellers.local),
  };
}

const sellersFile = new URL('../../packages/topology/sellers.yml', import.meta.url);

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const routesOf = (database: Database, payments: ReturnType<typeof paymentsIn>) => ({
  'POST /payments': endpoint(
    { scope: 'payments:write', body: paymentRequest, idempotent: true },
    async (request) => {
      const operation = operationOf('pay', request, 'POST /payments');
      const moment = momentOf(request);
      const { merchantId } = request.caller;
      const faults = faultsOf(request.body, defaultSeller()?.seller ?? null);
      if (faults.length > 0) throw refusalOf(faults);
      const intent = create(requestOf(request.body), { ...operation, merchantId }, moment);
      const { payment, replayed } = await payments.create(intent, operation, moment);
      return { status: 201, body: paymentResource(payment), replayed };
    },
  ),
  'GET /payments': endpoint(
    { scope: 'payments:read', query: z.strictObject(listQuery) },
    async ({ caller, query }) => {
      const { items, hasMore } = await payments.list(caller.merchantId, query);
      return { status: 200, body: listOf({ items: items.map(paymentResource), hasMore }) };
    },
  ),
  'GET /payments/{id}': endpoint({ scope: 'payments:read' }, async ({ caller, path }) => {
    const payment = await payments.load(caller.merchantId, path.id ?? '');
    if (!payment) throw notFound('payment');
    return { status: 200, body: paymentResource(payment) };
  }),
  'POST /payments/{id}/capture': endpoint(
    { scope: 'payments:write', body: captureRequest, idempotent: true },
    async (request) => {
      const { id = '' } = request.path;
      const operation = operationOf('cap', request, `POST /payments/${id}/capture`);
      const moment = momentOf(request);
      const { payment, replayed } = await payments.operate(
        { merchantId: request.caller.merchantId, id },
        operation,
        moment,
        (current) => capture(current, { ...operation, amount: request.body.amount }, moment),
      );
      return { status: 200, body: paymentResource(payment), replayed };
    },
  ),
  'POST /payments/{id}/cancel': endpoint(
    { scope: 'payments:write', body: cancelRequest, idempotent: true },
    async (request) => {
      const { id = '' } = request.path;
      const operation = operationOf('void', request, `POST /payments/${id}/cancel`);
      const moment = momentOf(request);
      const { payment, replayed } = await payments.operate(
        { merchantId: request.caller.merchantId, id },
        operation,
        moment,
        (current) => cancel(current, { ...operation, reason: request.body.reason }, moment),
      );
      return { status: 200, body: paymentResource(payment), replayed };
    },
  ),
  'POST /payments/{id}/refunds': endpoint(
    { scope: 'payments:write', body: refundRequest, idempotent: true },
    async (request) => {
      const { id = '' } = request.path;
      const { amount, lines, reason } = request.body;
      const operation = operationOf('re', request, `POST /payments/${id}/refunds`);
      const moment = momentOf(request);
      const { payment, replayed } = await payments.operate(
        { merchantId: request.caller.merchantId, id },
        operation,
        moment,
        (current) =>
          refund(current, { ...operation, amount, lines: lines && refundLinesOf(lines), reason }, moment),
      );
      return {
        status: 201,
        body: refundResource(payment, payment.refunds[operation.id] as Refund),
        replayed,
      };
    },
  ),
  'GET /invoices': endpoint(
    { scope: 'invoices:read', query: z.strictObject({ ...listQuery, paymentId: text, orderId: text }) },
    async ({ caller, query: { paymentId, ...query } }) => {
      const accountId = paymentId && invoiceIdOf(paymentId);
      const { items, hasMore } = await invoices(database, caller.merchantId, { ...query, accountId });
      return { status: 200, body: listOf({ items: items.map(invoiceResource), hasMore }) };
    },
  ),
  'GET /invoices/{id}': endpoint({ scope: 'invoices:read' }, async ({ caller, path }) => {
    const [found] = (await invoices(database, caller.merchantId, { id: path.id ?? '' })).items;
    if (!found) throw notFound('invoice');
    return { status: 200, body: invoiceResource(found) };
  }),
  'GET /credit-notes': endpoint(
    { scope: 'invoices:read', query: z.strictObject({ ...listQuery, paymentId: text, invoiceId: text }) },
    async ({ caller, query: { paymentId, invoiceId, ...query } }) => {
      const accountId = invoiceId ?? (paymentId && invoiceIdOf(paymentId));
      const { items, hasMore } = await creditNotes(database, caller.merchantId, { ...query, accountId });
      return { status: 200, body: listOf({ items: items.map(creditNoteResource), hasMore }) };
    },
  ),
  'GET /credit-notes/{id}': endpoint({ scope: 'invoices:read' }, async ({ caller, path }) => {
    const [found] = (await creditNotes(database, caller.merchantId, { id: path.id ?? '' })).items;
    if (!found) throw notFound('credit note');
    return { status: 200, body: creditNoteResource(found) };
  }),
  'GET /events': endpoint({ scope: 'audit:read', query: eventQuery }, async ({ caller, query }) => {
    const { items, hasMore } = await findEvents(database, caller.merchantId, query);
    return { status: 200, body: listOf({ items: items.map(eventResource), hasMore }) };
  }),
  'GET /events/{id}': endpoint({ scope: 'audit:read' }, async ({ caller, path }) => {
    const found = await loadEvent(database, caller.merchantId, path.id ?? '');
    if (!found) throw notFound('event');
    return { status: 200, body: eventResource(found) };
  }),
  'GET /.well-known/jwks.json': publicEndpoint(async () => ({
    file: Buffer.from(JSON.stringify(await publicKeySet())),
    contentType: 'application/json',
    cacheControl: 'no-store',
  })),
});

const text = z.string().min(1).max(100).optional();

/** The same sandbox as that of the services, with its records in the database, but outside of every transaction. */
const sandboxIn = (database: Database) =>
  sandboxWith({
    async get(key) {
      const [found] = await database.query<{ content: SandboxRecord }>(
        'select content from sandbox_records where key = $1',
        [key],
      );
      return found?.content;
    },
    async putFirst(key, record) {
      const added = await database.query(
        'insert into sandbox_records (key, content) values ($1, $2) on conflict do nothing returning key',
        [key, JSON.stringify(record)],
      );
      return added.length > 0 ? undefined : this.get(key);
    },
  });
