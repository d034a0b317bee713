import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { parser } from '@aws-lambda-powertools/batch/parser';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { JSONStringified } from '@aws-lambda-powertools/parser/helpers';
import { SqsRecordSchema } from '@aws-lambda-powertools/parser/schemas';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import middy from '@middy/core';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { eventSchema } from './eventSchema.ts';

const dynamodb = new DynamoDBClient({});
const logger = new Logger();
const config = new IdempotencyConfig({ eventKeyJmesPath: 'body.id' });

type ParsedRecord = Omit<SQSRecord, 'body'> & {
  body: { id: string; merchantid: string; data: { paymentId: string } };
};

/** The same write as the bare consumer's, once per event by an idempotency table. */
const handleRecord = makeIdempotent(
  async ({ body: { id, merchantid, data } }: ParsedRecord) => {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: process.env.PAYMENTS_TABLE_NAME,
        Key: { pk: { S: `${merchantid}#${data.paymentId}` } },
        UpdateExpression: 'SET noted = :id',
        ConditionExpression: 'attribute_not_exists(noted)',
        ExpressionAttributeValues: { ':id': { S: id } },
      }),
    );
    return { id };
  },
  { persistenceStore: new DynamoDBPersistenceLayer({ tableName: 'idempotency' }), config },
);

const processor = new BatchProcessor(EventType.SQS, {
  parser,
  schema: SqsRecordSchema.extend({ body: JSONStringified(eventSchema) }),
});

/**
 * A consumer as Powertools' documentation leads to it. Of the two ways to parse that it has, this is the one that takes less.
 * https://docs.aws.amazon.com/powertools/typescript/latest/features/batch/
 * https://docs.aws.amazon.com/powertools/typescript/latest/features/idempotency/
 */
export const handler = middy<SQSEvent, unknown>()
  .use(injectLambdaContext(logger))
  .handler(async (event: SQSEvent, context: Context) => {
    config.registerLambdaContext(context);
    return processPartialResponse(event, handleRecord, processor, { context });
  });
