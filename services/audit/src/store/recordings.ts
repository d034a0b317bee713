import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { readItems } from '@fanfold/runtime/readItems';
import { type EventItem, keyNameOf, type Openable, openedBy } from './eventItems.ts';
import type { Next } from './exports.ts';
import { loadKeys } from './keys.ts';
import { tableName } from './tables.ts';

/** A recorded event as the table has it, and what is needed to compare it with its entry. */
export type Recording = Pick<Openable, 'opened'> & { item: EventItem };

/**
 * A part of all recorded events. Those of one merchant come in the order of the log, so that many of them are in the
 * same bundle. As long as there is `next` there may be more.
 *
 * @param limit how many are read, of which those before `from` are left out
 */
export async function readRecordings(
  limit: number,
  after: Next | undefined,
  from = 0,
): Promise<{ recordings: Recording[]; next?: Next }> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new ScanCommand({
      TableName: tableName(),
      IndexName: 'ByMerchant',
      Limit: limit,
      ...(from > 0 && {
        FilterExpression: '#position >= :from',
        ExpressionAttributeNames: { '#position': 'position' },
        ExpressionAttributeValues: marshall({ ':from': from }),
      }),
      ExclusiveStartKey: after && marshall(after),
    }),
  );
  const found = Items.map((item) => unmarshall(item) as EventItem);
  const items: EventItem[] = [];
  for await (const page of readItems(
    tableName(),
    found.map(({ pk, sk }) => ({ pk, sk })),
  )) {
    items.push(...page.map((item) => unmarshall(item) as EventItem));
  }
  const keys = await loadKeys(items.map(keyNameOf));
  const recordings = items.map((item) => ({ item, ...openedBy(item, keys) }));
  return { recordings, ...(LastEvaluatedKey && { next: unmarshall(LastEvaluatedKey) as Next }) };
}
