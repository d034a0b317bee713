import { merchantId } from '@fanfold/contracts/event';
import type { FileReply } from '@fanfold/runtime/http';
import { lambda } from '@fanfold/runtime/lambda';
import { Refusal } from '@fanfold/runtime/refusal';
import * as z from 'zod';
import { pdfOf, profiles, xmlOf } from '../files/shown.ts';
import { invoiceIdOf } from '../invoice.ts';
import { creditNoteResource, invoiceResource } from '../resources.ts';
import { loadCreditNotes, loadInvoice, loadReversals } from '../store/documents.ts';

const id = z.string().min(1).max(128);

/** What an operator looks at in the console: the documents of a payment, or a file of one of them. */
const showRequest = z.discriminatedUnion('show', [
  z.strictObject({ show: z.literal('documents'), merchantId, paymentId: id }),
  z.strictObject({ show: z.literal('pdf'), merchantId, id }),
  z.strictObject({ show: z.enum(['ubl', 'cii']), merchantId, id, profile: z.enum(profiles) }),
]);

type ShowRequest = z.output<typeof showRequest>;

/** Not part of the API, but shows the same: whoever may invoke it sees the documents of all merchants. */
export const handler = lambda(async (input: unknown) => {
  const request = showRequest.parse(input);
  if (request.show === 'documents') return documentsOf(request);
  try {
    const { file, contentType, fileName } = await fileOf(request);
    return { file: { contentType, fileName, base64: Buffer.from(file).toString('base64') } };
  } catch (error) {
    if (error instanceof Refusal) return { file: null, code: error.code, detail: error.message };
    throw error;
  }
});

/** The invoice of its own is the first; others reverse its credit notes. */
async function documentsOf({ merchantId, paymentId }: { merchantId: string; paymentId: string }) {
  const own = await loadInvoice(merchantId, invoiceIdOf(paymentId));
  if (!own) return { invoices: [], creditNotes: [] };
  const ids = own.creditNotes.map(({ id }) => id);
  const [reversals, creditNotes] = await Promise.all([
    loadReversals(
      merchantId,
      own.creditNotes.flatMap(({ reversal }) => reversal?.id ?? []),
    ),
    loadCreditNotes(merchantId, ids),
  ]);
  return {
    invoices: [own, ...reversals].map(invoiceResource),
    creditNotes: creditNotes.map(creditNoteResource),
  };
}

function fileOf(request: Exclude<ShowRequest, { show: 'documents' }>): Promise<FileReply> {
  const { merchantId, id, show } = request;
  const which = { kind: id.startsWith('cn_') ? 'credit-note' : 'invoice', merchantId, id } as const;
  return show === 'pdf' ? pdfOf(which, new Date()) : xmlOf(which, show, request.profile);
}
