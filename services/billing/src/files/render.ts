import type { EventOfType } from '@fanfold/contracts/catalog';
import type { Seller } from '@fanfold/contracts/seller';
import { readFont } from '@fanfold/invoicing/fontFiles';
import { renderPdf } from '@fanfold/invoicing/pdf';
import { traceOf } from '@fanfold/runtime/trace';
import type { CreditNote } from '../creditNote.ts';
import type { Invoice } from '../invoice.ts';
import { keyOfLogo } from '../logo.ts';
import { loadCreditNote, loadInvoice } from '../store/documents.ts';
import { readFile, storeFile } from '../store/files.ts';
import { readRendering, saveRendering } from '../store/renderings.ts';
import { copyOf } from './copy.ts';
import { renderingOf } from './rendering.ts';
import { asNamed, keyOfForms, keyOfPdf, sha256, xmlIn } from './written.ts';

export type DocumentIssued = EventOfType<'invoice.issued.v1' | 'credit-note.issued.v1'>;

/**
 * Makes the PDF of a document that was issued, once. The PDF is stored before the table says which it is, and whatever run
 * says so first has decided: another run's PDF is referred to by nobody.
 *
 * @throws when it cannot be made now, or at all
 */
export async function render(event: DocumentIssued): Promise<void> {
  const { merchantid, subject } = event;
  if (await readRendering(merchantid, subject)) return;
  const { document, corrected } = await load(event);
  const isCopy = document.taxDocument === undefined;
  const seller = document.taxDocument?.seller as Seller | undefined;
  const logo = seller?.logo;
  const pdf = await renderPdf({
    document: document.taxDocument ?? copyOf(merchantid, document, corrected),
    cii: await ciiOfIssued(document),
    language: seller?.invoiceLanguage ?? 'en',
    logo: logo ? { ...logo, bytes: asNamed(await readFile(keyOfLogo(logo.sha256)), logo.sha256) } : null,
    isCopy,
    readFont,
  });
  const hash = sha256(pdf);
  await storeFile({ key: keyOfPdf(hash), bytes: pdf, contentType: 'application/pdf' });
  const renderedAt = new Date(Math.max(Date.now(), Date.parse(document.createdAt))).toISOString();
  await saveRendering(
    merchantid,
    renderingOf(document, { sha256: hash, isCopy, renderedAt, trace: traceOf(event) }),
  );
}

async function load({
  merchantid,
  subject,
  data,
}: DocumentIssued): Promise<{ document: Invoice | CreditNote; corrected: Invoice | CreditNote | null }> {
  const invoice = (await loadInvoice(merchantid, data.invoiceId))?.invoice;
  const creditNoteId = 'creditNoteId' in data ? subject : invoice?.reverses?.creditNoteId;
  const creditNote = creditNoteId === undefined ? undefined : await loadCreditNote(merchantid, creditNoteId);
  if (invoice && creditNoteId === undefined) return { document: invoice, corrected: null };
  if (invoice && creditNote)
    return 'creditNoteId' in data
      ? { document: creditNote, corrected: invoice }
      : { document: invoice, corrected: creditNote };
  throw new Error(`${subject} is not in the table: its event came from elsewhere, or the table was put back`);
}

/** The CII that the document was issued with, to the byte: it goes into the PDF. */
async function ciiOfIssued({ files }: Invoice | CreditNote): Promise<string | null> {
  const cii = files?.documents.find(({ format, profile }) => format === 'cii' && profile === 'en16931');
  return cii && files ? xmlIn(await readFile(keyOfForms(files.documents)), cii).toString() : null;
}
