import type { EventOfType } from '@fanfold/contracts/catalog';
import type { Seller } from '@fanfold/contracts/seller';
import { ciiOf } from '@fanfold/invoicing/cii';
import { readFont } from '@fanfold/invoicing/fontFiles';
import { renderPdf } from '@fanfold/invoicing/pdf';
import type { Handle } from '@fanfold/runtime/consume';
import { Unfinished } from '@fanfold/runtime/failure';
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

type DocumentIssued = EventOfType<'invoice.issued.v1' | 'credit-note.issued.v1'>;

/**
 * Makes the PDFs of documents, one after another. A message that comes again may be of a document that has ended the function,
 * and with it the others that were there. So of such messages about half wait each time, which parts it from the others
 * after some receives.
 */
export const renderEach: Handle<DocumentIssued> = (documents, messages, inTurn) => {
  const first = Math.floor(Math.random() * documents.length);
  return documents.map(async (document, i) => {
    const isRepeated = (messages[i]?.receiveCount ?? 1) > 1;
    if (isRepeated && i !== first && Math.random() < 0.5)
      throw new Unfinished('Not begun beside others, as one of them may have ended the function before');
    await inTurn(() => render(document, isRepeated));
  });
};

/**
 * Makes the PDF of a document that was issued. The same document always gives the same PDF. It is stored before the table says which it is, and whatever run
 * says so first has decided: what other code made of it is referred to by nobody.
 *
 * @param isRepeated whether it may have been made before: then it is looked up, which costs a read that is seldom needed
 * @throws when it cannot be made now, or at all
 */
async function render(event: DocumentIssued, isRepeated: boolean): Promise<void> {
  const { merchantid, subject } = event;
  if (isRepeated && (await readRendering(merchantid, subject))) return;
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

/**
 * The CII that the document was issued with, to the byte: it goes into the PDF. It is written again, which costs less than
 * reading it, and read where other code has written it.
 */
async function ciiOfIssued({ files, taxDocument }: Invoice | CreditNote): Promise<string | null> {
  const cii = files?.documents.find(({ format, profile }) => format === 'cii' && profile === 'en16931');
  if (!files || !cii || !taxDocument) return null;
  const again = ciiOf(taxDocument, 'en16931');
  if (sha256(again) === cii.sha256) return again;
  return xmlIn(await readFile(keyOfForms(files.documents)), cii).toString();
}
