import type { Event } from '@fanfold/contracts/event';
import { defaultSeller } from '@fanfold/runtime/defaultSeller';
import { type ListQuery, nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import {
  type Account,
  Books,
  type Issued,
  isBillable,
  type Reversed,
} from '../../services/billing/src/books.ts';
import { type CreditNote, eventOfCreditNote } from '../../services/billing/src/creditNote.ts';
import { eventOfInvoice, type Invoice, invoiceIdOf } from '../../services/billing/src/invoice.ts';
import type { Series } from '../../services/billing/src/series.ts';
import type { ShownInvoice } from '../../services/billing/src/store/documents.ts';
import type { Rows } from './database.ts';
import { record } from './events.ts';

/** The numbers of new documents: of an invoice, and by refund those of credit notes and of what reverses them. */
export type Numbers = {
  invoice: string | undefined;
  creditNotes: Record<string, string>;
  reversals: Record<string, string>;
};

/**
 * Issues the documents that follow from events of one payment, in the transaction that writes the payment: so a capture has its
 * invoice when it is answered, and whatever cannot be invoiced is not captured.
 */
export async function bill(rows: Rows, merchantId: string, events: Event[]): Promise<Numbers> {
  const billable = events.filter(isBillable);
  const [first] = billable;
  if (!first) return { invoice: undefined, creditNotes: {}, reversals: {} };
  // Numbers have no gaps, so those of a merchant are given one after another.
  await rows.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [merchantId]);
  const books = await booksOf(rows, merchantId, invoiceIdOf(first.data.paymentId));
  for (const event of billable) books.apply(event);
  const { accounts, creditNotes, reversals, series, files } = books.entries();
  for (const { key, bytes } of files)
    await rows.query('insert into files (key, bytes) values ($1, $2) on conflict do nothing', [key, bytes]);
  for (const { series: each } of series)
    await put(rows, 'series', 'name', { merchantId, id: each.name, content: each });
  for (const { account, isIssued } of accounts) {
    await put(rows, 'accounts', 'id', { merchantId, id: account.id, content: account });
    if (isIssued && account.invoice) await issue(rows, merchantId, 'invoice', account.invoice);
  }
  for (const { creditNote } of creditNotes) await issue(rows, merchantId, 'credit-note', creditNote);
  for (const { reversal } of reversals) await issue(rows, merchantId, 'invoice', reversal);
  const newNotes = creditNotes.filter(({ isNew }) => isNew).map(({ creditNote }) => creditNote);
  const invoices = accounts.flatMap(({ account, isIssued }) => (isIssued && account.invoice) || []);
  await record(rows, [
    ...[...invoices, ...reversals.map(({ reversal }) => reversal)].map((each) =>
      eventOfInvoice(merchantId, each),
    ),
    ...newNotes.map((each) => eventOfCreditNote(merchantId, each)),
  ]);
  return {
    invoice: invoices[0]?.number,
    creditNotes: Object.fromEntries(newNotes.map(({ refundId, number }) => [refundId, number])),
    reversals: Object.fromEntries(
      reversals.map(({ reversal: { reverses, number } }) => [reverses?.refundId ?? '', number]),
    ),
  };
}

/** The books of one payment, as they are stored. */
async function booksOf(rows: Rows, merchantId: string, accountId: string): Promise<Books> {
  const all = async <Content>(statement: string, id: string) =>
    (await rows.query<{ content: Content }>(statement, [merchantId, id])).map(({ content }) => content);
  const accounts = await all<Account>(
    'select content from accounts where merchant_id = $1 and id = $2',
    accountId,
  );
  const series = await all<Series>('select content from series where merchant_id = $1 and name > $2', '');
  const ofAccount = 'select content from documents where merchant_id = $1 and account_id = $2 and';
  const creditNotes = await all<CreditNote>(`${ofAccount} kind = 'credit-note'`, accountId);
  const reversals = await all<Invoice>(`${ofAccount} kind = 'invoice' and id <> account_id`, accountId);
  return new Books(
    {
      ...{ accounts, series },
      creditNotes: creditNotes.map((creditNote): Issued => ({ merchantId, creditNote })),
      reversals: reversals.map((reversal): Reversed => ({ merchantId, reversal, fingerprint: '' })),
      sellerOf: defaultSeller,
    },
    new Date(),
  );
}

const put = (
  rows: Rows,
  table: 'series' | 'accounts',
  key: 'name' | 'id',
  { merchantId, id, content }: { merchantId: string; id: string; content: unknown },
) =>
  rows.query(
    `insert into ${table} (merchant_id, ${key}, content) values ($1, $2, $3)
     on conflict (merchant_id, ${key}) do update set content = excluded.content`,
    [merchantId, id, JSON.stringify(content)],
  );

/** A credit note that was reversed says so: everything else of it never changes. */
const issue = (
  rows: Rows,
  merchantId: string,
  kind: 'invoice' | 'credit-note',
  document: Invoice | CreditNote,
) =>
  rows.query(
    `insert into documents (merchant_id, id, kind, account_id, order_id, content) values ($1, $2, $3, $4, $5, $6)
     on conflict (merchant_id, id) do update set content = excluded.content`,
    [
      merchantId,
      document.id,
      kind,
      invoiceIdOf(document.paymentId),
      document.orderId,
      JSON.stringify(document),
    ],
  );

type Shown = { content: Invoice | CreditNote; account: Account | null };
type Asked = Partial<ListQuery> & {
  id?: string;
  accountId?: string | undefined;
  orderId?: string | undefined;
};

/** A merchant's invoices, the newest first. */
export async function invoices(rows: Rows, merchantId: string, asked: Asked): Promise<Page<ShownInvoice>> {
  const { items, hasMore } = await documents(rows, merchantId, 'invoice', asked);
  const shown = items.map(({ content, account }) => ({
    invoice: content as Invoice,
    creditNotes: account?.creditNotes ?? [],
  }));
  return { items: shown, hasMore };
}

/** A merchant's credit notes, the newest first. */
export async function creditNotes(rows: Rows, merchantId: string, asked: Asked): Promise<Page<CreditNote>> {
  const { items, hasMore } = await documents(rows, merchantId, 'credit-note', asked);
  return { items: items.map(({ content }) => content as CreditNote), hasMore };
}

async function documents(
  rows: Rows,
  merchantId: string,
  kind: 'invoice' | 'credit-note',
  { id, accountId, orderId, limit = 1, startingAfter }: Asked,
): Promise<Page<Shown>> {
  const known = await rows.query<{ position: string }>(
    'select position from documents where merchant_id = $1 and kind = $2 and id = $3',
    [merchantId, kind, startingAfter ?? ''],
  );
  if (startingAfter !== undefined && !known[0]) throw nothingToStartAfter('a document in this list');
  const found = await rows.query<Shown>(
    `select documents.content, accounts.content as account
     from documents left join accounts using (merchant_id, id)
     where merchant_id = $1 and kind = $2 and ($3::text is null or id = $3) and ($4::text is null or account_id = $4)
       and ($5::text is null or order_id = $5) and ($6::bigint is null or position < $6)
     order by position desc limit $7`,
    [merchantId, kind, id ?? null, accountId ?? null, orderId ?? null, known[0]?.position ?? null, limit + 1],
  );
  return { items: found.slice(0, limit), hasMore: found.length > limit };
}
