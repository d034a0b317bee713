import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { startMappings } from '@fanfold/local-cloud/mappings';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { handler as audit } from '../services/audit/src/functions/consumer.ts';
import { find } from '../services/audit/src/store/queries.ts';
import { captured } from '../services/billing/src/eventFixtures.ts';
import { handler as billing } from '../services/billing/src/functions/consumer.ts';
import { listInvoices } from '../services/billing/src/store/documents.ts';
import { type BreakableProxy, startBreakableProxy } from './breakableProxy.ts';
import { virtualTime } from './virtualTime.ts';
import { deadLettersOf, queues, Wire } from './wire.ts';

// Ten minutes without a database, in virtual time. All else is real: the services' consumers and stores, their queues
// with the redrive policy of the template, the mapping, the way to the database that is cut.

// Waits that can be broken off are a mapping's pauses and time limits; the short ones inside a function are real.
vi.mock('node:timers/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:timers/promises')>();
  const { virtualTime } = await import('./virtualTime.ts');
  return {
    ...real,
    setTimeout: (durationMs: number, value?: unknown, { signal }: { signal?: AbortSignal } = {}) =>
      signal ? virtualTime.wait(durationMs, signal) : real.setTimeout(durationMs, value),
  };
});

captureLog();
let emulators: Emulators;
let database: BreakableProxy;
let wire: Wire;

beforeAll(async () => {
  emulators = await startEmulators();
  database = await startBreakableProxy(Number(new URL(emulators.endpoints.dynamodb).port));
  useEndpoints({ ...emulators.endpoints, dynamodb: database.url });
  wire = new Wire(emulators.endpoints.aws);
  virtualTime.start();
});
afterAll(async () => {
  virtualTime.stop();
  database?.stop();
  await emulators?.stop();
});

const paymentIds = Array.from({ length: 500 }, (_, n) => `pay_${String(n).padStart(32, '0')}`);

test('billing issues 500 invoices with numbers without gaps, and was hardly run in the outage', async () => {
  const { invocations } = await surviveOutage('billing', 'patient');
  // 12.8 s lie between two of them after the first few. Without backing off it is several hundred.
  expect(invocations).toBeLessThan(70);
  await expectInvoices('patient');
});

test('billing does so also if the mapping did not back off, with receives to spare', async () => {
  const { receives } = await surviveOutage('billing', 'impatient', { backsOff: false });
  // The waits before the seventh receive are 315 s at least, those before the eighth 635 s.
  expect(receives).toBe(7);
  await expectInvoices('impatient');
});

test('audit records 500 events without gaps', async () => {
  await surviveOutage('audit', 'patient');
  const recorded = await pagesOf(
    (startingAfter) => find('patient', { limit: 100, startingAfter }, () => false),
    ({ id }) => id,
  );
  expect(recorded.map(({ subject }) => subject).sort()).toEqual(paymentIds);
  expect(recorded.map(({ position }) => position)).toEqual(paymentIds.map((_, n) => n));
});

type Batch = Parameters<typeof billing>[0];

const consumers = { billing, audit };
const outageMs = 10 * 60_000;
/** A function has its time, which is real. */
const context = { ...contextWith(), getRemainingTimeInMillis: () => 30_000 };

/**
 * Gives a service 500 captures while its database is away, mends that after ten minutes, and waits until nothing is
 * left. Then there are no dead letters.
 *
 * @param backsOff whether the mapping learns that invocations fail
 * @returns how often the consumer had been run when the outage ended, and the most often received message been received
 */
