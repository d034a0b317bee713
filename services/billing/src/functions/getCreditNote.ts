import { endpoint } from '@fanfold/runtime/http';
import { notFound } from '@fanfold/runtime/refusal';
import { creditNoteResource } from '../resources.ts';
import { loadCreditNote } from '../store/documents.ts';

export const handler = endpoint({ scope: 'invoices:read' }, async ({ caller, path }) => {
  const id = path.id ?? '';
  const creditNote = /^cn_[0-9a-f]{32}$/.test(id) ? await loadCreditNote(caller.merchantId, id) : undefined;
  if (!creditNote) throw notFound('credit note');
  return { status: 200, body: creditNoteResource(creditNote) };
});
