import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { provision } from '@fanfold/local-cloud/provision';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { listen } from '../measuring/http.ts';
import { Invocations } from '../parts/cost/invocations.ts';
import type { MeteredCloud } from '../parts/cost/meteredCloud.ts';
import type { Program, RunningProgram } from '../parts/cost/program.ts';
import type { ShopEvent } from './shop.ts';
import { arnOf, loadFunctions, mappedFunction, memoryMb, restRequest, tableOf } from './shopCloud.ts';

const streamed = { StreamSpecification: { StreamViewType: 'NEW_IMAGE' } };

/** An event is billed for each 64 KB. https://aws.amazon.com/eventbridge/pricing/ */
const chunkBytes = 64 * 1024;

const standing = { queues: 0, clockRunsPerMonth: 0 };

/**
 * The shape of https://github.com/aws-samples/aws-serverless-ecommerce-platform: tables whose streams run a function that
 * puts events on a bus, whose rules run the functions that hear them. No queue, so nothing gathers; nothing tells a
 * duplicate, and a number is lost when its invoice is not written.
 */
export const eventBridge: Program = {
  name: 'EventBridge design',
  about:
    'REST API; streams of tables, a bus whose rules run functions; no queues, nothing against duplicates, numbers may ' +
    'have gaps; no log with proofs',
  standing,

  start: (cloud) => start(cloud, { numbered: false }),
};

/** The same with two promises more: numbers have no gaps, and a request that comes twice pays once. */
export const eventBridgeNumbered: Program = {
  name: 'EventBridge design, numbered',
  about:
    "the EventBridge design with numbers that are taken in a transaction, and Powertools' idempotency before the API's " +
    'function; nothing against duplicates of events',
  standing,
  start: (cloud) => start(cloud, { numbered: true }),
};

async function start(cloud: MeteredCloud, { numbered }: { numbered: boolean }): Promise<RunningProgram> {
  const tables = {
    payments: tableOf('bus-payments', { ByMerchant: ['merchantId', 'createdAt'] }, streamed),
    billing: tableOf(
      'bus-billing',
      { ByMerchant: ['merchantId', 'number'], ByOrder: ['orderId', 'number'] },
      streamed,
    ),
    audit: tableOf('bus-audit', {
      ByMerchant: ['merchantId', 'time'],
      ByCorrelation: ['correlationId', 'time'],
    }),
    ...(numbered && { apiIdempotency: tableOf('bus-api-idempotency') }),
  };
  await provision(tables, cloud.emulators);
  const bus = await startBus();
  const invocations = new Invocations(cloud);
  const functions = await loadFunctions<typeof import('./eventBridgeFunctions.ts')>(
    './eventBridgeFunctions.ts',
    cloud,
    { AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url },
  );
  const createPayment = numbered ? functions.createPaymentOnce : functions.createPayment;
  const consumers = {
    payments: functions.payments,
    billing: numbered ? functions.billingWithoutGaps : functions.billing,
    audit: functions.audit,
  };
  let next = 0;
  const run = (name: string, work: () => Promise<unknown>) => invocations.run(name, memoryMb, work);
  const pay = async () => {
    invocations.count('restRequests', 'API');
    await run('createPayment', () => createPayment(restRequest(next++) as never, contextWith() as never));
  };
  /** Publishes what a table's stream has. */
  const publish = async (service: 'payments' | 'billing') => {
    const mapping = mappedFunction('publisher', arnOf('dynamodb', `table/bus-${service}/stream/local`), 100, {
      StartingPosition: 'TRIM_HORIZON',
      // One that says something: neither the payment's note nor the counter.
      FilterCriteria: {
        Filters: [
          { Pattern: JSON.stringify({ dynamodb: { NewImage: { event: { S: [{ exists: true }] } } } }) },
        ],
      },
    });
    await cloud.drain({ ...mapping, table: tables[service] }, (_name, event) =>
      run(`${service} publisher`, () => functions.publish(event as never, contextWith() as never)),
    );
  };
  /** Runs what the rules of the bus run for each event that was put on it. */
  const deliver = async () => {
    for (const event of bus.take()) {
      const bytes = Buffer.byteLength(JSON.stringify(event));
      invocations.count('busEvents', 'bus', Math.ceil(bytes / chunkBytes));
      const subscribers =
        event.type === 'payment.captured'
          ? (['billing', 'audit'] as const)
          : (['payments', 'audit'] as const);
      for (const name of subscribers) {
        await run(`${name} consumer`, () =>
          consumers[name]({ detail: event } as never, contextWith() as never),
        );
      }
    }
  };
  const flow = async () => {
    await publish('payments');
    await deliver();
    await publish('billing');
    await deliver();
  };
  const payOneByOne = async (payments: number) => {
    for (let i = 0; i < payments; i++) {
      await pay();
      await flow();
    }
    return invocations.take();
  };
  await payOneByOne(5);
  return {
    payOneByOne,
    async payTogether(payments) {
      for (let i = 0; i < payments; i++) await pay();
      await flow();
      return invocations.take();
    },
    async stop() {
      bus.stop();
    },
  };
}

/** Answers PutEvents, for which there is no emulator, and keeps what was put. */
async function startBus() {
  let events: ShopEvent[] = [];
  const server = await listen(async (request, response) => {
    const { Entries } = JSON.parse(await text(request)) as { Entries: { Detail: string }[] };
    events.push(...Entries.map(({ Detail }) => JSON.parse(Detail) as ShopEvent));
    const answer = { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: randomUUID() })) };
    response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify(answer));
  });
  return {
    ...server,
    take() {
      const taken = events;
      events = [];
      return taken;
    },
  };
}
