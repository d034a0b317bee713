import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { provision } from '@fanfold/local-cloud/provision';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import middy from '@middy/core';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { Invocations } from './invocations.ts';
import type { MeteredCloud } from './meteredCloud.ts';
import { secondsPerMonth } from './prices.ts';
import type { Program, RunningProgram } from './program.ts';
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
  queueOf,
  restRequest,
  type ShopEvent,
  shopEvent,
  tableOf,
  takePayment,
} from './shop.ts';
import type { Used } from './units.ts';

const topicArn = arnOf('sns', 'usual-events');
const consumers = ['billing', 'audit', 'payments'] as const;
const hears: Record<(typeof consumers)[number], ShopEvent['type'][]> = {
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
  useEndpoints(cloud.metered);
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
            FilterPolicy: { type: hears[name] },
          },
        },
      ]),
    ),
    cloud.emulators,
  );

  const invocations = new Invocations();
  const functions = makeFunctions();
  let used: Used[] = [];
  let next = 0;
  const run = (name: string, work: () => Promise<unknown>) => invocations.run(name, memoryMb, work);
  const pay = async () => {
    used.push({ unit: 'restRequests', place: 'API', count: 1 });
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
  const take = async () => {
    const taken = [...used, ...invocations.take(), ...(await cloud.take())];
    used = [];
    return taken;
  };
  const payAll = async (payments: number, batchSize: number) => {
    for (let i = 0; i < payments; i++) await pay();
    await flow(batchSize);
    return take();
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

function makeFunctions() {
  const logger = new Logger({ serviceName: 'usual' });
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const sns = new SNSClient({});
  const storeOf = (tableName: string) => new DynamoDBPersistenceLayer({ tableName, keyAttr: 'pk' });

  const outboxRow = (table: string, event: ShopEvent) => ({
    Put: {
      TableName: table,
      Item: { pk: event.id, status: 'PENDING', createdAt: event.time, event: JSON.stringify(event) },
    },
  });

  const createPayment = middy<ReturnType<typeof restRequest>, unknown>()
    .use(injectLambdaContext(logger))
    .use(
      makeHandlerIdempotent({
        persistenceStore: storeOf('usual-api-idempotency'),
        config: new IdempotencyConfig({ eventKeyJmesPath: 'headers."Idempotency-Key"' }),
      }),
    )
    .handler(async (request: ReturnType<typeof restRequest>) => {
      const body = paymentRequest.parse(JSON.parse(request.body));
      const payment = takePayment(body, request.requestContext.authorizer.claims.merchant_id);
      await documents.send(
        new TransactWriteCommand({
          TransactItems: [
            { Put: { TableName: 'usual-payments', Item: { pk: payment.id, ...payment } } },
            outboxRow('usual-payments-outbox', captured(payment)),
          ],
        }),
      );
      logger.info('payment captured', { paymentId: payment.id });
      return { statusCode: 201, body: JSON.stringify(payment) };
    });

  /** Publishes what is pending, oldest first, and deletes it. */
  async function poll(table: string): Promise<void> {
    let start: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await documents.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'ByStatus',
          KeyConditionExpression: '#status = :pending',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':pending': 'PENDING' },
          ExclusiveStartKey: start,
        }),
      );
      for (const { pk } of Items) {
        const { Item } = await documents.send(new GetCommand({ TableName: table, Key: { pk } }));
        const event = shopEvent.parse(JSON.parse(Item?.event));
        await sns.send(
          new PublishCommand({
            TopicArn: topicArn,
            Message: JSON.stringify(event),
            MessageAttributes: { type: { DataType: 'String', StringValue: event.type } },
          }),
        );
        await documents.send(new DeleteCommand({ TableName: table, Key: { pk } }));
        logger.info('event published', { eventId: event.id });
      }
      start = LastEvaluatedKey;
    } while (start);
  }

  /** A consumer of a queue whose work is done once per event, as its idempotency table remembers. */
  const consumer = (tableName: string, work: (event: ShopEvent) => Promise<void>) => {
    const processor = new BatchProcessor(EventType.SQS);
    const config = new IdempotencyConfig({ eventKeyJmesPath: 'id' });
    const once = makeIdempotent(
      async (event: ShopEvent) => {
        await work(event);
        logger.info('event handled', { eventId: event.id, type: event.type });
        return { eventId: event.id };
      },
      { persistenceStore: storeOf(tableName), config },
    );
    const handleRecord = async ({ body }: SQSRecord) => once(shopEvent.parse(JSON.parse(body)));
    return middy<SQSEvent, unknown>()
      .use(injectLambdaContext(logger))
      .handler(async (event: SQSEvent, context) => {
        config.registerLambdaContext(context);
        // One after the other: those of one merchant would take the same number, and all but one try again.
        return processPartialResponse(event, handleRecord, processor, { context, processInParallel: false });
      });
  };

  const billing = consumer('usual-billing-idempotency', async ({ data, merchantId }) => {
    const counter = { pk: `${merchantId}#INV-2026` };
    for (;;) {
      const { Item } = await documents.send(
        new GetCommand({ TableName: 'usual-billing', Key: counter, ConsistentRead: true }),
      );
      const count = (Item?.count ?? 0) + 1;
      const invoice: Invoice = invoiceFor(data as Payment, count);
      try {
        await documents.send(
          new TransactWriteCommand({
            TransactItems: [
              {
                Update: {
                  TableName: 'usual-billing',
                  Key: counter,
                  UpdateExpression: 'SET #count = :count',
                  ConditionExpression: 'attribute_not_exists(pk) OR #count = :before',
                  ExpressionAttributeNames: { '#count': 'count' },
                  ExpressionAttributeValues: { ':count': count, ':before': count - 1 },
                },
              },
              { Put: { TableName: 'usual-billing', Item: { pk: invoice.id, ...invoice } } },
              outboxRow('usual-billing-outbox', issued(invoice)),
            ],
          }),
        );
        return;
      } catch (error) {
        if ((error as Error).name !== 'TransactionCanceledException') throw error;
      }
    }
  });

  const payments = consumer('usual-payments-idempotency', async ({ data }) => {
    const { paymentId, number } = data as Invoice;
    await documents.send(
      new UpdateCommand({
        TableName: 'usual-payments',
        Key: { pk: paymentId },
        UpdateExpression: 'SET invoiceNumber = :number',
        ExpressionAttributeValues: { ':number': number },
      }),
    );
  });

  const audit = consumer('usual-audit-idempotency', async (event) => {
    try {
      await documents.send(
        new PutCommand({
          TableName: 'usual-audit',
          Item: { pk: event.id, ...event },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  });

  return { createPayment, poll, billing, payments, audit };
}
