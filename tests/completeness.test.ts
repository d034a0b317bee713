import type { Event } from '@fanfold/contracts/event';
import { type Mappings, startMappings } from '@fanfold/local-cloud/mappings';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import type { Resource } from '@fanfold/local-cloud/template';
import { comparedForMs } from '@fanfold/runtime/finding';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as audit from '../services/audit/src/store/findings.ts';
import { find } from '../services/audit/src/store/queries.ts';
import { invoiceResource } from '../services/billing/src/resources.ts';
import { listInvoices } from '../services/billing/src/store/documents.ts';
import * as billing from '../services/billing/src/store/findings.ts';
import { type Client, type Service, startService } from '../services/payments/fixtures/service.ts';
import { deadLettersOf, queues, Wire } from './wire.ts';

/**
 * What gets lost is found by the clock, and mended by its page in docs/operations.md. All services run in this process,
 * so that payments can have been made yesterday, and what hours of waiting lead to need not be waited for.
 */
let service: Service;
let wire: Wire;
let mappings: Mappings;
let receivedByFourth: () => Promise<string[]>;
/** The keys of what audit's publisher was run for. */
const publisherKeys: string[] = [];
captureLog();

const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const merchants = ['unbilled', 'unrecorded', 'forgotten', 'whole'] as const;
type Merchant = (typeof merchants)[number];
const lost: Partial<Record<Merchant, string>> = {};

beforeAll(async () => {
  service = await startService();
  wire = new Wire(service.endpoints.aws);
  const { TOKEN_ISSUER } = process.env;
  const resources: Record<string, Resource> = {};
  for (const name of ['billing', 'audit', 'payments'] as const) {
    const own = name === 'payments' ? service.resources : await templateOf(name, service.endpoints.aws);
    await provision(own, service.endpoints);
    for (const [logicalId, resource] of Object.entries(own)) resources[`${name}${logicalId}`] = resource;
    for (const { Type, Properties } of Object.values(own)) {
      if (Type !== 'AWS::Lambda::Function') continue;
      Object.assign(process.env, (Properties.Environment as { Variables: object }).Variables);
    }
  }
  Object.assign(process.env, { TOKEN_ISSUER });
  receivedByFourth = await wire.subscribe('fourth-service');

  vi.useFakeTimers({ toFake: ['Date'], now: new Date(`${yesterday}T12:00:00Z`) });
  const forgetting = await publishing(async () => ({ batchItemFailures: [] }));
  await live('forgotten', forgetting);
  await forgetting.stop();
  const publisher = await publishing((event) => service.run('publisher', event));
  for (const merchant of ['unbilled', 'unrecorded', 'whole'] as const) await live(merchant, publisher);
  await publisher.stop();
  vi.useRealTimers();

  lost.unbilled = await loseFrom(queues.billing, 'unbilled', 'payment.captured.v1');
  lost.unrecorded = await loseFrom(queues.audit, 'unrecorded', 'payment.captured.v1');
  mappings = await startMappings({ resources, endpoints: service.endpoints, invoke });
  await mappings.idle();

  await service.tick('dayClose');
  await mappings.idle();
}, 60_000);

afterAll(async () => {
  vi.useRealTimers();
  await mappings?.stop();
  await service?.stop();
});

/** Runs payments' stream alone, with the publisher as it is, or as if its records had been forgotten. */
const publishing = (invokePublisher: (event: unknown) => Promise<unknown>) => {
  const { EventsQueue, ...rest } = service.resources;
  const resources = Object.fromEntries(
    Object.entries(rest).filter(([logicalId]) => !logicalId.startsWith('ConsumerEventSourceMapping')),
  );
  return startMappings({
    resources,
    endpoints: service.endpoints,
    invoke: (_name, event) => invokePublisher(event),
  });
};

/** A payment that is authorized, captured and refunded in part, and one that is captured at once. */
async function live(merchantId: Merchant, publisher: Mappings): Promise<void> {
  const client: Client = await service.clientOf(merchantId);
  const { status, body } = await client.pay({ captureMethod: 'manual' });
  expect(status).toBe(201);
  await client.capture(body.id);
  await client.refund(body.id, { amount: 100 });
  await client.pay();
  await publisher.idle();
}

