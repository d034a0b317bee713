import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { provision } from '@fanfold/local-cloud/provision';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import middy from '@middy/core';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { Invocations } from './invocations.ts';
import type { Program } from './program.ts';
import {
  arnOf,
  captured,
  type Invoice,
  invoiceFor,
  issued,
  mappedFunction,
  memoryMb,
  type Payment,
  paymentRequest,
  restRequest,
  type ShopEvent,
  tableOf,
  takePayment,
} from './shop.ts';
import type { Used } from './units.ts';

const streamed = { StreamSpecification: { StreamViewType: 'NEW_IMAGE' } };

/** An event is billed for each 64 KB. https://aws.amazon.com/eventbridge/pricing/ */
const chunkBytes = 64 * 1024;

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
  standing: { queues: 0, clockRunsPerMonth: 0 },

  async start(cloud) {
    useEndpoints(cloud.metered);
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
    };
    await provision(tables, cloud.emulators);
    const bus = await startBus();
    process.env.AWS_ENDPOINT_URL_EVENTBRIDGE = bus.url;
    const invocations = new Invocations();
    const functions = makeFunctions();
    let used: Used[] = [];
    let next = 0;
    const run = (name: string, work: () => Promise<unknown>) => invocations.run(name, memoryMb, work);
    const pay = async () => {
      used.push({ unit: 'restRequests', place: 'API', count: 1 });
      const request = { ...restRequest(next++) };
      await run('createPayment', () => functions.createPayment(request as never, contextWith() as never));
    };
    /** Publishes what a table's stream has. */
    const publish = async (service: 'payments' | 'billing') => {
      const mapping = mappedFunction(
        'publisher',
        arnOf('dynamodb', `table/bus-${service}/stream/local`),
        100,
        {
          StartingPosition: 'TRIM_HORIZON',
          // One that says something: neither the payment's note nor the counter.
          FilterCriteria: {
            Filters: [
              { Pattern: JSON.stringify({ dynamodb: { NewImage: { event: { S: [{ exists: true }] } } } }) },
            ],
          },
        },
      );
      await cloud.drain({ ...mapping, table: tables[service] }, (_name, event) =>
        run(`${service} publisher`, () => functions.publish(event as never, contextWith() as never)),
      );
    };
    /** Runs what the rules of the bus run for each event that was put on it. */
    const deliver = async () => {
      for (const event of bus.take()) {
        const bytes = Buffer.byteLength(JSON.stringify(event));
        used.push({ unit: 'busEvents', place: 'bus', count: Math.ceil(bytes / chunkBytes) });
        const hearers =
          event.type === 'payment.captured'
            ? (['billing', 'audit'] as const)
            : (['payments', 'audit'] as const);
        for (const name of hearers) {
          await run(`${name} consumer`, () =>
            functions[name]({ detail: event } as never, contextWith() as never),
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
    const take = async () => {
      const taken = [...used, ...invocations.take(), ...(await cloud.take())];
      used = [];
      return taken;
    };
    const payOneByOne = async (payments: number) => {
      for (let i = 0; i < payments; i++) {
        await pay();
        await flow();
      }
      return take();
    };
    await payOneByOne(5);
    return {
      payOneByOne,
      async payTogether(payments) {
        for (let i = 0; i < payments; i++) await pay();
        await flow();
        return take();
      },
      async stop() {
        bus.stop();
      },
    };
  },
};

function makeFunctions() {
  const logger = new Logger({ serviceName: 'bus' });
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const client = new EventBridgeClient({});
  const logged = <Input>(work: (input: Input) => Promise<unknown>) =>
    middy<Input, unknown>().use(injectLambdaContext(logger)).handler(work);
  const heard = (work: (event: ShopEvent) => Promise<void>) =>
    logged(async ({ detail }: { detail: ShopEvent }) => {
      await work(detail);
      logger.info('event handled', { eventId: detail.id, type: detail.type });
    });

  return {
    createPayment: logged(async (request: ReturnType<typeof restRequest>) => {
      const body = paymentRequest.parse(JSON.parse(request.body));
      const payment = takePayment(body, request.requestContext.authorizer.claims.merchant_id);
      await documents.send(
        new PutCommand({
          TableName: 'bus-payments',
          Item: { pk: payment.id, ...payment, event: 'payment.captured' },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
      logger.info('payment captured', { paymentId: payment.id });
      return { statusCode: 201, body: JSON.stringify(payment) };
    }),

    publish: logged(async ({ Records }: DynamoDBStreamEvent) => {
      const events = Records.map(({ dynamodb }) => {
        const { pk, event, ...item } = unmarshall(dynamodb?.NewImage as never);
        return event === 'payment.captured' ? captured(item as Payment) : issued(item as Invoice);
      });
      for (let i = 0; i < events.length; i += 10) {
        await client.send(
          new PutEventsCommand({
            Entries: events.slice(i, i + 10).map((event) => ({
              EventBusName: 'shop',
              Source: 'shop',
              DetailType: event.type,
              Detail: JSON.stringify(event),
            })),
          }),
        );
      }
      logger.info('events published', { count: events.length });
      return { batchItemFailures: [] };
    }),

    billing: heard(async ({ data, merchantId }) => {
      const { Attributes } = await documents.send(
        new UpdateCommand({
          TableName: 'bus-billing',
          Key: { pk: `${merchantId}#INV-2026` },
          UpdateExpression: 'ADD #count :one',
          ExpressionAttributeNames: { '#count': 'count' },
          ExpressionAttributeValues: { ':one': 1 },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      const invoice = invoiceFor(data as Payment, Number(Attributes?.count));
      await documents.send(
        new PutCommand({
          TableName: 'bus-billing',
          Item: { pk: invoice.id, ...invoice, event: 'invoice.issued' },
        }),
      );
    }),

    payments: heard(async ({ data }) => {
      const { paymentId, number } = data as Invoice;
      await documents.send(
        new UpdateCommand({
          TableName: 'bus-payments',
          Key: { pk: paymentId },
          UpdateExpression: 'SET invoiceNumber = :number REMOVE event',
          ExpressionAttributeValues: { ':number': number },
        }),
      );
    }),

    audit: heard(async (event) => {
      await documents.send(new PutCommand({ TableName: 'bus-audit', Item: { pk: event.id, ...event } }));
    }),
  };
}

/** Answers PutEvents, for which there is no emulator, and keeps what was put. */
async function startBus() {
  let events: ShopEvent[] = [];
  const server = createServer(async (request, response) => {
    const { Entries } = JSON.parse(await text(request)) as { Entries: { Detail: string }[] };
    events.push(...Entries.map(({ Detail }) => JSON.parse(Detail) as ShopEvent));
    const answer = { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: randomUUID() })) };
    response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = events;
      events = [];
      return taken;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
