import { type AttributeValue, QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import { Refusal } from '@fanfold/runtime/refusal';
import type { EventQuery } from '../query/eventQuery.ts';
import type { Recorded } from '../record/received.ts';
import { type Condition, expressionsOf } from './conditions.ts';
import { type EventItem, unsealAll } from './eventItems.ts';
import { load, loadAll } from './events.ts';

/**
 * A merchant's events, in the order of arrival. The events of a subject are few, so all of them are read. Of a
 * correlation or of the whole merchant, as many are read as the page needs.
 *
 * @param isTimeUp is asked when there is more to read and the page is not full: then the page ends there
 * @throws Refusal 404 when there is no event with the id `startingAfter`, 422 when time was up before anything was
 *   found
 */
export async function find(
  merchantId: string,
  query: EventQuery,
  isTimeUp: () => boolean,
): Promise<Page<Recorded>> {
  const { limit, startingAfter, subject } = query;
  const after = startingAfter === undefined ? -1 : await positionOf(merchantId, startingAfter);
  if (query.from !== undefined && query.from === query.to) return { items: [], hasMore: false };
  const request = requestOf(merchantId, query, after);
  let { Limit } = request;
  const found: EventItem[] = [];
  let next: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({ ...request, Limit, ExclusiveStartKey: next }),
    );
    found.push(...Items.map((item) => unmarshall(item) as EventItem));
    next = LastEvaluatedKey;
    Limit &&= Math.min(Limit * filteredReadFactor, maxFilteredPageSize);
  } while (next && (subject !== undefined || (found.length <= limit && !isTimeUp())));

  if (next && found.length === 0) throw tooBroad();
  const hasMore = next !== undefined || found.length > limit;
  if (subject === undefined) return { items: await loadAll(found.slice(0, limit)), hasMore };
  found.sort((a, b) => a.position - b.position);
  return { items: await unsealAll(found.slice(0, limit)), hasMore };
}

async function positionOf(merchantId: string, id: string): Promise<number> {
  const recorded = await load(merchantId, id);
  if (recorded) return recorded.position;
  throw nothingToStartAfter('an event');
}

const tooBroad = (): Refusal =>
  new Refusal(
    422,
    'query_too_broad',
    'There are too many events to search in the available time. Ask by subject or correlationId, or with fewer filters.',
  );

/**
 * How many index entries are read, if some may not match the filters: four times a page, and four times as many with
 * each further call. So frequent matches cost little, and rare ones at most three calls more.
 */
const filteredReadFactor = 4;
const maxFilteredPageSize = 1000;

/**
 * Reads the index with the fewest events: the subject, else the correlation, else the merchant. The rest is a filter.
 */
function requestOf(
  merchantId: string,
  { subject, correlationId, type, from, to, limit }: EventQuery,
  after: number,
): QueryCommandInput {
  const position: Condition = { attribute: 'position', operator: '>', value: after };
  const correlation: Condition = {
    attribute: 'correlation',
    operator: '=',
    value: correlationId && `${merchantId}#${correlationId}`,
  };
  const given = (conditions: Condition[]) => conditions.filter(({ value }) => value !== undefined);
  const filters = given([
    { attribute: 'type', operator: '=', value: type },
    { attribute: 'time', operator: '>=', value: from },
    { attribute: 'time', operator: '<', value: to },
  ]);
  if (subject !== undefined) {
    const key: Condition = { attribute: 'pk', operator: '=', value: `${merchantId}#${subject}` };
    return { ...expressionsOf([key], [position, ...given([correlation]), ...filters]), ConsistentRead: true };
  }
  const [IndexName, key]: [string, Condition] =
    correlationId === undefined
      ? ['ByMerchant', { attribute: 'merchantId', operator: '=', value: merchantId }]
      : ['ByCorrelation', correlation];
  const Limit = filters.length > 0 ? filteredReadFactor * (limit + 1) : limit + 1;
  return { ...expressionsOf([key, position], filters), IndexName, Limit };
}
