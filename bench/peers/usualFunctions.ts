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
import middy from '@middy/core';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import {
  captured,
  type Invoice,
  invoiceFor,
  issued,
  issueNext,
  type Payment,
  paymentRequest,
  type RestRequest,
  type ShopEvent,
  shopEvent,
  takePayment,
} from './shop.ts';

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

export const createPayment = middy<RestRequest, unknown>()
  .use(injectLambdaContext(logger))
  .use(
    makeHandlerIdempotent({
      persistenceStore: storeOf('usual-api-idempotency'),
      config: new IdempotencyConfig({ eventKeyJmesPath: 'headers."Idempotency-Key"' }),
    }),
  )
  .handler(async (request: RestRequest) => {
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
export async function poll(table: string): Promise<void> {
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
          TopicArn: process.env.TOPIC_ARN,
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

export const billing = consumer('usual-billing-idempotency', ({ data, merchantId }) =>
  issueNext(documents, 'usual-billing', `${merchantId}#INV-2026`, (count) => {
    const invoice = invoiceFor(data as Payment, count);
    return [
      { Put: { TableName: 'usual-billing', Item: { pk: invoice.id, ...invoice } } },
      outboxRow('usual-billing-outbox', issued(invoice)),
    ];
  }),
);

export const payments = consumer('usual-payments-idempotency', async ({ data }) => {
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

export const audit = consumer('usual-audit-idempotency', async (event) => {
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
