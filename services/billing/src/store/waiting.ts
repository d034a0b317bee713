import { type AttributeValue, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import type { Captured } from '../invoice.ts';
import type { AccountItem, FindingItem, Waiting } from './items.ts';
import { readAll, tableName } from './table.ts';

type Key = Waiting & { pk: string };

/**
 * The merchants of which something waits for a seller, each once: whatever waits, one short query for each. They are in a circle, and begin
 * behind a merchant, so that none waits for all that come before it in each run.
 */
export async function* merchantsWaiting(behind: string): AsyncGenerator<string> {
  let [after, isAround] = [behind, behind === ''];
  for (;;) {
    // The next character: behind all of a merchant, and before any whose id begins with this one.
    const [first] = await query(
      'waitsAs > :after',
      { ':after': after === '' ? ' ' : `${after}$` },
      { Limit: 1 },
    );
    const [merchantId] = first?.waitsAs.split('#') ?? [];
    const isBehind =
      merchantId === undefined || (isAround && behind !== '' && `${merchantId}#` > `${behind}#`);
    if (!isBehind) {
      yield merchantId;
      after = merchantId;
    } else if (isAround) return;
    else [after, isAround] = ['', true];
  }
}

const lastLookedAtKey = 'waiting#last-looked-at';

/** The merchant whose captures a run of `releaseParked` has looked at last; empty when there is none. */
export async function lastLookedAt(): Promise<string> {
  const [item] = (await readAll([lastLookedAtKey])) as unknown as { merchantId: string }[];
  return item?.merchantId ?? '';
}

export async function saveLastLookedAt(merchantId: string): Promise<void> {
  const Item = marshall({ pk: lastLookedAtKey, merchantId, said: false });
  await dynamodb.send(new PutItemCommand({ TableName: tableName(), Item }));
}

/** How many captures are released between two looks at the time. */
const pageSize = 50;

/**
 * A merchant's parked captures that were not tried with a seller, in order of capture, page by page. The index may still have some
 * that were released just now, and their items tell.
 *
 * @param tried by `triedOf`; null for those that were tried with whatever seller
 */
export async function* parkedCaptures(merchantId: string, tried: string | null): AsyncGenerator<Captured[]> {
  const untried =
    tried === null
      ? { FilterExpression: 'attribute_exists(tried)' }
      : { FilterExpression: 'attribute_exists(tried) AND tried <> :tried', values: { ':tried': tried } };
  for await (const keys of pagesOf(`${merchantId}#`, untried)) {
    const accounts = await accountsOf(keys);
    yield accounts.flatMap(({ parkedCapture }) => parkedCapture?.event ?? []);
  }
}

/** The accounts of a merchant that have a parked capture, page by page: also those with captures of other days. */
export async function* parkedAccounts(merchantId: string): AsyncGenerator<AccountItem[]> {
  for await (const keys of pagesOf(`${merchantId}#`, { FilterExpression: 'attribute_exists(tried)' })) {
    yield (await accountsOf(keys)).filter(({ parkedCapture }) => parkedCapture !== undefined);
  }
}

/** The open findings of a merchant that tell of parked captures. */
export async function findingsWaiting(merchantId: string): Promise<FindingItem[]> {
  const found: FindingItem[] = [];
  for await (const keys of pagesOf(`${merchantId}#rec_`)) {
    found.push(...((await readAll(keys.map(({ pk }) => pk))) as FindingItem[]));
  }
  return found.filter(({ waits }) => waits !== undefined);
}

/** Whether a capture of a merchant waits that was made on a day (UTC) or before. A refund is never before its capture. */
export async function isWaitingUntil(merchantId: string, date: string): Promise<boolean> {
  const found = await query(
    'waitsAs BETWEEN :first AND :last',
    { ':first': `${merchantId}#`, ':last': `${merchantId}#${date}T~` },
    { Limit: 1 },
  );
  return found.length > 0;
}

/** How many captures wait: up to some thousand, which are enough to say that there are many. */
export async function countWaiting(): Promise<number> {
  const { Count = 0 } = await dynamodb.send(
    new QueryCommand({
      ...index,
      TableName: tableName(),
      KeyConditionExpression: 'waits = :waits',
      // A finding may be open for another reason, when none of its captures waits any more.
      FilterExpression: 'attribute_exists(tried)',
      ExpressionAttributeValues: marshall({ ':waits': 'seller' }),
      Select: 'COUNT',
    }),
  );
  return Count;
}

const index = { IndexName: 'Waiting' } as const;

async function accountsOf(keys: Key[]): Promise<AccountItem[]> {
  const found = new Map(
    (await readAll(keys.map(({ pk }) => pk))).map((item) => [item.pk, item as AccountItem]),
  );
  return keys.flatMap(({ pk }) => found.get(pk) ?? []);
}

async function* pagesOf(
  prefix: string,
  { FilterExpression, values }: { FilterExpression?: string; values?: Record<string, string> } = {},
): AsyncGenerator<Key[]> {
  let page: Key[] = [];
  let start: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        ...index,
        TableName: tableName(),
        KeyConditionExpression: 'waits = :waits AND begins_with(waitsAs, :prefix)',
        FilterExpression,
        ExpressionAttributeValues: marshall({ ':waits': 'seller', ':prefix': prefix, ...values }),
        ExclusiveStartKey: start,
      }),
    );
    page.push(...Items.map((item) => unmarshall(item) as Key));
    for (; page.length >= pageSize; page = page.slice(pageSize)) yield page.slice(0, pageSize);
    start = LastEvaluatedKey;
  } while (start);
  if (page.length > 0) yield page;
}

async function query(
  condition: string,
  values: Record<string, string>,
  { Limit }: { Limit: number },
): Promise<Key[]> {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      ...index,
      TableName: tableName(),
      KeyConditionExpression: `waits = :waits AND ${condition}`,
      ExpressionAttributeValues: marshall({ ':waits': 'seller', ...values }),
      Limit,
    }),
  );
  return Items.map((item) => unmarshall(item) as Key);
}
