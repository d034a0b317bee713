/** PDFs that each break a rule of PDF/A-3 or Factur-X: what renderPdf takes care of must be what is complained of without it. */
import { soundCreditNote, soundInvoice } from './brokenFixtures.ts';
import { ciiOf } from './cii.ts';
import type { TaxDocument } from './document.ts';
import { readFont } from './fontFiles.ts';
import { type PdfRequest, renderPdf } from './pdf.ts';

/** A sound document in which `from` is replaced by as many bytes, so that nothing else changes. */
const replaced: { rule: string; from: string; to: string }[] = [
  { rule: 'PDF/A', from: '<pdfaid:part>3', to: '<pdfaid:part>2' },
  // No text is in a font of the reader's own, and colours are defined.
  { rule: 'PDF/A 6.2.11.4.1-1', from: '/FontFile2 ', to: '/FontFileX ' },
  { rule: 'PDF/A 6.2.4.3-2', from: '/OutputIntents ', to: '/OutputIntentX ' },
  // What is embedded says of which type it is, and the properties of Factur-X are described.
  { rule: 'PDF/A 6.8-1', from: '/Subtype /text#2Fxml', to: '/SubtypX /text#2Fxml' },
  { rule: 'PDF/A 6.6.2.3.1-1', from: 'pdfaExtension:schemas>', to: 'pdfaExtension:schemaX>' },
  // Who does not see the page hears its language and its title, and what a table's titles are of.
  { rule: 'PDF/UA 7.2-34', from: '/Lang (en)', to: '/Lanx (en)' },
  { rule: 'PDF/UA 7.1-10', from: '/DisplayDocTitle true', to: '/DisplayDocTitlX true' },
  { rule: 'PDF/UA 7.5-1', from: '/Scope /Column', to: '/ScopX /Column' },
  { rule: 'Factur-X', from: '/AFRelationship /Alternative', to: '/AFRelationship /Unspecified' },
  { rule: 'Factur-X', from: 'EN 16931</fx:ConformanceLevel>', to: 'EXTENDED</fx:ConformanceLevel>' },
  { rule: 'Factur-X', from: '(factur-x.xml)', to: '(factur-y.xml)' },
];

const rendered = (document: TaxDocument, more: Partial<PdfRequest> = {}): Promise<Uint8Array> =>
  renderPdf({
    document,
    cii: ciiOf(document, 'en16931'),
    language: 'en',
    logo: null,
    isCopy: false,
    readFont,
    ...more,
  });

export async function brokenPdfs(): Promise<{ rule: string; bytes: Uint8Array }[]> {
  const sound = Buffer.from(await rendered(soundCreditNote)).toString('latin1');
  const unpaid = { ...soundInvoice, amounts: { ...soundInvoice.amounts, linesMinor: 1 } };
  return [
    ...replaced.map(({ rule, from, to }) => {
      if (!sound.includes(from) || from.length !== to.length) throw new Error(`${from} cannot be replaced`);
      return { rule, bytes: Buffer.from(sound.replaceAll(from, to), 'latin1') };
    }),
    // The XML inside is looked at too.
    { rule: 'BR-CO-10', bytes: await rendered(unpaid) },
    // A title goes into XMP as it is, and so does what breaks it.
    { rule: 'PDF/A 6.6.2.1-4', bytes: Buffer.from(sound.replaceAll('<dc:title>', '<dc&title>'), 'latin1') },
    // A font that has none of the characters.
    {
      rule: 'PDF/A 6.2.11.8-1',
      bytes: Buffer.from(await rendered(soundInvoice, { readFont: () => readFont('NotoSansKR-Regular') })),
    },
  ];
}
