import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { maxLogoBytes } from '@fanfold/contracts/seller';
import { describe, expect, test } from 'vitest';
import { documentOf, sound, soundInvoice, soundLine } from './brokenFixtures.ts';
import type { TaxDocument } from './document.ts';
import { readFont } from './fontFiles.ts';
import { logoProblemOf } from './pdf/logo.ts';
import { renderPdf } from './pdf.ts';
import { logoPng, mixedCreditNote, mixedInvoice, namesInvoice, requestOf } from './pdfFixtures.ts';
import { textsOf } from './pdfTextFixtures.ts';
import { examples } from './writeExamples.ts';

const pagesOf = async (...[document, more]: Parameters<typeof requestOf>): Promise<string[][]> =>
  textsOf(await renderPdf(requestOf(document, more)));

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test.each(Object.entries(examples))('%s has for ever the bytes of the example', async (name, request) => {
  const kept = readFileSync(join(import.meta.dirname, '../examples', name));
  const hint = 'When it was changed on purpose: node packages/invoicing/src/writeExamples.ts';
  expect(hashOf(await renderPdf(request)), hint).toBe(hashOf(kept));
});

test('The same document has the same bytes, also after others and after it was kept as JSON', async () => {
  const said = (description: string) =>
    documentOf({ ...sound, order: { ...sound.order, lines: [{ ...soundLine, description }] } });
  // Letters that have a glyph in common.
  const document = said('للتجارة');
  const inNewFonts = requestOf(document, { readFont: (name) => readFont(name) });
  const first = hashOf(await renderPdf(inNewFonts));
  await renderPdf(requestOf(said('ثلاثة'), { language: 'de' }));
  expect(hashOf(await renderPdf(requestOf(JSON.parse(JSON.stringify(document)))))).toBe(first);
});

test('What is copied out of a PDF has the letters that were given', async () => {
  const [texts = []] = await pagesOf(namesInvoice);
  const letters = (text: string) => [...text.replace(/[\s()\d]/g, '')].sort().join('');
  const [name = ''] = texts
    .slice(texts.indexOf('Seller') + 1)
    .join('')
    .split('Main St 1');
  expect(letters(name)).toBe(letters(namesInvoice.seller.legalName));
});

test('A document that cannot be electronic has no attachment, and says nothing of one', async () => {
  const has = async (cii: string | null) =>
    Buffer.from(await renderPdf(requestOf(soundInvoice, { cii }))).includes('factur-x');
  expect(await has(null)).toBe(false);
  expect(await has('<xml/>')).toBe(true);
});

test('An invoice says who sold what to whom, how it adds up and that it is paid', async () => {
  const [texts = []] = await pagesOf(mixedInvoice);
  for (const text of ['Invoice', 'INV-2026-000001', 'Fanfold Example BV', 'VAT ID: BE0403019261'])
    expect(texts).toContain(text);
  for (const text of ['Ada Example GmbH', 'Germany', 'VAT ID: DE136695976', 'order-1001'])
    expect(texts).toContain(text);
  for (const text of ['29\u00a0November\u00a02026', 'Assembly at your office', '1.5', 'h', '0.0349', '1,250'])
    expect(texts).toContain(text);
  expect(texts).toContain('Discount: Loyal customer (21\u00a0%)');
  expect(texts).toContain('Paid by card Visa\u00a0••••\u00a04242');
  expect(texts.slice(texts.indexOf('Total (EUR)'))).toEqual(
    expect.arrayContaining(['355.22', 'Paid', '\u2212355.22', 'Amount due', '0.00']),
  );
});

test('A credit note refers to its invoice, and a copy says that it is one', async () => {
  const [texts = []] = await pagesOf(mixedCreditNote, { language: 'fr' });
  expect(texts).toContain('Avoir');
  expect(texts.join(' ')).toContain('Rectifie la facture INV-2026-000001 du');
  expect(texts).not.toContain('Copie');
  expect((await pagesOf(mixedCreditNote, { language: 'fr', isCopy: true }))[0]).toContain('Copie');
});

