import { endpoint } from '@fanfold/runtime/http';
import { listOf, listQuery, pageOf } from '@fanfold/runtime/list';
import * as z from 'zod';
import { invoiceIdOf } from '../invoice.ts';
import { creditNoteResource } from '../resources.ts';
import { inThisList, listCreditNotes, loadCreditNotes, loadInvoiced } from '../store/documents.ts';

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
    // There are few, so the account has them all.
    const { items, hasMore } = pageOf(account?.creditNotes.toReversed() ?? [], query, inThisList);
    const creditNotes = await loadCreditNotes(
      merchantId,
      items.map(({ id }) => id),
    );
    return { status: 200, body: listOf({ items: creditNotes.map(creditNoteResource), hasMore }) };
  },
);
