import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type ListQuery, nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import type { Account, Credited } from '../books.ts';
import type { CreditNote } from '../creditNote.ts';
import type { Invoice } from '../invoice.ts';
import { beginningOfNumber, kindOfNumber } from '../series.ts';
import {
  type AccountItem,
  accountOfItem,
  type CreditNoteItem,
  documentsOf,
  type Indexed,
  type ReversalItem,
  type Stored,
  sortableNumber,
} from './items.ts';
import { read, readAll, tableName } from './table.ts';

/** The account of a payment whose invoice has been issued. */
export async function loadInvoiced(merchantId: string, invoiceId: string): Promise<Account | undefined> {
  const item = (await read(merchantId, invoiceId)) as AccountItem | undefined;
  return item?.invoice ? accountOfItem(item) : undefined;
}

/** An invoice, of a payment or one that reverses a credit note, with the credit notes that correct it. */
export type ShownInvoice = { invoice: Invoice; creditNotes: Credited[] };

export async function loadInvoice(merchantId: string, id: string): Promise<ShownInvoice | undefined> {
  const item = (await read(merchantId, id)) as AccountItem | ReversalItem | undefined;
  return item && shownOf(item);
}

/** Invoices that reverse credit notes by their ids, in that order. */
export async function loadReversals(merchantId: string, ids: string[]): Promise<ShownInvoice[]> {
  const items = await inOrder(ids.map((id) => `${merchantId}#${id}`));
  return items.flatMap((item) => shownOf(item as ReversalItem) ?? []);
}

function shownOf(item: AccountItem | ReversalItem): ShownInvoice | undefined {
  if ('reversal' in item) return { invoice: item.reversal, creditNotes: [] };
  const { invoice, creditNotes } = accountOfItem(item);
  return invoice ? { invoice, creditNotes } : undefined;
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

/** A merchant's invoices, or those of an order, the newest first; those of each numbering prefix together. */
export async function listInvoices(
  merchantId: string,
  { orderId, ...query }: ListQuery & { orderId?: string | undefined },
): Promise<Page<ShownInvoice>> {
  const page =
    orderId === undefined
      ? await listDocuments(documentsOf(merchantId, 'invoice'), merchantId, query)
      : await listOrder(`${merchantId}#${orderId}`, merchantId, query);
  const items = (await inOrder(page.items)) as (AccountItem | ReversalItem)[];
  return { items: items.flatMap((item) => shownOf(item) ?? []), hasMore: page.hasMore };
}

/** A merchant's credit notes, the newest first; those of each numbering prefix together. */
export async function listCreditNotes(merchantId: string, query: ListQuery): Promise<Page<CreditNote>> {
  const page = await listDocuments(documentsOf(merchantId, 'credit-note'), merchantId, query);
  const items = (await inOrder(page.items)) as CreditNoteItem[];
  return { items: items.map(({ creditNote }) => creditNote), hasMore: page.hasMore };
}

/** The id of the document with a number, such as `INV-2026-000001`. There is at most one. */
export async function findByNumber(merchantId: string, number: string): Promise<string[]> {
  const documents = documentsOf(merchantId, kindOfNumber(number) === 'INV' ? 'invoice' : 'credit-note');
  const keys = await queryKeys('ByMerchant', { documents, number: sortableNumber(number) });
  return keys.map((key) => key.slice(merchantId.length + 1));
}

/** More payments than an order ever has. */
const maxPaymentsOfOrder = 100;

/** The ids of an order's invoiced payments, the newest first. */
export async function findPayments(merchantId: string, orderId: string): Promise<string[]> {
  const order = `${merchantId}#${orderId}`;
  const items = (await inOrder(await queryKeys('ByOrder', { order }, { Limit: maxPaymentsOfOrder }))) as (
    | AccountItem
    | ReversalItem
  )[];
  return [...new Set(items.flatMap((item) => shownOf(item)?.invoice.paymentId ?? []))];
}

/** What a page may start after. */
export const inThisList = 'a document in this list';

/** @throws Refusal 404 when the list has no document with the id `startingAfter` */
async function listOrder(
  order: string,
  merchantId: string,
  { limit, startingAfter }: ListQuery,
): Promise<Page<string>> {
  const start = await startOf('order', order, merchantId, startingAfter);
  const keys = await queryKeys('ByOrder', { order }, { Limit: limit + 1, ExclusiveStartKey: start });
  return pageOf(keys, limit);
}

/**
 * Numbers with different prefixes do not tell which is newer. So prefixes come one after another, the one that was used last
 * first, and of each the highest number first.
 *
 * @throws Refusal 404 when the list has no document with the id `startingAfter`
 */
async function listDocuments(
  documents: string,
  merchantId: string,
  { limit, startingAfter }: ListQuery,
): Promise<Page<string>> {
  const [start, beginnings] = await Promise.all([
    startOf('documents', documents, merchantId, startingAfter),
    beginningsOf(documents),
  ]);
  const own = start && beginningOfNumber(start.number?.S ?? '');
  const others = beginnings.slice(own === undefined ? 0 : beginnings.indexOf(own) + 1);
  const keys: string[] = [];
  for (const [i, beginning] of (own === undefined ? others : [own, ...others]).entries()) {
    const page = { Limit: limit + 1 - keys.length, ExclusiveStartKey: i === 0 ? start : undefined };
    keys.push(...(await queryKeys('ByMerchant', { documents }, page, beginning)));
    if (keys.length > limit) break;
  }
  return pageOf(keys, limit);
}

const pageOf = (keys: string[], limit: number): Page<string> => ({
  items: keys.slice(0, limit),
  hasMore: keys.length > limit,
});

/** What the numbers of a merchant's documents begin with, the one that was used last first: one short query for each. */
async function beginningsOf(documents: string): Promise<string[]> {
  const found: { beginning: string; issueDate: string }[] = [];
  for (let before = '~'; ; before = (found.at(-1) as { beginning: string }).beginning) {
    const { Items = [] } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        IndexName: 'ByMerchant',
        KeyConditionExpression: 'documents = :documents AND #number < :before',
        ExpressionAttributeNames: { '#number': 'number' },
        ExpressionAttributeValues: marshall({ ':documents': documents, ':before': before }),
        ScanIndexForward: false,
        Limit: 1,
      }),
    );
    const [highest] = Items.map((item) => unmarshall(item) as Indexed);
    if (!highest) break;
    found.push({ beginning: beginningOfNumber(highest.number), issueDate: highest.issueDate });
  }
  return found.sort((a, b) => (a.issueDate < b.issueDate ? 1 : -1)).map(({ beginning }) => beginning);
}

