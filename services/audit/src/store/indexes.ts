import {
  type AttributeValue,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { merchantOf, subjectOf } from './eventItems.ts';
import { isCut, type Listing, type Read, type Scope, timeIsUp } from './listings.ts';
import type { Reading } from './mergedListings.ts';
import { tableName } from './tables.ts';

// Events without listings: those of earlier versions, and those that came back to a log that was restored.

/** What an index tells of an event. Only `ByMerchant` has the time of recording. */
export type Found = Omit<Listing, 'recordedAt' | 'correlationId' | 'dataSubject'> &
  Partial<Pick<Listing, 'recordedAt' | 'correlationId' | 'dataSubject'>>;

function foundIn(item: Record<string, AttributeValue>): Found {
  const { pk, sk, position, type, time, recordedAt } = unmarshall(item) as { pk: string } & Listing;
  return {
    merchantId: merchantOf({ pk }),
    subject: subjectOf({ pk }),
    sk,
    position,
    type,
    time,
    ...(recordedAt !== undefined && { recordedAt }),
  };
}

/** Those of a merchant or of a correlation behind a position, in the order of the log or against it. */
export async function* readIndexed(
  scope: Scope,
  after: number,
  { until = Number.POSITIVE_INFINITY, limit, isForward = true, isTimeUp = () => false }: Reading = {},
): AsyncGenerator<Read<Found>> {
  let next: QueryCommandInput['ExclusiveStartKey'];
  let Limit = limit;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        ...behind(scope, after),
        ScanIndexForward: isForward,
        ExclusiveStartKey: next,
        ...(Limit && { Limit }),
      }),
    );
    yield* Items.map(foundIn).filter(({ position }) => position < until);
    next = LastEvaluatedKey;
    Limit &&= Math.min(4 * Limit, 1000);
    if (next && isTimeUp()) {
      yield timeIsUp;
      return;
    }
  } while (next);
}

const behind = ({ merchantId, correlationId }: Scope, after: number): QueryCommandInput => ({
  TableName: tableName(),
  IndexName: correlationId === undefined ? 'ByMerchant' : 'ByCorrelation',
  KeyConditionExpression: '#key = :key AND #position > :after',
  ExpressionAttributeNames: {
    '#key': correlationId === undefined ? 'merchantId' : 'correlation',
    '#position': 'position',
  },
  ExpressionAttributeValues: marshall({
    ':key': correlationId === undefined ? merchantId : `${merchantId}#${correlationId}`,
    ':after': after,
  }),
});

/** The subject of a merchant's event at a position: undefined when there is none, or not yet. */
export async function subjectIndexedAt(merchantId: string, position: number): Promise<string | undefined> {
  for await (const each of readIndexed({ merchantId }, position - 1, { limit: 1 })) {
    return !isCut(each) && each.position === position ? each.subject : undefined;
  }
  return undefined;
}

/** Where the next part of the index begins. */
export type IndexKey = { pk: string; sk: string; merchantId: string; position: number };

/** A part of those of all merchants, in no order. As long as there is `next` there may be more. */
export async function scanIndexed(after: IndexKey | undefined): Promise<{ found: Found[]; next?: IndexKey }> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new ScanCommand({
      TableName: tableName(),
      IndexName: 'ByMerchant',
      ExclusiveStartKey: after && marshall(after),
    }),
  );
  return {
    found: Items.map(foundIn),
    ...(LastEvaluatedKey && { next: unmarshall(LastEvaluatedKey) as IndexKey }),
  };
}