async function surviveOutage(
  service: keyof typeof consumers,
  merchantId: string,
  { backsOff = true } = {},
): Promise<{ invocations: number; receives: number }> {
  await sendCaptures(service, merchantId);
  database.cut();
  let invocations = 0;
  let receives = 0;
  const mappings = await startConsumer(service, async (batch) => {
    invocations += 1;
    const receiveCounts = batch.Records.map(({ attributes }) => Number(attributes.ApproximateReceiveCount));
    receives = Math.max(receives, ...receiveCounts);
    const answer = consumers[service](batch, context);
    if (backsOff) return answer;
    return answer.catch(() => ({
      batchItemFailures: batch.Records.map(({ messageId }) => ({ itemIdentifier: messageId })),
    }));
  });
  await virtualTime.wait(outageMs);
  const inOutage = { invocations, receives };
  database.mend();
  await mappings.idle();
  await mappings.stop();
  expect(await wire.depth(deadLettersOf(queues[service]))).toBe(0);
  return inOutage;
}

async function sendCaptures(service: keyof typeof consumers, merchantid: string): Promise<void> {
  const { stores, EventsQueue, EventsDeadLetterQueue } = await resourcesOf(service);
  await provision({ ...stores, EventsQueue, EventsDeadLetterQueue }, emulators.endpoints);
  const messages = paymentIds.map((paymentId) => JSON.stringify({ ...captured({ paymentId }), merchantid }));
  await Promise.all(messages.map((message) => wire.send(queues[service], message)));
}

/** Starts the mapping of a service's consumer, with what the template gives to both. */
async function startConsumer(service: keyof typeof consumers, consume: (batch: Batch) => Promise<unknown>) {
  const { EventsQueue, ConsumerLambdaFunction, ConsumerMapping } = await resourcesOf(service);
  Object.assign(
    process.env,
    (ConsumerLambdaFunction.Properties.Environment as { Variables: object }).Variables,
  );
  // The emulator would gather a larger batch in real time.
  const Properties = { ...ConsumerMapping.Properties, BatchSize: 10, MaximumBatchingWindowInSeconds: 0 };
  return startMappings({
    resources: { EventsQueue, ConsumerLambdaFunction, ConsumerMapping: { ...ConsumerMapping, Properties } },
    endpoints: emulators.endpoints,
    invoke: (_functionName, batch) => virtualTime.standStillDuring(() => consume(batch as Batch)),
  });
}

async function resourcesOf(service: keyof typeof consumers) {
  const resources = await templateOf(service, emulators.endpoints.aws);
  const { EventsQueue, EventsDeadLetterQueue, ConsumerLambdaFunction } = resources;
  const { ConsumerEventSourceMappingSQSEventsQueue: ConsumerMapping } = resources;
  if (!EventsQueue || !EventsDeadLetterQueue || !ConsumerLambdaFunction || !ConsumerMapping) {
    throw new Error(`${service} lacks a queue or a consumer`);
  }
  // Audit looks into the log's bucket before it records anything.
  const stores = Object.fromEntries(
    Object.entries(resources).filter(([, { Type }]) => /^AWS::(DynamoDB::Table|S3::Bucket)$/.test(Type)),
  );
  return { stores, EventsQueue, EventsDeadLetterQueue, ConsumerLambdaFunction, ConsumerMapping };
}

async function expectInvoices(merchantId: string): Promise<void> {
  const shown = await pagesOf(
    (startingAfter) => listInvoices(merchantId, { limit: 100, startingAfter }),
    ({ invoice }) => invoice.id,
  );
  const invoices = shown.map(({ invoice }) => invoice);
  expect(invoices.map(({ paymentId }) => paymentId).sort()).toEqual(paymentIds);
  expect(invoices.map(({ number }) => Number(number.split('-').at(-1))).sort((a, b) => a - b)).toEqual(
    paymentIds.map((_, n) => n + 1),
  );
}

/** What all pages of a list hold. */
async function pagesOf<Item>(
  load: (startingAfter: string | undefined) => Promise<{ items: Item[]; hasMore: boolean }>,
  idOf: (item: Item) => string,
): Promise<Item[]> {
  const items: Item[] = [];
  for (let hasMore = true; hasMore; ) {
    const last = items.at(-1);
    const page = await load(last && idOf(last));
    items.push(...page.items);
    ({ hasMore } = page);
  }
  return items;
}
