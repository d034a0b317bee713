import {
  type AttributeValue,
  type CancellationReason,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { billingReconciliationFailed, creditNoteIssued, invoiceIssued } from '@fanfold/contracts/billing';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import { Unprocessable } from '@fanfold/runtime/consume';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import type { Finding, Noted } from '@fanfold/runtime/finding';
import type { Page } from '@fanfold/runtime/list';
import { readItems } from '@fanfold/runtime/readItems';
import { Refusal } from '@fanfold/runtime/refusal';
import { type Account, accountOf, Books, type Entries, type Heard, seriesOf } from './books.ts';
import type { CreditNote } from './creditNote.ts';
import type { Invoice } from './invoice.ts';
import type { Difference, Document } from './reconciliation.ts';
import type { Series } from './series.ts';

/**
 * The billing table, `pk` = `<merchant>#<id>`:
 * - an account per payment under its invoice's id: the invoice, what was credited of it, parked refunds;
 * - a credit note per refund;
 * - a series per kind of document and year, under its name;
 * - a finding per day on which the documents differed from what payments captured and refunded.
 *
 * A document, the number it takes and what it changes are written in one transaction, on condition that none of
 * them was written since they were read: a number is never taken without its document, and never twice. `said`
 * makes the table's stream carry the event of the document that was issued, or the finding that was made, with this
 * very write. Should the stream have forgotten it before it was published, {@link sayAgain} makes it carry it again.
 *
 * Indexes: `ByMerchant` has a merchant's documents by number, with what a day is summed up from; nothing of that ever
 * changes, so it costs no writes. `ByOrder` has the keys of the invoices of an order.
 */
type AccountItem = Omit<Account, 'id' | 'invoice'> &
  Partial<Indexed> & {
    pk: string;
    said: boolean;
    order?: string;
    /** Without its id, which is the key's: a write unit takes a kilobyte, and a transaction counts twice. */
    invoice: Omit<Invoice, 'id'> | null;
  };

type CreditNoteItem = Indexed & { pk: string; merchantId: string; creditNote: CreditNote; said: boolean };

type Indexed = Document & {
  /** `<merchant>#<kind>` */
  documents: string;
  number: string;
};

type FindingItem = { pk: string; merchantId: string; finding: Finding<Difference>; said: boolean };

type SeriesItem = Series & {
  pk: string;
  /** What there was in the place of `lastIssuedAt` before there was a time. */
  lastIssueDate?: string;
};

const tableName = () => environmentVariable('BILLING_TABLE_NAME');

/** DynamoDB's limit for one transaction. */
const maxTransactionItems = 100;

/** What of the table a batch of events is about, by key. */
export type Pages = Map<string, Stored>;

/** Reads what a batch of events is about: one read for all of them. */
export async function readPages(events: Heard[], now: Date): Promise<Pages> {
  const keys = new Set(
    events.flatMap((event) => {
      const { merchantId, id } = accountOf(event);
      return [
        `${merchantId}#${id}`,
        ...seriesOf(event, now).map((series) => `${series.merchantId}#${series.name}`),
      ];
    }),
  );
  return new Map((await readAll([...keys])).map((item) => [item.pk, item]));
}

/** The books, open at these pages. */
export function booksAt(pages: Pages, now: Date): Books {
  const items = [...pages.values()];
  const accounts = items.filter((item): item is AccountItem => 'parked' in item).map(accountOfItem);
  const series = items.filter((item): item is SeriesItem => 'count' in item).map(seriesOfItem);
  return new Books(accounts, series, now);
}

/**
 * Writes what a batch of events changed, all or nothing.
 *
 * @returns undefined when it is written. Otherwise others wrote in between, and this is what they made of the pages that
 *   they are done with: decide again
 * @throws RangeError when it is more than one transaction holds
 */
export async function commit({ accounts, creditNotes, series }: Entries): Promise<Pages | undefined> {
  const writes: TransactWriteItem[] = [
    ...series.map(({ series, countBefore }) => putIf(seriesItem(series), 'count', countBefore)),
    ...accounts.map(({ account, isIssued }) =>
      putIf(accountItem({ ...account, version: account.version + 1 }, isIssued), 'version', account.version),
    ),
    ...creditNotes.map(({ merchantId, creditNote }) =>
      putIf(creditNoteItem(merchantId, creditNote), 'version', 0),
    ),
  ];
  if (writes.length === 0) return undefined;
  if (writes.length > maxTransactionItems)
    throw new RangeError(`${writes.length} writes do not fit a transaction`);
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: writes }));
    return undefined;
  } catch (error) {
    if (error instanceof TransactionCanceledException && error.CancellationReasons?.some(isRace))
      return pagesIn(error.CancellationReasons);
    throw error;
  }
}

