import {
  type AttributeValue,
  BatchGetItemCommand,
  GetItemCommand,
  QueryCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { creditNoteIssued, invoiceIssued } from '@fanfold/contracts/billing';
import { type Event, makeEvent, type Trace } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import type { Page } from '@fanfold/runtime/list';
import { Refusal } from '@fanfold/runtime/refusal';
import { traceOf } from '@fanfold/runtime/trace';
import { type Account, accountOf, Books, type Entries, type Heard, seriesOf } from './books.ts';
import type { CreditNote } from './creditNote.ts';
import type { Series } from './series.ts';

/**
 * The billing table, `pk` = `<merchant>#<id>`:
 * - an account per payment under its invoice's id: the invoice, what was credited of it, parked refunds;
 * - a credit note per refund;
 * - a series per kind of document and year, under its name.
 *
 * A document, the number it takes and what it changes are written in one transaction, on condition that none of
 * them was written since they were read: a number is never taken without its document, and never twice. `said`
 * makes the table's stream carry the event of the document that was issued with this very write.
 *
 * Indexes hold keys only: `ByMerchant` has a merchant's documents by number, `ByOrder` the invoices of an order.
 */
type AccountItem = Account & {
  pk: string;
  said: { time: string; trace: Trace } | null;
  documents?: string;
  number?: string;
  order?: string;
};

type CreditNoteItem = {
  pk: string;
  merchantId: string;
  creditNote: CreditNote;
  said: { time: string; trace: Trace };
  documents: string;
  number: string;
};

type SeriesItem = Series & { pk: string };

const tableName = () => environmentVariable('BILLING_TABLE_NAME');

/** DynamoDB's limit for one transaction. */
const maxTransactionItems = 100;

/** Opens the books at what a batch of events is about: one read for all of them. */
export async function open(events: Heard[], now: Date): Promise<Books> {
  const keys = new Set(
    events.flatMap((event) => {
      const { merchantId, id } = accountOf(event);
      return [
        `${merchantId}#${id}`,
        ...seriesOf(event, now).map((series) => `${series.merchantId}#${series.name}`),
      ];
    }),
  );
  const items = await readAll([...keys]);
  const accounts = items.filter((item): item is AccountItem => 'parked' in item);
  const series = items.filter((item): item is SeriesItem => 'count' in item);
  return new Books(accounts, series, now);
}

/**
 * Writes what a batch of events changed, all or nothing.
 *
 * @returns false when others wrote in between: read again and decide again
 * @throws RangeError when it is more than one transaction holds
 */
export async function commit({ accounts, creditNotes, series }: Entries, now: Date): Promise<boolean> {
  const time = now.toISOString();
  const writes: TransactWriteItem[] = [
    ...series.map(({ series, countBefore }) => putIf(seriesItem(series), 'count', countBefore)),
    ...accounts.map(({ account, issuedBy }) =>
      putIf(
        accountItem(
          { ...account, version: account.version + 1 },
          issuedBy && { time, trace: traceOf(issuedBy) },
        ),
        'version',
        account.version,
      ),
    ),
    ...creditNotes.map(({ merchantId, creditNote, issuedBy }) =>
      putIf(creditNoteItem(merchantId, creditNote, { time, trace: traceOf(issuedBy) }), 'version', 0),
    ),
  ];
  if (writes.length === 0) return true;
  if (writes.length > maxTransactionItems)
    throw new RangeError(`${writes.length} writes do not fit a transaction`);
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: writes }));
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException && error.CancellationReasons?.some(isRace))
      return false;
    throw error;
  }
}

const isRace = ({ Code }: { Code?: string | undefined }): boolean =>
  Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict';

/** A put on condition that a counter is still what it was read as; 0 stands for no item. */
const putIf = (
  item: AccountItem | CreditNoteItem | SeriesItem,
  counter: string,
  before: number,
): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: marshall(item, { removeUndefinedValues: true }),
    ...(before === 0
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: '#counter = :before',
          ExpressionAttributeNames: { '#counter': counter },
          ExpressionAttributeValues: marshall({ ':before': before }),
        }),
  },
});

function accountItem(account: Account, said: AccountItem['said']): AccountItem {
  const { merchantId, id, invoice } = account;
  const item: AccountItem = { ...account, pk: `${merchantId}#${id}`, said };
  if (invoice) {
    item.documents = `${merchantId}#invoice`;
    item.number = sortableNumber(invoice.number);
    item.order = `${merchantId}#${invoice.orderId}`;
  }
  eventsOfItem(item); // what no consumer could read is never written
  return item;
}

function creditNoteItem(
  merchantId: string,
  creditNote: CreditNote,
  said: CreditNoteItem['said'],
): CreditNoteItem {
  const item = {
    pk: `${merchantId}#${creditNote.id}`,
    merchantId,
    creditNote,
    said,
    documents: `${merchantId}#credit-note`,
    number: sortableNumber(creditNote.number),
  };
  eventsOfItem(item);
  return item;
}

const seriesItem = (series: Series): SeriesItem => ({ ...series, pk: `${series.merchantId}#${series.name}` });

/** Numbers have six digits or more; as text they stand in order only at one length. */
const sortableNumber = (number: string): string => number.replace(/\d+$/, (count) => count.padStart(12, '0'));

