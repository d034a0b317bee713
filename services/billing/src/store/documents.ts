import { QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type ListQuery, nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import type { Account } from '../books.ts';
import type { CreditNote } from '../creditNote.ts';
import {
  type AccountItem,
  accountOfItem,
  type CreditNoteItem,
  documentsOf,
  type Stored,
  sortableNumber,
} from './items.ts';
import { read, readAll, tableName } from './table.ts';

/** The account of a payment whose invoice has been issued. */
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

/** A merchant's invoices, or those of an order, the newest first. */
export async function listInvoices(
  merchantId: string,
  { orderId, ...query }: ListQuery & { orderId?: string | undefined },
): Promise<Page<Account>> {
  const page =
    orderId === undefined
      ? await listKeys('ByMerchant', 'documents', documentsOf(merchantId, 'invoice'), merchantId, query)
      : await listKeys('ByOrder', 'order', `${merchantId}#${orderId}`, merchantId, query);
  const items = (await inOrder(page.items)) as AccountItem[];
  return { items: items.map(accountOfItem), hasMore: page.hasMore };
}

/** A merchant's credit notes, the newest first. */
export async function listCreditNotes(merchantId: string, query: ListQuery): Promise<Page<CreditNote>> {
  const page = await listKeys(
    'ByMerchant',
    'documents',
    documentsOf(merchantId, 'credit-note'),
    merchantId,
    query,
  );
  const items = (await inOrder(page.items)) as CreditNoteItem[];
  return { items: items.map(({ creditNote }) => creditNote), hasMore: page.hasMore };
}

/** The id of the document with a number, such as `INV-2026-000001`. There is at most one. */
export async function findByNumber(merchantId: string, number: string): Promise<string[]> {
  const documents = documentsOf(merchantId, number.startsWith('INV-') ? 'invoice' : 'credit-note');
  const keys = await queryKeys('ByMerchant', { documents, number: sortableNumber(number) });
  return keys.map((key) => key.slice(merchantId.length + 1));
}

/** More payments than an order ever has. */
const maxPaymentsOfOrder = 100;

/** The ids of an order's invoiced payments, the newest first. */
export async function findPayments(merchantId: string, orderId: string): Promise<string[]> {
  const order = `${merchantId}#${orderId}`;
  const items = (await inOrder(
    await queryKeys('ByOrder', { order }, { Limit: maxPaymentsOfOrder }),
  )) as AccountItem[];
  return items.flatMap(({ invoice }) => invoice?.paymentId ?? []);
}

/** What a page may start after. */
export const inThisList = 'a document in this list';

/** @throws Refusal 404 when the list has no document with the id `startingAfter` */
async function listKeys(
  index: 'ByMerchant' | 'ByOrder',
  attribute: 'documents' | 'order',
  value: string,
  merchantId: string,
  { limit, startingAfter }: ListQuery,
): Promise<Page<string>> {
  const start = startingAfter === undefined ? undefined : await read(merchantId, startingAfter);
  const { pk, number, [attribute]: part } = (start ?? {}) as Partial<AccountItem>;
  if (startingAfter !== undefined && part !== value) throw nothingToStartAfter(inThisList);
  const keys = await queryKeys(
    index,
    { [attribute]: value },
    { Limit: limit + 1, ExclusiveStartKey: start && marshall({ pk, number, [attribute]: value }) },
  );
  return { items: keys.slice(0, limit), hasMore: keys.length > limit };
}

/** The keys with these values in an index, the highest number first. */
async function queryKeys(
  IndexName: 'ByMerchant' | 'ByOrder',
  values: Record<string, string>,
  page: Pick<QueryCommandInput, 'Limit' | 'ExclusiveStartKey'> = {},
): Promise<string[]> {
  const attributes = Object.keys(values);
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      IndexName,
      KeyConditionExpression: attributes.map((name) => `#${name} = :${name}`).join(' AND '),
      ExpressionAttributeNames: Object.fromEntries(attributes.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: marshall(
        Object.fromEntries(attributes.map((name) => [`:${name}`, values[name]])),
      ),
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
