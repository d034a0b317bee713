import {
  CreateTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb';

/** The sequence number up to which a shard has been processed, or 'end' for all of a closed shard. */
export type Position = string;
export const endOfShard: Position = 'end';

export type Checkpoints = {
  /** By shard id. */
  load(): Promise<Map<string, Position>>;
  save(shardId: string, position: Position): Promise<void>;
};

const TableName = 'event-source-mapping-checkpoints';

/**
 * How far a mapping has come in each shard of a stream. It is stored in DynamoDB beside the stream, as by the Kinesis
 * Client Library, and so lasts exactly as long as the stream: a restarted service continues, and a new emulator
 * starts from the beginning.
 */
export async function openCheckpoints(
  dynamodb: DynamoDBClient,
  functionName: string,
  streamArn: string,
): Promise<Checkpoints> {
  await createTable(dynamodb);
  const mapping = { S: `${functionName} ${streamArn}` };
  return {
    async load() {
      const positions = new Map<string, Position>();
      const pages = paginateQuery(
        { client: dynamodb },
        {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: 'mapping = :mapping',
          ExpressionAttributeValues: { ':mapping': mapping },
        },
      );
      for await (const { Items = [] } of pages) {
        for (const item of Items) positions.set(item.shard?.S as string, item.position?.S as string);
      }
      return positions;
    },
    async save(shardId, position) {
      const Item = { mapping, shard: { S: shardId }, position: { S: position } };
      await dynamodb.send(new PutItemCommand({ TableName, Item }));
    },
  };
}

async function createTable(dynamodb: DynamoDBClient): Promise<void> {
  try {
    await dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'mapping', AttributeType: 'S' },
          { AttributeName: 'shard', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'mapping', KeyType: 'HASH' },
          { AttributeName: 'shard', KeyType: 'RANGE' },
        ],
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
}
