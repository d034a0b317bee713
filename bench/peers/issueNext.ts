import { type DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';

type TransactItems = NonNullable<ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems']>;

/** Writes an invoice and the counter that it takes its number from in one transaction, and again when another was first. */
export async function issueNext(
  documents: DynamoDBDocumentClient,
  table: string,
  counterKey: string,
  writesOf: (count: number) => TransactItems,
): Promise<void> {
  for (;;) {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: { pk: counterKey }, ConsistentRead: true }),
    );
    const count = (Item?.count ?? 0) + 1;
    try {
      await documents.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Update: {
                TableName: table,
                Key: { pk: counterKey },
                UpdateExpression: 'SET #count = :count',
                ConditionExpression: 'attribute_not_exists(pk) OR #count = :before',
                ExpressionAttributeNames: { '#count': 'count' },
                ExpressionAttributeValues: { ':count': count, ':before': count - 1 },
              },
            },
            ...writesOf(count),
          ],
        }),
      );
      return;
    } catch (error) {
      if ((error as Error).name !== 'TransactionCanceledException') throw error;
    }
  }
}
