import { missingFor } from '@fanfold/invoicing/available';
import { type Form, forms } from '@fanfold/invoicing/profile';
import type { FileReply } from '@fanfold/runtime/http';
import { type FieldError, notFound, Refusal } from '@fanfold/runtime/refusal';
import { type CreditNote, eventOfCreditNote } from '../creditNote.ts';
import { eventOfInvoice, type Invoice } from '../invoice.ts';
import { loadCreditNote, loadInvoice } from '../store/documents.ts';
import { readFile } from '../store/files.ts';
import { tableGuard } from '../store/mark.ts';
import { askForRendering, readRendering } from '../store/renderings.ts';
import type { Kind } from './issued.ts';
import { asNamed, keyOfForms, keyOfPdf, type XmlFile, xmlIn } from './written.ts';

/** A document of a merchant. */
type Which = { kind: Kind; merchantId: string; id: string };

type Profile = XmlFile['profile'];

export const profiles = ['en16931', 'peppol', 'xrechnung'] as const satisfies Profile[];

/** The XML that a document was issued with, in a profile. @throws Refusal 404, 409 `profile_not_available` */
export async function xmlOf(which: Which, format: XmlFile['format'], profile: Profile): Promise<FileReply> {
  const document = await load(which);
  const file = document.files?.documents.find((each) => each.format === format && each.profile === profile);
  if (!document.files || !file) throw notAvailable(document, format, profile);
  return {
    file: xmlIn(await readFile(keyOfForms(document.files.documents)), file),
    contentType: 'application/xml',
    cacheControl: 'no-store',
    fileName: fileNameOf(document, profile === 'en16931' ? `${format}.xml` : `${profile}.${format}.xml`),
    etag: file.sha256,
  };
}

/** The PDF of a document. Where there is none yet it is made. @throws Refusal 404, 409 `pdf_not_ready` */
export async function pdfOf(which: Which, now: Date): Promise<FileReply> {
  const { merchantId } = which;
  const document = await load(which);
  const rendering = await readRendering(merchantId, document.id);
  if (!rendering) {
    await askFor(merchantId, document, now);
    throw new Refusal(
      409,
      'pdf_not_ready',
      `The PDF of ${document.number} is being made. Ask again after the time in Retry-After.`,
      { headers: { 'Retry-After': '2' } },
    );
  }
  const bytes = await readFile(keyOfPdf(rendering.sha256));
  return {
    file: asNamed(bytes, rendering.sha256),
    contentType: 'application/pdf',
    cacheControl: 'no-store',
    fileName: fileNameOf(document, 'pdf'),
    etag: rendering.sha256,
  };
}

async function load({ kind, merchantId, id }: Which): Promise<Invoice | CreditNote> {
  if (kind === 'invoice') {
    const found = /^inv_[0-9a-f]{32}$/.test(id) ? await loadInvoice(merchantId, id) : undefined;
    if (found) return found.invoice;
    throw notFound('invoice');
  }
  const creditNote = /^cn_[0-9a-f]{32}$/.test(id) ? await loadCreditNote(merchantId, id) : undefined;
  if (creditNote) return creditNote;
  throw notFound('credit note');
}

/** For so long the PDF of a new document is on its way without anybody asking, and one that was asked for is not asked for again. */
const [newForMs, askedForMs] = [10 * 60_000, 60 * 60_000];

/** Documents from before there were PDFs get theirs when somebody wants it, and so does one whose making was given up. */
async function askFor(merchantId: string, document: Invoice | CreditNote, now: Date): Promise<void> {
  if (now.getTime() - Date.parse(document.createdAt) < newForMs) return;
  await tableGuard();
  const issued =
    'refundId' in document ? eventOfCreditNote(merchantId, document) : eventOfInvoice(merchantId, document);
  await askForRendering(issued, now, new Date(now.getTime() - askedForMs));
}

const notAvailable = (
  document: Invoice | CreditNote,
  format: XmlFile['format'],
  profile: XmlFile['profile'],
): Refusal =>
  new Refusal(
    409,
    'profile_not_available',
    `${document.number} does not exist as ${format.toUpperCase()} in the profile ${profile}. See errors for why.`,
    {
      errors: whyNot(
        document,
        forms.find((form) => form.syntax === format && form.profile === profile),
      ),
    },
  );

/** What it lacks, in the terms of the document as the API shows it. */
function whyNot({ files, taxDocument }: Invoice | CreditNote, form: Form | undefined): FieldError[] {
  if (!form) return [{ pointer: '#/profile', detail: 'is written as UBL only' }];
  if (!files || !taxDocument)
    return [{ pointer: '#/createdAt', detail: 'is before documents had XML files: there is a PDF' }];
  const { available, reason } = files.electronic;
  if (!available) return [{ pointer: '#/electronic/reason', detail: reason ?? 'is not known' }];
  return missingFor(form, taxDocument).map(({ pointer, rule, message }) => ({
    pointer: `#${pointer.replace(/^\/order\//, '/').replace(/^\/buyer(?=\/|$)/, '/customer')}`,
    detail: message,
    rule,
  }));
}

/** Numbers begin with what a merchant chose, and a name in a header has few characters. */
const fileNameOf = ({ number }: Invoice | CreditNote, extension: string): string =>
  `${number.replace(/[^\w.-]/g, '_')}.${extension}`;