/** Takes a merchant's first event of a type out of a queue, as somebody might by hand. */
async function loseFrom(queue: string, merchantId: Merchant, type: string): Promise<string> {
  const bodies = (await wire.drain(queue)).map(({ Body = '' }) => Body);
  const isLost = (body: string) => {
    const event: Event = JSON.parse(body);
    return event.merchantid === merchantId && event.type === type && event.sequence === '0000000002';
  };
  for (const body of bodies) if (!isLost(body)) await wire.send(queue, body);
  const found = bodies.find(isLost);
  if (!found) throw new Error(`${queue} has no ${type} of ${merchantId}`);
  return found;
}

/** A message, or a record of a stream. */
type RunFor = { attributes?: Record<string, string>; dynamodb?: { Keys: { pk: { S: string } } } };

/** Runs a function by the name that Lambda knows, with messages that came first so long ago that nothing is waited for. */
async function invoke(name: string, event: unknown): Promise<unknown> {
  const [, owner = '', key = ''] = /^fanfold-([a-z]+)-local-([a-zA-Z]+)$/.exec(name) ?? [];
  for (const { attributes, dynamodb } of (event as { Records: RunFor[] }).Records) {
    if (attributes) attributes.ApproximateFirstReceiveTimestamp = String(Date.now() - comparedForMs);
    if (owner === 'audit' && dynamodb) publisherKeys.push(dynamodb.Keys.pk.S);
  }
  return run(owner, key, event);
}

async function run(owner: string, key: string, event: unknown): Promise<unknown> {
  const { handler } = await import(`../services/${owner}/src/functions/${key}.ts`);
  return handler(event, contextWith());
}

async function published(merchantId: Merchant, type: string): Promise<{ event: Event; body: string }[]> {
  return (await receivedByFourth())
    .map((body) => ({ body, event: JSON.parse(body) as Event }))
    .filter(({ event }) => event.merchantid === merchantId && event.type === type);
}

/** Sends the closed day again to one service, and lets everything happen that follows. */
async function compareAgain(queue: string, merchantId: Merchant): Promise<void> {
  const [closed] = await published(merchantId, 'payments.day-closed.v1');
  await wire.send(queue, closed?.body ?? '');
  await mappings.idle();
}

const invoicesOf = async (merchantId: Merchant) => (await listInvoices(merchantId, { limit: 100 })).items;
const logOf = async (merchantId: Merchant) =>
  (await find(merchantId, { limit: 100 }, () => false)).items.map(({ text = '' }) => text);
const idsIn = (texts: string[]) => texts.map((text) => (JSON.parse(text) as Event).id);

describe('a day on which nothing was lost', () => {
  it('adds up, and has no further events', async () => {
    expect(await published('whole', 'payments.day-closed.v1')).toHaveLength(1);
    expect(await published('whole', 'billing.reconciliation-failed.v1')).toEqual([]);
    expect(await published('whole', 'audit.gap-found.v1')).toEqual([]);
  });
});

describe('an event that was deleted from billing’s queue', () => {
  it('is found when the day is closed, is published, and is in the log', async () => {
    const failures = await published('unbilled', 'billing.reconciliation-failed.v1');
    expect(failures).toHaveLength(1);
    expect(failures[0]?.event).toMatchObject({
      id: `rec_${yesterday}_unbilled:1`,
      data: {
        date: yesterday,
        expected: { captures: 2, refunds: 1, totals: { EUR: { captured: 24_200, refunded: 100 } } },
        // The refund whose capture is missing waits for it.
        found: { captures: 1, refunds: 0, totals: { EUR: { captured: 12_100, refunded: 0 } } },
      },
    });
    expect(idsIn(await logOf('unbilled')).filter((id) => id.startsWith('rec_'))).toHaveLength(1);
    expect(await published('unbilled', 'audit.gap-found.v1')).toEqual([]);
  });

  it('is billed when it is sent again, and the day adds up', async () => {
    expect(await invoicesOf('unbilled')).toHaveLength(1);
    await wire.send(queues.billing, lost.unbilled ?? '');
    await mappings.idle();
    await compareAgain(queues.billing, 'unbilled');
    expect(await invoicesOf('unbilled')).toHaveLength(2);
    expect(await billing.loadFinding('unbilled', yesterday)).toMatchObject({
      n: 1,
      mendedAt: expect.any(String),
    });
    expect(await published('unbilled', 'billing.reconciliation-failed.v1')).toHaveLength(1);
  });
});

