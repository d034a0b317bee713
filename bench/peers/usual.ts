import { provision } from '@fanfold/local-cloud/provision';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { Invocations } from '../parts/cost/invocations.ts';
import type { MeteredCloud } from '../parts/cost/meteredCloud.ts';
import { secondsPerMonth, type Used } from '../parts/cost/prices.ts';
import type { Program, RunningProgram } from '../parts/cost/program.ts';
import type { ShopEvent } from './shop.ts';
import {
  arnOf,
  loadFunctions,
  mappedFunction,
  memoryMb,
  queueOf,
  restRequest,
  tableOf,
} from './shopCloud.ts';

const topicArn = arnOf('sns', 'usual-events');
const consumers = ['billing', 'audit', 'payments'] as const;
const subscribedTypes: Record<(typeof consumers)[number], ShopEvent['type'][]> = {
  billing: ['payment.captured'],
  audit: ['payment.captured', 'invoice.issued'],
  payments: ['invoice.issued'],
};

const standing = { queues: consumers.length, clockRunsPerMonth: (2 * secondsPerMonth) / 60 };

/**
 * What AWS's guides and Powertools' documentation lead to: an outbox table that is written with the state and polled, a
 * message at a time, and an idempotency table before each function. The outbox by
 * https://docs.aws.amazon.com/prescriptive-guidance/latest/cloud-design-patterns/transactional-outbox.html, idempotency by
 * https://docs.aws.amazon.com/powertools/typescript/latest/features/idempotency/, batches by
 * https://docs.aws.amazon.com/powertools/typescript/latest/features/batch/.
 */
export const usual: Program = {
  name: 'usual design',
  about:
    'REST API; outbox tables that are polled each minute; SNS and a queue per service, a message at a time; Powertools ' +
    'idempotency before each function; no log with proofs',
  standing,
  start: (cloud) => start(cloud, 1),
};

/**
 * The same with what a mapping's batch size is if nobody says otherwise. At low load it makes no difference: the poller
 * sends messages one by one, and without a window Lambda waits for no second one.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
 */
export const usualInTens: Program = {
  name: 'usual design, tens',
  about: 'the usual design whose functions take ten messages at once when there are so many',
  standing,
  start: (cloud) => start(cloud, 10),
};

async function start(cloud: MeteredCloud, fullBatch: number): Promise<RunningProgram> {
  const resources = {
    topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'usual-events' } },
    payments: tableOf('usual-payments', { ByMerchant: ['merchantId', 'createdAt'] }),
    invoices: tableOf('usual-billing', {
      ByMerchant: ['merchantId', 'number'],
      ByOrder: ['orderId', 'number'],
    }),
    events: tableOf('usual-audit', {
      ByMerchant: ['merchantId', 'time'],
      ByCorrelation: ['correlationId', 'time'],
    }),
    paymentsOutbox: tableOf('usual-payments-outbox', { ByStatus: ['status', 'createdAt'] }),
    billingOutbox: tableOf('usual-billing-outbox', { ByStatus: ['status', 'createdAt'] }),
    apiIdempotency: tableOf('usual-api-idempotency'),
    ...Object.fromEntries(
      consumers.map((name) => [`${name}Idempotency`, tableOf(`usual-${name}-idempotency`)]),
    ),
    ...Object.fromEntries(consumers.map((name) => [`${name}Queue`, queueOf(`usual-${name}`)])),
  };
  await provision(resources, cloud.emulators);
  await provision(
    Object.fromEntries(
      consumers.map((name) => [
        `${name}Subscription`,
        {
          Type: 'AWS::SNS::Subscription',
          Properties: {
            TopicArn: topicArn,
            Protocol: 'sqs',
            Endpoint: arnOf('sqs', `usual-${name}`),
            RawMessageDelivery: true,
            FilterPolicy: { type: subscribedTypes[name] },
          },
        },
      ]),
    ),
    cloud.emulators,
  );

  const invocations = new Invocations(cloud);
  const functions = await loadFunctions<typeof import('./usualFunctions.ts')>('./usualFunctions.ts', cloud, {
    TOPIC_ARN: topicArn,
  });
  let next = 0;
  const run = (name: string, work: () => Promise<unknown>) => invocations.run(name, memoryMb, work);
  const pay = async () => {
    invocations.count('restRequests', 'API');
    const answer = await run('createPayment', () =>
      functions.createPayment(restRequest(next++) as never, contextWith() as never),
    );
    if ((answer as { statusCode: number }).statusCode !== 201) throw new Error('not paid');
  };
  const poll = (service: 'payments' | 'billing') =>
    run(`${service} poller`, () => functions.poll(`usual-${service}-outbox`));
  const consume = async (name: (typeof consumers)[number], batchSize: number) => {
    const mapping = mappedFunction(name, arnOf('sqs', `usual-${name}`), batchSize);
    await cloud.drain({ ...mapping, queue: queueOf(`usual-${name}`) }, (_name, event) =>
      run(`${name} consumer`, () => functions[name](event as never, contextWith() as never)),
    );
  };
  /** What has been paid is published, billed, published again, noted and recorded: each poller runs once. */
  const flow = async (batchSize: number) => {
    await poll('payments');
    await consume('billing', batchSize);
    await poll('billing');
    await consume('payments', batchSize);
    await consume('audit', batchSize);
  };
  const payAll = async (payments: number, batchSize: number) => {
    for (let i = 0; i < payments; i++) await pay();
    await flow(batchSize);
    return invocations.take();
  };
  await payAll(5, 1);
  return {
    // The poller finds what a minute brought. Everything else happens once per message at any load.
    async payOneByOne(payments) {
      const all: Used[] = [];
      for (let left = payments; left > 0; left -= 60) all.push(...(await payAll(Math.min(60, left), 1)));
      return all;
    },
    payTogether: (payments) => payAll(payments, fullBatch),
    async stop() {},
  };
}
