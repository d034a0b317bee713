import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { documentOf, sound, soundCreditNote, soundInvoice, soundLine } from './brokenFixtures.ts';
import { ciiOf } from './cii.ts';
import type { TaxDocument } from './document.ts';
import { readFont } from './fontFiles.ts';
import { type PdfRequest, renderPdf } from './pdf.ts';

const rendered = async (document: TaxDocument, more: Partial<PdfRequest> = {}): Promise<Buffer> =>
  Buffer.from(
    await renderPdf({
      document,
      cii: ciiOf(document, 'en16931'),
      language: 'en',
      logo: null,
      isCopy: false,
      readFont,
      ...more,
    }),
  );

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('The same document has the same bytes, also after others and after it was kept as JSON', async () => {
  const first = hashOf(await rendered(soundInvoice));
  await rendered(soundCreditNote, { language: 'de' });
  expect(hashOf(await rendered(JSON.parse(JSON.stringify(soundInvoice))))).toBe(first);
});

test('A document that cannot be electronic has no attachment, and says nothing of one', async () => {
  const bytes = await rendered(soundInvoice, { cii: null });
  expect(bytes.includes('factur-x')).toBe(false);
  expect((await rendered(soundInvoice)).includes('factur-x.xml')).toBe(true);
});

test('An order of many lines goes over many pages', async () => {
  const pagesOf = async (count: number) => {
    const lines = Array.from({ length: count }, (_, i) => ({ ...soundLine, description: `Chair ${i}` }));
    const bytes = await rendered(documentOf({ ...sound, order: { ...sound.order, lines } }));
    return bytes.toString('latin1').match(/\/Type \/Page\n/g)?.length;
  };
  expect(await pagesOf(1)).toBe(1);
  expect(await pagesOf(100)).toBeGreaterThan(4);
});
