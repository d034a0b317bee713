import { endpoint } from '@fanfold/runtime/http';
import { listOf, listQuery, pageOf } from '@fanfold/runtime/list';
import * as z from 'zod';
import { invoiceIdOf } from '../invoice.ts';
import { invoiceResource } from '../resources.ts';
import { inThisList, listInvoices, loadInvoiced } from '../store/documents.ts';

const query = z.strictObject({
  ...listQuery,
  paymentId: z.string().min(1).max(100).optional(),
  orderId: z.string().min(1).max(100).optional(),
});

export const handler = endpoint({ scope: 'invoices:read', query }, async ({ caller, query }) => {
  const { paymentId, orderId } = query;
  if (paymentId === undefined) {
    const { items, hasMore } = await listInvoices(caller.merchantId, query);
    return { status: 200, body: listOf({ items: items.map(invoiceResource), hasMore }) };
  }
  // A payment has at most one invoice, whose id is derived from the payment's.
  const account = await loadInvoiced(caller.merchantId, invoiceIdOf(paymentId));
  const found =
    account && (orderId ?? account.invoice?.orderId) === account.invoice?.orderId ? [account] : [];
  const { items, hasMore } = pageOf(found, query, inThisList);
  return { status: 200, body: listOf({ items: items.map(invoiceResource), hasMore }) };
});
