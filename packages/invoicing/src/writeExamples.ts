/** Writes the PDFs of `examples` anew, after something was changed of how they look: `node src/writeExamples.ts` */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PdfRequest, renderPdf } from './pdf.ts';
import { logoPng, mixedCreditNote, mixedInvoice, namesInvoice, requestOf } from './pdfFixtures.ts';

/** By the name of the file. */
export const examples: Record<string, PdfRequest> = {
  'invoice.pdf': requestOf(mixedInvoice, {
    logo: { bytes: logoPng(), alternativeText: null },
  }),
  'credit-note.pdf': requestOf(mixedCreditNote, { language: 'de', isCopy: true }),
  'names.pdf': requestOf(namesInvoice, { language: 'nl' }),
};

if (import.meta.main)
  for (const [name, request] of Object.entries(examples))
    writeFileSync(join(import.meta.dirname, '../examples', name), await renderPdf(request));
