import {
  GetItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { reasonsOf } from '@fanfold/runtime/failure';
import { readItems } from '@fanfold/runtime/readItems';
import type { Series } from '../compare/series.ts';
import { tableName } from './tables.ts';

/** How many entries of the log are counted in the series. */
export type Counted = {
  size: number;
  /** Grows with each write of a series. */
  version: number;
  /** Grows when all are counted anew, because events were added to a log that was restored. Each has series of its own. */
  generation: number;
};

export const countedKey = { pk: 'counted', sk: 'counted' };

const partitionOf = ({ generation }: Pick<Counted, 'generation'>): string => `series:${generation}`;

const seriesKey = (counted: Counted, { merchantId, name }: Pick<Series, 'merchantId' | 'name'>) => ({
  pk: partitionOf(counted),
  sk: `${merchantId}#${name}`,
});

export async function loadCounted(): Promise<Counted> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(countedKey), ConsistentRead: true }),
  );
  return Item ? (unmarshall(Item) as Counted) : { size: 0, version: 0, generation: 0 };
}

/** Those of some series that there are. */
export async function loadSeries(
  counted: Counted,
  named: Pick<Series, 'merchantId' | 'name'>[],
): Promise<Series[]> {
  const found: Series[] = [];
  const keys = named.map((each) => seriesKey(counted, each));
  for await (const items of readItems(tableName(), keys)) {
    found.push(...items.map((item) => seriesOf(unmarshall(item))));
  }
  return found;
}

const seriesOf = ({ merchantId, name, highest, missing, etag }: Record<string, unknown>): Series =>
  ({ merchantId, name, highest, missing, ...(etag !== undefined && { etag }) }) as Series;

/**
 * Writes series together with how far they are counted, all or nothing.
 *
 * @param counted what was read before
 * @returns whether it did; otherwise somebody else has counted since
 */
export async function countOnce(series: Series[], counted: Counted, next: Counted): Promise<boolean> {
  const move = {
    Put: {
      TableName: tableName(),
      Item: marshall({ ...countedKey, ...next }),
      ConditionExpression: 'attribute_not_exists(pk) OR version = :version',
      ExpressionAttributeValues: marshall({ ':version': counted.version }),
    },
  };
  const puts = series.map((each) => ({
    Put: { TableName: tableName(), Item: marshall({ ...seriesKey(counted, each), ...each }) },
  }));
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [move, ...puts] }));
    return true;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    if (reasonsOf(error).some(({ cause }) => cause === 'condition' || cause === 'conflict')) return false;
    throw error;
  }
}

/** A part of all series, in the order of their merchants. As long as there is `next` there are more. */
export async function readSeries(after: string | undefined): Promise<{ series: Series[]; next?: string }> {
  const pk = partitionOf(await loadCounted());
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: marshall({ ':pk': pk }),
      ConsistentRead: true,
      ...(after !== undefined && { ExclusiveStartKey: marshall({ pk, sk: after }) }),
    }),
  );
  return {
    series: Items.map((item) => seriesOf(unmarshall(item))),
    ...(LastEvaluatedKey && { next: String(unmarshall(LastEvaluatedKey).sk) }),
  };
}