describe('an event that was deleted from audit’s queue', () => {
  it('is found by its number when the day is closed, is published, and is recorded once by audit itself', async () => {
    const gaps = await published('unrecorded', 'audit.gap-found.v1');
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.event).toMatchObject({
      id: `gap_${yesterday}_unrecorded:1`,
      data: {
        date: yesterday,
        counts: { 'payment.captured.v1': { expected: 2, found: 1 } },
        missing: [JSON.parse(lost.unrecorded ?? '').id],
        missingCount: 1,
      },
    });
    expect(idsIn(await logOf('unrecorded')).filter((id) => id.startsWith('gap_'))).toHaveLength(1);
    expect(await published('unrecorded', 'billing.reconciliation-failed.v1')).toEqual([]);
  });

  it('is recorded when it is sent again, and the day is complete', async () => {
    await wire.send(queues.audit, lost.unrecorded ?? '');
    await mappings.idle();
    await compareAgain(queues.audit, 'unrecorded');
    expect(await logOf('unrecorded')).toContain(lost.unrecorded);
    expect(await audit.loadFinding('unrecorded', yesterday)).toMatchObject({
      n: 1,
      mendedAt: expect.any(String),
    });
  });
});

describe('what the stream forgot before it was published', () => {
  it('is missed by billing and by audit when the day is closed', async () => {
    expect(await invoicesOf('forgotten')).toEqual([]);
    const [failure] = await published('forgotten', 'billing.reconciliation-failed.v1');
    expect(failure?.event.data).toMatchObject({ found: { captures: 0, refunds: 0, totals: {} } });
    const [gap] = await published('forgotten', 'audit.gap-found.v1');
    expect(gap?.event.data).toMatchObject({
      counts: {
        'payment.authorized.v1': { expected: 1, found: 0 },
        'payment.captured.v1': { expected: 2, found: 0 },
        'payment.refunded.v1': { expected: 1, found: 0 },
      },
      missingCount: 0,
    });
  });

  it('is published from the table, and both are complete', async () => {
    // Two payments, and the closing of their day.
    const asked = { date: yesterday, merchantId: 'forgotten' };
    expect(await service.run('republish', asked)).toEqual({ republished: 3 });
    await mappings.idle();
    expect(await invoicesOf('forgotten')).toHaveLength(2);
    await compareAgain(queues.billing, 'forgotten');
    await compareAgain(queues.audit, 'forgotten');
    for (const { loadFinding } of [billing, audit]) {
      expect(await loadFinding('forgotten', yesterday)).toMatchObject({ mendedAt: expect.any(String) });
    }
  });
});

it('saying everything again changes nothing, for anybody', async () => {
  const everything = async () => ({
    payments: await Promise.all(
      merchants.map(async (id) => (await (await service.clientOf(id)).list()).body),
    ),
    invoices: (await Promise.all(merchants.map(invoicesOf))).map((invoices) => invoices.map(invoiceResource)),
    logs: await Promise.all(merchants.map(logOf)),
    findings: await Promise.all(
      merchants.flatMap((id) => [billing.loadFinding(id, yesterday), audit.loadFinding(id, yesterday)]),
    ),
  });
  const before = await everything();
  // Four of two payments, two invoices, a credit note, a PDF of each of these three, the closing; beside what was found.
  const unfound = before.logs.map((log) => idsIn(log).filter((id) => !/^(rec|gap)_/.test(id)).length);
  expect(unfound).toEqual([11, 11, 11, 11]);
  await service.run('republish', { date: yesterday });
  for (const date of [yesterday, new Date().toISOString().slice(0, 10)]) {
    await run('billing', 'republish', { date });
  }
  await mappings.idle();
  expect(await everything()).toEqual(before);
});

it('audit’s publisher ran for findings only, and no message was put aside', async () => {
  expect(new Set(publisherKeys)).toEqual(new Set(['finding:unrecorded', 'finding:forgotten']));
  for (const queue of Object.values(queues)) expect(await wire.depth(deadLettersOf(queue))).toBe(0);
});
