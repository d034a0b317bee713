import { QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { eventId } from '@fanfold/contracts/event';
import { chunksOf, lambdaAnswer } from '@fanfold/runtime/batch';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import type { Indexed, IndexRequest } from '../query/exportRequest.ts';
import { type Condition, expressionsOf } from './conditions.ts';
import { type EventItem, keyOf } from './eventItems.ts';
import { loadAll } from './events.ts';

/** Where the next part of the index begins. */
export type Next = NonNullable<IndexRequest['after']>;

/** How many events a part of the index has, give or take a page: about 2 MB, of the 6 MB of a Lambda response. */
const indexPartSize = 5000;

/**
 * A part of the index: of one merchant by position, of all merchants in no order. As long as there is `next` there
 * may be more, also after a part without events.
 */
export async function readIndex(
  { merchantId, subject, type, from, to, after }: IndexRequest,
  isTimeUp: () => boolean,
): Promise<{ events: Indexed[]; next?: Next }> {
  const filters: Condition[] = [
    { attribute: 'time', operator: '>=', value: from },
    { attribute: 'time', operator: '<', value: to },
    ...(type === undefined ? [] : [{ attribute: 'type', operator: '=', value: type } as const]),
  ];
  const keys: Condition[] =
    merchantId === undefined ? [] : [{ attribute: 'merchantId', operator: '=', value: merchantId }];
  const request = { ...expressionsOf(keys, filters), IndexName: 'ByMerchant' };
  const events: Indexed[] = [];
  let next = after && marshall(after);
  do {
    const input = { ...request, ExclusiveStartKey: next };
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      merchantId === undefined ? new ScanCommand(input) : new QueryCommand(input),
    );
    for (const item of Items) {
      const { pk, sk, ...found } = unmarshall(item) as EventItem;
      const subjectFound = pk.slice(found.merchantId.length + 1);
      if (subject !== undefined && subject !== subjectFound) continue;
      const { merchantId, type, position } = found;
      events.push({ merchantId, id: eventId(subjectFound, Number(sk)), type, position });
    }
    next = LastEvaluatedKey;
  } while (next && events.length < indexPartSize && !isTimeUp());
  return { events, ...(next && { next: unmarshall(next) as Next }) };
}

/** The text of an event in the index. It is null when the event was erased. */
export type RecordedText = { position: number; text: string | null };

/**
 * The texts of events of the index, in the order of the log: the first ones, as many as fit into one answer.
 *
 * @throws when one of them is not in the log
 */
export async function loadTexts(
  events: Pick<Indexed, 'merchantId' | 'id' | 'position'>[],
): Promise<RecordedText[]> {
  const entries = events.map(({ merchantId, id, position }) => {
    const key = keyOf(merchantId, id);
    if (!key) throw new Error(`${id} is not the id of an event`);
    return { ...key, position };
  });
  const texts = (await loadAll(entries.toSorted((a, b) => a.position - b.position))).map(
    ({ position, text = null }) => ({ position, text }),
  );
  if (texts.length < events.length) throw new Error('The log does not have all of these events');
  const [first = []] = chunksOf(
    texts,
    ({ text }) => Buffer.byteLength(JSON.stringify(text)) + 50,
    lambdaAnswer,
  );
  return first;
}