test('A category without VAT says why, in the language and in the words of the document', async () => {
  const [texts = []] = await pagesOf(namesInvoice, { language: 'de' });
  expect(texts.join(' ')).toContain('Steuerschuldnerschaft des Leistungsempfängers');
  expect(texts.join(' ')).toContain('Reverse charge, article 196 of Directive 2006/112/EC');
  expect(texts).toContain('VATEX-EU-132');
  expect(texts).toContain('0\u00a0% AE');
});

describe('Over several pages', () => {
  const invoiceOf = (count: number, description: string): TaxDocument => {
    const lines = Array.from({ length: count }, () => ({ ...soundLine, description, adjustments: [] }));
    return documentOf({ ...sound, order: { ...sound.order, lines } });
  };

  test('sums are carried, titles and number repeated, and pages counted', async () => {
    const pages = await pagesOf(invoiceOf(100, 'Chair'));
    expect(pages.length).toBeGreaterThan(3);
    let soldBefore = 0;
    for (const [i, texts] of pages.entries()) {
      expect(texts).toContain(`Page ${i + 1} of ${pages.length}`);
      const carried = (label: string) => texts[texts.indexOf(label) + 1];
      if (soldBefore > 0) {
        expect(texts).toContain('Invoice INV-2026-000001');
        expect(carried('Brought forward')).toBe(`${soldBefore.toLocaleString('en')}.00`);
      }
      soldBefore += 100 * texts.filter((text) => text === 'Chair').length;
      if (soldBefore < 10_000) {
        expect(carried('Carried forward')).toBe(`${soldBefore.toLocaleString('en')}.00`);
        expect(texts).toContain('Description');
      }
    }
    expect(soldBefore).toBe(10_000);
  });

  test('a line that is longer than a page goes on, and nothing of it is lost', async () => {
    const words = Array.from({ length: 600 }, (_, i) => `w${i}`);
    const pages = await pagesOf(invoiceOf(1, words.join(' ')));
    const said =
      pages
        .flat()
        .join(' ')
        .match(/\bw\d+/g) ?? [];
    expect(said).toEqual(words);
  });
});

describe('A logo', () => {
  test('is drawn where the name would be', async () => {
    const bytes = Buffer.from(
      await renderPdf(
        requestOf(soundInvoice, { logo: { bytes: logoPng(), alternativeText: 'Folded sheets' } }),
      ),
    );
    expect(bytes.includes('/Subtype /Image')).toBe(true);
    expect(bytes.includes('/Alt (Folded sheets)')).toBe(true);
  });

  test.each([
    ['a PNG', logoPng(), null],
    ['a PNG that is too large', logoPng(2001, 2), /2001 by 2/],
    ['something else', new TextEncoder().encode('<svg/>'), /neither PNG nor JPEG/],
    ['too many bytes', new Uint8Array(maxLogoBytes + 1), /more than/],
    ['nothing', new Uint8Array(), /neither/],
    ['a JPEG', jpeg(3, 100), null],
    ['a JPEG in CMYK', jpeg(4, 100), /RGB or grey/],
    ['a JPEG that is too large', jpeg(3, 3000), /3000/],
    ['the beginning of a JPEG', jpeg(3, 100).subarray(0, 12), /does not end as one/],
  ])('that is %s', (_, bytes, problem) => {
    if (problem) expect(logoProblemOf(bytes)).toMatch(problem);
    else expect(logoProblemOf(bytes)).toBeNull();
  });

  /** The segments of a JPEG up to its frame, and its end. */
  function jpeg(components: number, width: number): Uint8Array {
    const frame = [0xff, 0xc0, 0, 17, 8, 0, 50, width >> 8, width & 255, components];
    return Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, ...frame, ...Array(9).fill(0), 0xff, 0xd9]);
  }
});

test('A simplified invoice is called one, in its language, and its credit note is one like others', async () => {
  const said = async (document: TaxDocument, language: 'en' | 'de') => {
    const [texts = []] = await pagesOf({ ...document, isSimplified: true }, { language });
    return texts;
  };
  expect(await said(soundInvoice, 'en')).toContain('Simplified invoice');
  expect(await said(soundInvoice, 'de')).toContain('Vereinfachte Rechnung');
  expect(await said(mixedCreditNote, 'en')).toContain('Credit note');
});
