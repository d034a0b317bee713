import * as fontkit from 'fontkit';
import { expect, test } from 'vitest';
import { readFont } from '../fontFiles.ts';
import { type FontName, openFont } from './fonts.ts';

/** What pdfkit does with a font. */
type Embeds = { createSubset(): { includeGlyph(id: number): number; encode(): Uint8Array } };

/** The shapes of a text as a document has them: out of the part of the font that is embedded. */
function shapesOf(name: FontName, text: string): string[] {
  const font = openFont(readFont, name);
  const subset = (font as unknown as Embeds).createSubset();
  const ids = font.layout(text, { direction: 'ltr' }).glyphs.map(({ id }) => subset.includeGlyph(id));
  const embedded = fontkit.create(Buffer.from(subset.encode())) as fontkit.Font;
  return ids.map((id) => embedded.getGlyph(id).path.toSVG());
}

test.each<[FontName, string]>([
  ['NotoSans-Regular', 'Müller, Łódź, ÄÖÜ ÉÈÊ ñ ç ő ǖ ½ Ελλάδα Ёж Tiếng Việt'],
  ['NotoSans-SemiBold', 'Käufer Übertrag Désignation'],
  ['NotoSansSC-Regular', '中国椅子有限公司直骨角'],
  ['NotoSansJP-Regular', '株式会社ファンフォールド'],
  ['NotoSansKR-Regular', '주식회사 예시'],
  ['NotoSansHebrew-Regular', 'דוגמה'],
])('%s draws each letter as it is, also those that are put together of others', (name, text) => {
  const font = fontkit.create(readFont(name) as Buffer) as fontkit.Font;
  expect(shapesOf(name, text)).toEqual(
    font.layout(text, undefined, undefined, undefined, 'ltr').glyphs.map(({ path }) => path.toSVG()),
  );
});
