import { endpoint } from '@fanfold/runtime/http';
import { notFound } from '@fanfold/runtime/refusal';
import { invoiceResource } from '../resources.ts';
import { loadInvoice } from '../store/documents.ts';

export const handler = endpoint({ scope: 'invoices:read' }, async ({ caller, path }) => {
  const id = path.id ?? '';
  const found = /^inv_[0-9a-f]{32}$/.test(id) ? await loadInvoice(caller.merchantId, id) : undefined;
  if (!found) throw notFound('invoice');
  return { status: 200, body: invoiceResource(found) };
});
