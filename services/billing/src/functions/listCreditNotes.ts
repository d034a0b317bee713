import { endpoint } from '@fanfold/runtime/http';
import { listOf, listQuery } from '@fanfold/runtime/list';
import * as z from 'zod';
import { invoiceIdOf } from '../invoice.ts';
import { creditNoteResource } from '../resources.ts';
import { listCreditNotes, loadCreditNotes, loadInvoiced } from '../store/documents.ts';

const query = z.strictObject({
  ...listQuery,
  paymentId: z.string().min(1).max(100).optional(),
  invoiceId: z.string().min(1).max(100).optional(),
});

export const handler = endpoint(
  { scope: 'invoices:read', query },
  async ({ caller: { merchantId }, query }) => {
    const invoiceIds = new Set(
      [query.invoiceId, query.paymentId && invoiceIdOf(query.paymentId)].filter(Boolean),
    );
    if (invoiceIds.size === 0) {
      const { items, hasMore } = await listCreditNotes(merchantId, query);
      return { status: 200, body: listOf({ items: items.map(creditNoteResource), hasMore }) };
    }
    const [invoiceId, another] = [...invoiceIds] as string[];
    const account = invoiceId && !another ? await loadInvoiced(merchantId, invoiceId) : undefined;
    const { items, hasMore } = pageOf(account?.creditNotes.map(({ id }) => id).reverse() ?? [], query);
    const creditNotes = await loadCreditNotes(merchantId, items);
    return { status: 200, body: listOf({ items: creditNotes.map(creditNoteResource), hasMore }) };
  },
);

/** A page of an invoice's credit notes, which are few enough to stand in the account. */
function pageOf(
  ids: string[],
  { limit, startingAfter }: { limit: number; startingAfter?: string | undefined },
) {
  const start = startingAfter === undefined ? 0 : ids.indexOf(startingAfter) + 1;
  return { items: ids.slice(start, start + limit), hasMore: ids.length > start + limit };
}