/** Where a page begins in an index. */
async function startOf(
  attribute: 'documents' | 'order',
  value: string,
  merchantId: string,
  startingAfter: string | undefined,
): Promise<Record<string, AttributeValue> | undefined> {
  if (startingAfter === undefined) return undefined;
  const {
    pk,
    number,
    [attribute]: part,
  } = ((await read(merchantId, startingAfter)) ?? {}) as Partial<AccountItem>;
  if (part !== value) throw nothingToStartAfter(inThisList);
  return marshall({ pk, number, [attribute]: value });
}

/** The keys with these values in an index, the highest number first. */
async function queryKeys(
  IndexName: 'ByMerchant' | 'ByOrder',
  values: Record<string, string>,
  page: { Limit?: number; ExclusiveStartKey?: Record<string, AttributeValue> | undefined } = {},
  beginning?: string,
): Promise<string[]> {
  const attributes = Object.keys(values);
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      IndexName,
      KeyConditionExpression: [
        ...attributes.map((name) => `#${name} = :${name}`),
        ...(beginning === undefined ? [] : ['begins_with(#number, :beginning)']),
      ].join(' AND '),
      ExpressionAttributeNames: Object.fromEntries(
        [...attributes, ...(beginning === undefined ? [] : ['number'])].map((name) => [`#${name}`, name]),
      ),
      ExpressionAttributeValues: marshall({
        ...Object.fromEntries(attributes.map((name) => [`:${name}`, values[name]])),
        ...(beginning !== undefined && { ':beginning': beginning }),
      }),
      ScanIndexForward: false,
      ...page,
    }),
  );
  return Items.map(({ pk }) => pk?.S ?? '');
}

async function inOrder(keys: string[]): Promise<Stored[]> {
  const found = new Map((await readAll(keys)).map((item) => [item.pk, item]));
  return keys.flatMap((key) => found.get(key) ?? []);
}