const isRace = ({ Code }: CancellationReason): boolean =>
  Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict';

function pagesIn(reasons: CancellationReason[]): Pages {
  const items = reasons.flatMap(({ Item }) => (Item ? (unmarshall(Item) as Stored) : []));
  return new Map(items.map((item) => [item.pk, item]));
}

/** A put on condition that a counter is still what it was read as; 0 stands for no item. */
const putIf = (
  item: AccountItem | CreditNoteItem | SeriesItem,
  counter: string,
  before: number,
): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: marshall(item, { removeUndefinedValues: true }),
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

function accountItem(account: Account, said: boolean): AccountItem {
  const { id, invoice, ...stored } = account;
  const { merchantId } = account;
  const item: AccountItem = {
    ...stored,
    invoice: invoice && withoutId(invoice),
    pk: `${merchantId}#${id}`,
    said,
    ...(invoice && {
      ...indexed(merchantId, 'invoice', invoice, invoice.totals.gross),
      order: `${merchantId}#${invoice.orderId}`,
    }),
  };
  eventsOfItem(item); // what no consumer could read is never written
  return item;
}

const withoutId = ({ id, ...facts }: Invoice): Omit<Invoice, 'id'> => facts;

function accountOfItem(item: AccountItem): Account {
  const id = item.pk.slice(item.merchantId.length + 1);
  return { id, ...item, invoice: item.invoice && { id, ...item.invoice } };
}

function creditNoteItem(merchantId: string, creditNote: CreditNote): CreditNoteItem {
  const item = {
    pk: `${merchantId}#${creditNote.id}`,
    merchantId,
    creditNote,
    said: true,
    ...indexed(merchantId, 'credit-note', creditNote, creditNote.amount),
  };
  eventsOfItem(item);
  return item;
}

const indexed = (
  merchantId: string,
  kind: 'invoice' | 'credit-note',
  { number, issueDate, happenedOn, currency }: Invoice | CreditNote,
  amount: number,
): Indexed => ({
  documents: `${merchantId}#${kind}`,
  number: sortableNumber(number),
  issueDate,
  happenedOn,
  currency,
  amount,
});

const seriesItem = (series: Series): SeriesItem => ({ ...series, pk: `${series.merchantId}#${series.name}` });

const seriesOfItem = ({ pk: _pk, lastIssueDate, ...series }: SeriesItem): Series =>
  lastIssueDate === undefined ? series : { ...series, lastIssuedAt: `${lastIssueDate}T00:00:00.000Z` };

/** Numbers have six digits or more; as text they stand in order only at one length. */
const sortableNumber = (number: string): string => number.replace(/\d+$/, (count) => count.padStart(12, '0'));

/** The events of the write that left an item as it is in this image of the stream. */
export const eventsOf = (image: Record<string, AttributeValue>): Event[] =>
  eventsOfItem(unmarshall(image) as Stored);

function eventsOfItem(item: Stored): Event[] {
  if (!('said' in item) || !item.said) return [];
  if ('finding' in item) return [eventOfFinding(item.finding)];
  const about = ({ createdAt, trace }: Invoice | CreditNote) => ({
    n: 1,
    time: createdAt,
    trace,
    merchantid: item.merchantId,
  });
  if ('creditNote' in item) {
    const { id, ...facts } = item.creditNote;
    const data = { ...facts, creditNoteId: id };
    return [makeEvent(creditNoteIssued, { ...about(item.creditNote), subject: id, data })];
  }
  const { invoice } = accountOfItem(item);
  if (!invoice) return [];
  const { id, ...facts } = invoice;
  const data = { ...facts, invoiceId: id };
  return [makeEvent(invoiceIssued, { ...about(invoice), subject: id, data })];
}

const eventOfFinding = ({ merchantId, date, difference, n, foundAt, trace }: Finding<Difference>): Event =>
  makeEvent(billingReconciliationFailed, {
    subject: findingSubject(date, merchantId),
    n,
    time: foundAt,
    merchantid: merchantId,
    trace,
    data: { date, ...difference },
  });

const findingSubject = (date: string, merchantId: string): string => `rec_${date}_${merchantId}`;

const findingKey = (merchantId: string, date: string): string =>
  `${merchantId}#${findingSubject(date, merchantId)}`;

/** What was found of a merchant's day, if ever its documents differed from what payments said. */
export async function loadFinding(
  merchantId: string,
  date: string,
): Promise<Finding<Difference> | undefined> {
  const [item] = (await readAll([findingKey(merchantId, date)])) as FindingItem[];
  return item?.finding;
}

