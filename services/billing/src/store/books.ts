import { type TransactWriteItem, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type Cancelled, reasonsOf } from '@fanfold/runtime/failure';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import {
  accountOf,
  type BillableEvent,
  Books,
  creditNoteOf,
  type Entries,
  maxTransactionWrites,
  seriesOf,
} from '../books.ts';
import { reversalIdOf } from '../reversal.ts';
import { prefixOfNumber } from '../series.ts';
import { hasOrder } from '../taxDocument.ts';
import {
  type AccountItem,
  accountItem,
  accountOfItem,
  attributesOf,
  type CreditNoteItem,
  creditNoteItem,
  issuedOfItem,
  type ReversalItem,
  reversalItem,
  type SeriesItem,
  type Stored,
  seriesItem,
  seriesOfItem,
  storedOf,
} from './items.ts';
import { currentSeller, sellerKey } from './sellers.ts';
import { readAll, tableName } from './table.ts';

/** The stored items that a batch of events concerns, by key. */
export type StoredItems = Map<string, Stored>;

/**
 * Reads the items that a batch of events concerns, all with one read; with a second one where numbers have a prefix, which only the
 * seller or the invoice tells, and where refunds or failures of them are parked, whose series and credit notes only the account
 * tells.
 */
export async function readStored(events: BillableEvent[], now: Date): Promise<StoredItems> {
  const none: StoredItems = new Map();
  const first = events.flatMap((event) => [
    accountKey(event),
    ...documentKeys(event),
    ...seriesKeys(event, now, null, none),
  ]);
  const stored = await readByKey(first);
  const all = [
    ...events.flatMap((event) => seriesKeys(event, now, prefixOf(event, stored), stored)),
    ...accountsIn(stored).flatMap(({ parkedFailures = [] }) => parkedFailures.flatMap(documentKeys)),
  ];
  const further = all.filter((key) => !first.includes(key));
  return further.length === 0 ? stored : new Map([...stored, ...(await readByKey(further))]);
}

/** Whether refunds wait in these accounts, or failures: what was read without them lacks what they need. */
export const hasParked = (stored: StoredItems): boolean =>
  accountsIn(stored).some(({ parked, parkedFailures = [] }) => parked.length + parkedFailures.length > 0);

const accountsIn = (stored: StoredItems): AccountItem[] =>
  [...stored.values()].filter((item): item is AccountItem => 'parked' in item);

const readByKey = async (keys: string[]): Promise<StoredItems> =>
  new Map((await readAll([...new Set(keys)])).map((item) => [item.pk, item]));

function accountKey(event: BillableEvent): string {
  const { merchantId, id } = accountOf(event);
  return `${merchantId}#${id}`;
}

/** Of the documents that follow from an event, and what it needs to issue them. */
function documentKeys(event: BillableEvent): string[] {
  const { merchantid } = event;
  switch (event.type) {
    case 'payment.captured.v1':
      return [sellerKey(merchantid)];
    case 'payment.refunded.v1':
      return [`${merchantid}#${creditNoteOf(event)}`];
    case 'payment.refund-failed.v1':
      return [`${merchantid}#${creditNoteOf(event)}`, `${merchantid}#${reversalIdOf(event.data.refund.id)}`];
  }
}

function seriesKeys(event: BillableEvent, now: Date, prefix: string | null, stored: StoredItems): string[] {
  const account = stored.get(accountKey(event)) as AccountItem | undefined;
  return seriesOf(event, now, prefix, account).map((series) => `${series.merchantId}#${series.name}`);
}

/** The prefix of the number that an event will take: of the seller, or once there is an invoice, of that. */
function prefixOf(event: BillableEvent, stored: StoredItems): string | null {
  const { merchantId } = accountOf(event);
  const { invoice } = (stored.get(accountKey(event)) ?? {}) as Partial<AccountItem>;
  if (invoice) return prefixOfNumber(invoice.number);
  if (event.type !== 'payment.captured.v1' || !hasOrder(event)) return null;
  return currentSeller(stored.get(sellerKey(merchantId)))?.seller.numberingPrefix ?? null;
}

/** The books with these items. */
export function booksOf(stored: StoredItems, now: Date): Books {
  const items = [...stored.values()];
  const accounts = accountsIn(stored).map(accountOfItem);
  const series = items.filter((item): item is SeriesItem => 'count' in item).map(seriesOfItem);
  const creditNotes = items.filter((item): item is CreditNoteItem => 'creditNote' in item).map(issuedOfItem);
  const reversals = items.filter((item): item is ReversalItem => 'reversal' in item);
  const sellerOf = (merchantId: string) => currentSeller(stored.get(sellerKey(merchantId)));
  return new Books({ accounts, series, creditNotes, reversals, sellerOf }, now);
}

/**
 * Writes the changes of a batch of events, all or none.
 *
 * @returns undefined when they are written. Otherwise others have written meanwhile, and these are the current items,
 *   as far as DynamoDB returned them: decide again
 * @throws RangeError when it is more than one transaction holds
 * @throws Unprocessable when DynamoDB will never accept it
 */
export async function commit({
  accounts,
  creditNotes,
  reversals,
  series,
}: Entries): Promise<StoredItems | undefined> {
  const writes: TransactWriteItem[] = [
    ...series.map(({ series, countBefore }) => putIf(seriesItem(series), 'count', countBefore)),
    ...accounts.map(({ account, isIssued }) =>
      putIf(accountItem({ ...account, version: account.version + 1 }, isIssued), 'version', account.version),
    ),
    ...creditNotes.map((issued) => {
      const item = creditNoteItem(issued);
      // Whether it was reversed already is told by its account.
      return issued.isNew ? putIf(item, 'version', 0) : putOver(item);
    }),
    ...reversals.map((reversed) => putIf(reversalItem(reversed), 'version', 0)),
  ];
  if (writes.length === 0) return undefined;
  if (writes.length > maxTransactionWrites)
    throw new RangeError(`${writes.length} writes do not fit a transaction`);
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: writes }));
    return undefined;
  } catch (error) {
    const reasons = reasonsOf(error);
    const refused = reasons.find(({ cause }) => cause === 'refused');
    if (refused)
      throw new Unprocessable('refused', `DynamoDB refused it: ${refused.Code} ${refused.Message}`);
    if (!reasons.some(isRace) || reasons.some(({ cause }) => cause === 'unknown')) throw error;
    return itemsIn(reasons);
  }
}

const isRace = ({ cause }: Cancelled): boolean => cause === 'condition' || cause === 'conflict';

function itemsIn(reasons: Cancelled[]): StoredItems {
  const items = reasons.flatMap(({ Item }) => (Item ? storedOf(Item) : []));
  return new Map(items.map((item) => [item.pk, item]));
}

/** A put of an item that is there. */
const putOver = (item: CreditNoteItem): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: attributesOf(item),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ConditionExpression: 'attribute_exists(pk)',
  },
});

/** A put on condition that the counter still has the value that was read. 0 means that there was no item. */
const putIf = (
  item: AccountItem | CreditNoteItem | ReversalItem | SeriesItem,
  counter: string,
  before: number,
): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: attributesOf(item),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...(before === 0
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: '#counter = :before',
          ExpressionAttributeNames: { '#counter': counter },
          ExpressionAttributeValues: marshall({ ':before': before }),
        }),
  },
});
