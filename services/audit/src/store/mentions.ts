import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { sequenceOf } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { readItems } from '@fanfold/runtime/readItems';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import type { Mention, Numbered } from '../compare/completeness.ts';
import { type Condition, expressionsOf } from './conditions.ts';
import type { EventItem } from './eventItems.ts';
import { tableName } from './tables.ts';

/** How far the clocks of publishers and of this service may differ. */
const clockSkewMs = 5 * 60_000;

/**
 * The consumer has 30 s and 512 MB. To read so many takes about five seconds at 4,000 entries a page, and 60 MB. That
 * leaves room for as many lookups.
 */
const maxMentionsRead = 250_000;

/**
 * The events of a merchant recorded since a day began, page by page, the newest first. Times of recording grow with
 * positions, except for the few seconds that concurrent appends may take.
 *
 * @throws Unprocessable when there are too many to read
 */
export async function* mentionsSince(merchantId: string, date: string): AsyncGenerator<Mention[]> {
  let read = 0;
  const earliest = new Date(Date.parse(date) - clockSkewMs).toISOString();
  const merchant: Condition = { attribute: 'merchantId', operator: '=', value: merchantId };
  let next: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        ...expressionsOf([merchant], []),
        IndexName: 'ByMerchant',
        ScanIndexForward: false,
        ExclusiveStartKey: next,
      }),
    );
    const page = Items.map((item) => unmarshall(item) as EventItem);
    yield page.map(({ pk, sk, type, time }) => ({
      subject: pk.slice(merchantId.length + 1),
      n: Number(sk),
      type,
      time,
    }));
    read += page.length;
    next = page.some(({ recordedAt }) => recordedAt < earliest) ? undefined : LastEvaluatedKey;
    if (next && read >= maxMentionsRead) {
      throw new Unprocessable(
        'too-many-events',
        `${merchantId} has more than ${maxMentionsRead} events since ${date}: check that day by hand`,
      );
    }
  } while (next);
}

/**
 * The consumer has 30 s and 512 MB. So many lookups take about eleven seconds, at 5 ms of a whole processor per
 * hundred.
 */
const maxLookedUp = 50_000;

/**
 * Those of some sequence numbers that are not recorded.
 *
 * @throws Unprocessable when there are too many to look up
 */
export async function absentOf(merchantId: string, numbered: Numbered[]): Promise<Numbered[]> {
  if (numbered.length > maxLookedUp) {
    throw new Unprocessable(
      'too-many-events',
      `${merchantId} has more than ${maxLookedUp} subjects that go on from before that day: check it by hand`,
    );
  }
  const keyOf = ({ subject, n }: Numbered) => ({ pk: `${merchantId}#${subject}`, sk: sequenceOf(n) });
  const present = new Set<string>();
  for await (const items of readItems(tableName(), numbered.map(keyOf), 'pk, sk')) {
    for (const { pk, sk } of items) present.add(`${pk?.S} ${sk?.S}`);
  }
  return numbered.filter((each) => {
    const { pk, sk } = keyOf(each);
    return !present.has(`${pk} ${sk}`);
  });
}
