import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type EventItem, eventItemOf, keyNameOf, type Openable, openedBy } from './eventItems.ts';
import { loadKeys } from './keys.ts';
import { tableName } from './tables.ts';

/** A recorded event as the table has it, and what is needed to compare it with its entry. */
export type Recording = Pick<Openable, 'opened'> & { item: EventItem };

/** Where the next part of the table begins. */
export type Next = { pk: string; sk: string };

/**
 * A part of all recorded events, whatever says that they are there: of the table itself, in no order. As long as there is
 * `next` there may be more.
 *
 * @param limit how many items are read, of which those are left out that are no events, or are before `from`
 */
export async function readRecordings(
  limit: number,
  after: Next | undefined,
  from = 0,
): Promise<{ recordings: Recording[]; next?: Next }> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new ScanCommand({
      TableName: tableName(),
      Limit: limit,
      ...(from > 0
        ? {
            FilterExpression: 'attribute_exists(sealed) AND #position >= :from',
            ExpressionAttributeNames: { '#position': 'position' },
            ExpressionAttributeValues: marshall({ ':from': from }),
          }
        : { FilterExpression: 'attribute_exists(sealed)' }),
      ExclusiveStartKey: after && marshall(after),
    }),
  );
  const items = Items.map(eventItemOf);
  const keys = await loadKeys(items.map(keyNameOf));
  const recordings = items.map((item) => ({ item, ...openedBy(item, keys) }));
  return { recordings, ...(LastEvaluatedKey && { next: unmarshall(LastEvaluatedKey) as Next }) };
}
