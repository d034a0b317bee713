import type { Call } from '../emulators/jsonApi.ts';

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
  dynamodb: Call,
  functionName: string,
  streamArn: string,
): Promise<Checkpoints> {
  await createTable(dynamodb);
  const mapping = { S: `${functionName} ${streamArn}` };
  return {
    async load() {
      const positions = new Map<string, Position>();
      for (let ExclusiveStartKey: object | undefined; ; ) {
        const { Items = [], LastEvaluatedKey }: Page = await dynamodb('Query', {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: 'mapping = :mapping',
          ExpressionAttributeValues: { ':mapping': mapping },
          ExclusiveStartKey,
        });
        for (const { shard, position } of Items) positions.set(shard.S, position.S);
        ExclusiveStartKey = LastEvaluatedKey;
        if (!ExclusiveStartKey) return positions;
      }
    },
    async save(shardId, position) {
      const Item = { mapping, shard: { S: shardId }, position: { S: position } };
      await dynamodb('PutItem', { TableName, Item });
    },
  };
}

type Page = { Items?: { shard: { S: string }; position: { S: string } }[]; LastEvaluatedKey?: object };

async function createTable(dynamodb: Call): Promise<void> {
  try {
    await dynamodb('CreateTable', {
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
    });
  } catch (error) {
    if ((error as Error).name !== 'ResourceInUseException') throw error;
  }
}