/** The events of the write that left an item as it is in this image of the stream. */
export const eventsOf = (image: Record<string, AttributeValue>): Event[] =>
  eventsOfItem(unmarshall(image) as AccountItem | CreditNoteItem | SeriesItem);

function eventsOfItem(item: AccountItem | CreditNoteItem | SeriesItem): Event[] {
  if (!('said' in item) || !item.said) return [];
  const { time, trace } = item.said;
  const about = { n: 1, time, trace, merchantid: item.merchantId };
  if ('creditNote' in item) {
    const { id, ...facts } = item.creditNote;
    return [makeEvent(creditNoteIssued, { ...about, subject: id, data: { ...facts, creditNoteId: id } })];
  }
  if (!item.invoice) return [];
  const { id, ...facts } = item.invoice;
  return [makeEvent(invoiceIssued, { ...about, subject: id, data: { ...facts, invoiceId: id } })];
}

/** A payment's account, if its invoice has been issued. */
export async function loadInvoiced(merchantId: string, invoiceId: string): Promise<Account | undefined> {
  const item = (await read(merchantId, invoiceId)) as AccountItem | undefined;
  return item?.invoice ? item : undefined;
}

export async function loadCreditNote(merchantId: string, id: string): Promise<CreditNote | undefined> {
  return ((await read(merchantId, id)) as CreditNoteItem | undefined)?.creditNote;
}

/** Credit notes by their ids, in that order. */
export async function loadCreditNotes(merchantId: string, ids: string[]): Promise<CreditNote[]> {
  const items = (await readAll(ids.map((id) => `${merchantId}#${id}`))) as CreditNoteItem[];
  const found = new Map(items.map(({ creditNote }) => [creditNote.id, creditNote]));
  return ids.flatMap((id) => found.get(id) ?? []);
}

type ListQuery = { limit: number; startingAfter?: string | undefined };

/** A merchant's invoices, or those of an order, the newest first. */
export async function listInvoices(
  merchantId: string,
  { orderId, ...query }: ListQuery & { orderId?: string | undefined },
): Promise<Page<Account>> {
  const page =
    orderId === undefined
      ? await listKeys('ByMerchant', 'documents', `${merchantId}#invoice`, merchantId, query)
      : await listKeys('ByOrder', 'order', `${merchantId}#${orderId}`, merchantId, query);
  return { items: (await inOrder(page.items)) as AccountItem[], hasMore: page.hasMore };
}

/** A merchant's credit notes, the newest first. */
export async function listCreditNotes(merchantId: string, query: ListQuery): Promise<Page<CreditNote>> {
  const page = await listKeys('ByMerchant', 'documents', `${merchantId}#credit-note`, merchantId, query);
  const items = (await inOrder(page.items)) as CreditNoteItem[];
  return { items: items.map(({ creditNote }) => creditNote), hasMore: page.hasMore };
}

/** @throws Refusal 422 when there is no document with the id `startingAfter` in the list */
async function listKeys(
  index: 'ByMerchant' | 'ByOrder',
  attribute: 'documents' | 'order',
  value: string,
  merchantId: string,
  { limit, startingAfter }: ListQuery,
): Promise<Page<string>> {
  const start = startingAfter === undefined ? undefined : await read(merchantId, startingAfter);
  const { pk, number, [attribute]: part } = (start ?? {}) as Partial<AccountItem>;
  if (startingAfter !== undefined && part !== value) {
    throw new Refusal(422, 'invalid_request', 'There is no document in this list to start after.', {
      errors: [{ pointer: '#/startingAfter', detail: 'must be the id of a document in this list' }],
    });
  }
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      IndexName: index,
      KeyConditionExpression: '#part = :part',
      ExpressionAttributeNames: { '#part': attribute },
      ExpressionAttributeValues: marshall({ ':part': value }),
      ScanIndexForward: false,
      Limit: limit + 1,
      ExclusiveStartKey: start && marshall({ pk, number, [attribute]: value }),
    }),
  );
  return { items: Items.slice(0, limit).map(({ pk }) => pk?.S ?? ''), hasMore: Items.length > limit };
}

async function inOrder(keys: string[]): Promise<Stored[]> {
  const found = new Map((await readAll(keys)).map((item) => [item.pk, item]));
  return keys.flatMap((key) => found.get(key) ?? []);
}

type Stored = AccountItem | CreditNoteItem | SeriesItem;

async function read(merchantId: string, id: string): Promise<Stored | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({
      TableName: tableName(),
      Key: { pk: { S: `${merchantId}#${id}` } },
      ConsistentRead: true,
    }),
  );
  return Item && (unmarshall(Item) as Stored);
}

/** What BatchGetItem takes at once. */
const maxKeys = 100;

async function readAll(pks: string[]): Promise<Stored[]> {
  const items: Stored[] = [];
  let waiting: Record<string, AttributeValue>[] = pks.map((pk) => ({ pk: { S: pk } }));
  while (waiting.length > 0) {
    const keys = waiting.slice(0, maxKeys);
    const { Responses, UnprocessedKeys } = await dynamodb.send(
      new BatchGetItemCommand({ RequestItems: { [tableName()]: { Keys: keys, ConsistentRead: true } } }),
    );
    items.push(...(Responses?.[tableName()] ?? []).map((item) => unmarshall(item) as Stored));
    waiting = [...(UnprocessedKeys?.[tableName()]?.Keys ?? []), ...waiting.slice(maxKeys)];
  }
  return items;
}