/**
 * Writes what was found of a merchant's day, in the place of what was known.
 *
 * @throws when another consumer wrote in between: the day has to be compared again
 */
export async function saveFinding(
  { finding, isNews }: Noted<Difference>,
  known: Finding<Difference> | undefined,
): Promise<void> {
  const { merchantId, date } = finding;
  const item: FindingItem = { pk: findingKey(merchantId, date), merchantId, finding, said: isNews };
  eventsOfItem(item);
  await dynamodb.send(
    new PutItemCommand({
      TableName: tableName(),
      Item: marshall(item),
      ...(known
        ? {
            ConditionExpression: 'finding.n = :n AND finding.mendedAt = :mendedAt',
            ExpressionAttributeValues: marshall({ ':n': known.n, ':mendedAt': known.mendedAt }),
          }
        : { ConditionExpression: 'attribute_not_exists(pk)' }),
    }),
  );
}

/** A consumer has 30 s. Reading so many takes some five of them at 5,000 documents a page. */
const maxDocumentsRead = 500_000;

/**
 * A merchant's documents of a kind that may have been issued for what happened on a day. In the order of numbers dates
 * never go back, and nothing is issued before it has happened, so the newest are read first until the day is over,
 * with a day more for clocks that do not agree.
 *
 * @throws Unprocessable when there are more since that day than can be read
 */
export async function documentsFor(
  merchantId: string,
  kind: 'invoice' | 'credit-note',
  date: string,
): Promise<Document[]> {
  const documents: Document[] = [];
  const earliest = new Date(Date.parse(date) - 86_400_000).toISOString().slice(0, 10);
  let read = 0;
  let start: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        IndexName: 'ByMerchant',
        KeyConditionExpression: '#documents = :documents',
        ExpressionAttributeNames: { '#documents': 'documents' },
        ExpressionAttributeValues: marshall({ ':documents': `${merchantId}#${kind}` }),
        ScanIndexForward: false,
        ExclusiveStartKey: start,
      }),
    );
    const page = Items.map((item) => unmarshall(item) as Indexed);
    documents.push(...page.filter(({ happenedOn }) => happenedOn === date));
    read += page.length;
    start = page.some(({ issueDate }) => issueDate < earliest) ? undefined : LastEvaluatedKey;
    if (start && read >= maxDocumentsRead) {
      throw new Unprocessable(
        'too-many-documents',
        `${merchantId} has more than ${maxDocumentsRead} documents since ${date}: compare that day by hand`,
      );
    }
  } while (start);
  return documents;
}

/**
 * Every document that was issued on a day (UTC), of one merchant or of all, by its key, page by page. An operator runs this rarely: it
 * looks through the index of all documents, some 200 bytes each.
 */
export async function* issuedOn(date: string, merchantId?: string): AsyncGenerator<{ id: string }[]> {
  let start: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new ScanCommand({
        TableName: tableName(),
        IndexName: 'ByMerchant',
        FilterExpression: `issueDate = :date${merchantId === undefined ? '' : ' AND begins_with(pk, :merchant)'}`,
        ExpressionAttributeValues: marshall(
          { ':date': date, ':merchant': merchantId && `${merchantId}#` },
          { removeUndefinedValues: true },
        ),
        ExclusiveStartKey: start,
      }),
    );
    yield Items.map(({ pk }) => ({ id: pk?.S ?? '' }));
    start = LastEvaluatedKey;
  } while (start);
}

/** Lets the table's stream carry the event of a document again. Nothing else changes. */
export async function sayAgain({ id }: { id: string }, now: Date): Promise<void> {
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(),
      Key: { pk: { S: id } },
      // Without a change there would be nothing in the stream.
      UpdateExpression: 'SET said = :said, saidAgainAt = :now',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: marshall({ ':said': true, ':now': now.toISOString() }),
    }),
  );
}

/** A payment's account, if its invoice has been issued. */
export async function loadInvoiced(merchantId: string, invoiceId: string): Promise<Account | undefined> {
  const item = (await read(merchantId, invoiceId)) as AccountItem | undefined;
  return item?.invoice ? accountOfItem(item) : undefined;
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
  const items = (await inOrder(page.items)) as AccountItem[];
  return { items: items.map(accountOfItem), hasMore: page.hasMore };
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

type Stored = AccountItem | CreditNoteItem | SeriesItem | FindingItem;

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

async function readAll(pks: string[]): Promise<Stored[]> {
  const stored: Stored[] = [];
  const keys = pks.map((pk) => ({ pk }));
  for await (const items of readItems(tableName(), keys)) {
    stored.push(...items.map((item) => unmarshall(item) as Stored));
  }
  return stored;
}
