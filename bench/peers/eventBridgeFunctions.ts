import { IdempotencyConfig } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import middy from '@middy/core';
import type { DynamoDBStreamEvent } from 'aws-lambda';
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
  takePayment,
} from './shop.ts';

const logger = new Logger({ serviceName: 'bus' });
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  marshallOptions: { removeUndefinedValues: true },
});
const client = new EventBridgeClient({});

const logged = <Input>(work: (input: Input) => Promise<unknown>) =>
  middy<Input, unknown>().use(injectLambdaContext(logger)).handler(work);

const consumer = (work: (event: ShopEvent) => Promise<void>) =>
  logged(async ({ detail }: { detail: ShopEvent }) => {
    await work(detail);
    logger.info('event handled', { eventId: detail.id, type: detail.type });
  });

async function pay(request: RestRequest) {
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
}

export const createPayment = logged(pay);

/** The same, once for a key. */
export const createPaymentOnce = middy<RestRequest, unknown>()
  .use(injectLambdaContext(logger))
  .use(
    makeHandlerIdempotent({
      persistenceStore: new DynamoDBPersistenceLayer({ tableName: 'bus-api-idempotency', keyAttr: 'pk' }),
      config: new IdempotencyConfig({ eventKeyJmesPath: 'headers."Idempotency-Key"' }),
    }),
  )
  .handler(pay);

export const publish = logged(async ({ Records }: DynamoDBStreamEvent) => {
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
});

/** Takes a number first: it is lost when the invoice is not written after it. */
export const billing = consumer(async ({ data, merchantId }) => {
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
  await documents.send(new PutCommand(invoicePut(data as Payment, Number(Attributes?.count))));
});

/** The same without gaps: a number is taken with its invoice. */
export const billingWithoutGaps = consumer(({ data, merchantId }) =>
  issueNext(documents, 'bus-billing', `${merchantId}#INV-2026`, (count) => [
    { Put: invoicePut(data as Payment, count) },
  ]),
);

function invoicePut(payment: Payment, count: number) {
  const invoice = invoiceFor(payment, count);
  return { TableName: 'bus-billing', Item: { pk: invoice.id, ...invoice, event: 'invoice.issued' } };
}

export const payments = consumer(async ({ data }) => {
  const { paymentId, number } = data as Invoice;
  await documents.send(
    new UpdateCommand({
      TableName: 'bus-payments',
      Key: { pk: paymentId },
      UpdateExpression: 'SET invoiceNumber = :number REMOVE event',
      ExpressionAttributeValues: { ':number': number },
    }),
  );
});

export const audit = consumer(async (event) => {
  await documents.send(new PutCommand({ TableName: 'bus-audit', Item: { pk: event.id, ...event } }));
});
