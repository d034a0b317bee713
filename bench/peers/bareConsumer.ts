import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent } from 'aws-lambda';

const dynamodb = new DynamoDBClient({});

/** What no consumer can do without: each event is parsed, and noted by a write that refuses a second time. */
export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const batchItemFailures: SQSBatchItemFailure[] = [];
  await Promise.all(
    Records.map(async ({ messageId, body }) => {
      try {
        const { id, merchantid, data } = JSON.parse(body);
        await dynamodb.send(
          new UpdateItemCommand({
            TableName: process.env.PAYMENTS_TABLE_NAME,
            Key: { pk: { S: `${merchantid}#${data.paymentId}` } },
            UpdateExpression: 'SET noted = :id',
            ConditionExpression: 'attribute_not_exists(noted)',
            ExpressionAttributeValues: { ':id': { S: id } },
          }),
        );
      } catch (error) {
        console.error(error);
        batchItemFailures.push({ itemIdentifier: messageId });
      }
    }),
  );
  return { batchItemFailures };
};
