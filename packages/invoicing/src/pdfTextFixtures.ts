/** What is on the pages of a PDF of renderPdf, for tests: its texts as they are drawn, from left to right in each line. */
import { inflateSync } from 'node:zlib';

/** The texts of each page, in the order in which they are drawn. */
export function textsOf(pdf: Uint8Array): string[][] {
  const objects = objectsOf(Buffer.from(pdf));
  const object = (reference: string): PdfObject => {
    const found = objects.get(Number.parseInt(reference, 10));
    if (!found) throw new Error(`${reference} is not in the file`);
    return found;
  };
  const referenced = (head: string, name: string): string[] =>
    [...(new RegExp(`/${name} \\[?((?:\\d+ 0 R ?)+)`).exec(head)?.[1] ?? '').matchAll(/(\d+) 0 R/g)].map(
      ([, number]) => number as string,
    );
  return [...objects.values()]
    .filter(({ head }) => head.includes('/Type /Page\n'))
    .map(({ head }) => {
      const resources = object(referenced(head, 'Resources')[0] as string).head;
      const fonts = new Map(
        [...resources.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name, number]) => {
          const [characters] = referenced(object(number as string).head, 'ToUnicode');
          return [name as string, charactersOf(object(characters as string).stream)];
        }),
      );
      const content = referenced(head, 'Contents').map((number) => object(number).stream);
      return textsIn(content.join('\n'), fonts);
    });
}

type PdfObject = { head: string; stream: string };

function objectsOf(pdf: Buffer): Map<number, PdfObject> {
  const text = pdf.toString('latin1');
  return new Map(
    [...text.matchAll(/^(\d+) 0 obj\n([\s\S]*?)\nendobj$/gm)].map(([, number, body]) => {
      const [head = '', stream = ''] = (body as string).split(/\nstream\n/);
      const bytes = Buffer.from(stream.replace(/\nendstream$/, ''), 'latin1');
      const isPacked = head.includes('/FlateDecode');
      return [Number(number), { head, stream: (isPacked ? inflateSync(bytes) : bytes).toString('latin1') }];
    }),
  );
}

/** The characters of each glyph, by its number. */
function charactersOf(map: string): string[] {
  const characters: string[] = [];
  for (const [, first, list] of map.matchAll(/^<(\w{4})> <\w{4}> \[([^\]]*)\]/gm))
    for (const [i, [, hex]] of [...(list as string).matchAll(/<([^>]*)>/g)].entries())
      characters[Number.parseInt(first as string, 16) + i] = Buffer.from(
        (hex as string).replaceAll(' ', ''),
        'hex',
      )
        .swap16()
        .toString('utf16le');
  return characters;
}

function textsIn(content: string, fonts: Map<string, string[]>): string[] {
  const texts: string[] = [];
  let characters: string[] = [];
  for (const [, font, shown] of content.matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g)) {
    if (font) characters = fonts.get(font) ?? [];
    else
      texts.push(
        [...(shown as string).matchAll(/<(\w+)>/g)]
          .flatMap(([, hex]) => (hex as string).match(/.{4}/g) ?? [])
          .map((glyph) => characters[Number.parseInt(glyph, 16)] ?? '')
          .join(''),
      );
  }
  return texts;
}
