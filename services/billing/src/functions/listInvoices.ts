import { endpoint } from '@fanfold/runtime/http';
import { listOf, listQuery, pageOf } from '@fanfold/runtime/list';
import * as z from 'zod';
import { invoiceIdOf } from '../invoice.ts';
import { invoiceResource } from '../resources.ts';
import {
  inThisList,
  listInvoices,
  loadInvoice,
  loadReversals,
  type ShownInvoice,
} from '../store/documents.ts';
import { sortableNumber } from '../store/items.ts';

const query = z.strictObject({
  ...listQuery,
  paymentId: z.string().min(1).max(100).optional(),
  orderId: z.string().min(1).max(100).optional(),
});

const newestFirst = (a: ShownInvoice, b: ShownInvoice): number =>
  sortableNumber(a.invoice.number) < sortableNumber(b.invoice.number) ? 1 : -1;

export const handler = endpoint({ scope: 'invoices:read', query }, async ({ caller, query }) => {
  const { paymentId, orderId } = query;
  if (paymentId === undefined) {
    const { items, hasMore } = await listInvoices(caller.merchantId, query);
    return { status: 200, body: listOf({ items: items.map(invoiceResource), hasMore }) };
  }
  // A payment has at most one invoice of its own, whose id is derived from the payment's, and some that reverse its credit notes.
  const own = await loadInvoice(caller.merchantId, invoiceIdOf(paymentId));
  const found = own && (orderId ?? own.invoice.orderId) === own.invoice.orderId ? [own] : [];
  const reversals = await loadReversals(
    caller.merchantId,
    found.flatMap(({ creditNotes }) => creditNotes.flatMap(({ reversal }) => reversal?.id ?? [])),
  );
  const shown = [...reversals.sort(newestFirst), ...found].map(invoiceResource);
  return { status: 200, body: listOf(pageOf(shown, query, inThisList)) };
});
