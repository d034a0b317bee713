/**
 * Writes invoices and credit notes for whoever looks at them by the official rules:
 *
 *     node src/writeDocuments.ts FOLDER [--count 2000] [--pdfs 200] [--seed 1]
 *
 * FOLDER/sound has random ones, each in one of the forms that it can have, and some as PDF; no rule may be broken by them.
 * FOLDER/alone has PDFs of documents that cannot be electronic: only their XML is missing. FOLDER/broken has a document for each
 * fault that the product refuses or avoids, named by the rule that it has to break. The same seed writes the same bytes.
 * judgeDocuments.ts reads what the rules say of them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { invoiceLanguages } from '@fanfold/contracts/seller';
import fc from 'fast-check';
import { electronicObstacleOf, missingFor } from './available.ts';
import { brokenDocuments, brokenOrders, documentOf, incompleteDocuments } from './brokenFixtures.ts';
import { brokenPdfs } from './brokenPdfFixtures.ts';
import { ciiOf } from './cii.ts';
import type { TaxDocument } from './document.ts';
import { documents } from './documentFixtures.ts';
import { readFont } from './fontFiles.ts';
import { renderPdf } from './pdf.ts';
import { logoPng } from './pdfFixtures.ts';
import { type Form, forms } from './profile.ts';
import { ublOf } from './ubl.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '2000' },
    pdfs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});
const [folder] = positionals;
if (!folder) throw new Error('Say which folder to write to');
const [sound, alone, broken] = ['sound', 'alone', 'broken'].map((part) => join(folder, part)) as [
  string,
  string,
  string,
];
for (const path of [sound, alone, broken]) mkdirSync(path, { recursive: true });

const formsOf = (document: TaxDocument): Form[] =>
  electronicObstacleOf(document) === null
    ? forms.filter((form) => missingFor(form, document).length === 0)
    : [];

const xmlOf = (document: TaxDocument, { syntax, profile }: Form): string =>
  syntax === 'cii' ? ciiOf(document, profile) : ublOf(document, profile);

const numbered = (number: number): string => String(number).padStart(5, '0');

/** In another language each time, and every third one as a copy. */
const pdfOf = (document: TaxDocument, number: number, cii: string | null): Promise<Uint8Array> =>
  renderPdf({
    document,
    cii,
    language: invoiceLanguages[number % invoiceLanguages.length] ?? 'en',
    logo: number % 4 === 0 ? { bytes: logoPng(), alternativeText: 'Three folded sheets' } : null,
    isCopy: number % 3 === 0,
    readFont,
  });

const written = new Map<string, number>();
const [count, pdfs, seed] = [Number(values.count), Number(values.pdfs), Number(values.seed)];
const everyPdf = Math.ceil(count / pdfs);
let number = 0;
let withoutForm = 0;
function write(path: string, name: string, bytes: string | Uint8Array): void {
  const kind = name.replace(/\.xml$/, '');
  written.set(kind, (written.get(kind) ?? 0) + 1);
  writeFileSync(join(path, `${numbered(number)}-${name}`), bytes);
}
for (let round = 0; number < count; round++) {
  for (const document of fc.sample(documents, { seed: seed + round, numRuns: 100 }).flat()) {
    const possible = formsOf(document);
    const form = possible[number % possible.length];
    if (number === count) break;
    const { kind } = document;
    if (!form) {
      withoutForm++;
      if (withoutForm % everyPdf === 1) write(alone, `${kind}.pdf`, await pdfOf(document, withoutForm, null));
      continue;
    }
    number++;
    write(sound, `${kind}-${form.syntax}-${form.profile}.xml`, xmlOf(document, form));
    const hasCii = possible.some(({ syntax, profile }) => syntax === 'cii' && profile === 'en16931');
    if (hasCii && number % everyPdf === 0)
      write(sound, `${kind}.pdf`, await pdfOf(document, number, ciiOf(document, 'en16931')));
  }
}
console.log(`${number} random documents; ${withoutForm} more cannot be electronic`);
for (const [name, many] of [...written].sort()) console.log(`  ${name} ${many}`);

const faults = [
  ...brokenOrders.map(({ given, rule, official, document, ...one }) => ({
    ...one,
    rule: official ?? rule,
    document: document ?? documentOf(given),
  })),
  ...brokenDocuments,
  ...incompleteDocuments,
];
const wrong = [
  ...faults.map(({ rule, document, form = forms[0] }) => ({
    rule,
    type: 'xml',
    bytes: xmlOf(document, form),
  })),
  ...(pdfs > 0 ? await brokenPdfs() : []).map((one) => ({ ...one, type: 'pdf' })),
];
// Rules of PDF/A have a slash in their names.
for (const [i, { rule, type, bytes }] of wrong.entries())
  writeFileSync(join(broken, `${numbered(i + 1)}-${encodeURIComponent(rule)}.${type}`), bytes);
console.log(`${wrong.length} broken documents, of ${new Set(wrong.map(({ rule }) => rule)).size} rules`);
