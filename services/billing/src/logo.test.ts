import { deflateSync } from 'node:zlib';
import { maxLogoBytes } from '@fanfold/contracts/seller';
import { soundInvoice } from '@fanfold/invoicing/brokenFixtures';
import { renderPdf } from '@fanfold/invoicing/pdf';
import { logoPng, pngOf, requestOf } from '@fanfold/invoicing/pdfFixtures';
import { describe, expect, it, test } from 'vitest';
import { keyOfLogo, readLogo } from './logo.ts';

const read = (bytes: Uint8Array) =>
  readLogo({ data: Buffer.from(bytes).toString('base64'), alternativeText: null });

/** A grey JPEG of 8 by 8 pixels, as far as its headers go. */
const jpeg = Buffer.from('ffd8ffc0000b080008000801011100ffda0008010100003f00ffd9', 'hex');

const rows = (count: number, bytes: number) => deflateSync(Buffer.alloc(count * bytes));

type Chunk = [type: string, data: Buffer];
const grey = (...more: Chunk[]) => pngOf(10, 10, [8, 0], rows(10, 11), undefined, more);
const paletted = (depth: number, pixels: Buffer, ...more: Chunk[]) =>
  pngOf(10, 10, [depth, 3], pixels, Buffer.alloc(48), more);

function header(width: number, height: number): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([8, 0], 8);
  return data;
}

/** A grey PNG whose header has a byte too much. */
function longerHeader(): Uint8Array {
  const whole = Buffer.from(grey(['IHDR', Buffer.concat([header(10, 10), Buffer.alloc(1)])]));
  return Buffer.concat([whole.subarray(0, 8), whole.subarray(33)]);
}

describe('A logo', () => {
  it('that is a PNG or JPEG is stored under its hash', () => {
    for (const [bytes, contentType] of [
      [logoPng(), 'image/png'],
      [jpeg, 'image/jpeg'],
    ] as const) {
      const { logo, file } = read(bytes) as Exclude<ReturnType<typeof read>, string>;
      expect(logo).toEqual({
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        contentType,
        alternativeText: null,
      });
      expect(file).toEqual({ key: keyOfLogo(logo.sha256), bytes: Buffer.from(bytes), contentType });
    }
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['is text', Buffer.from('logo'), /neither PNG nor JPEG/],
    ['has too many bytes', Buffer.concat([logoPng(), Buffer.alloc(maxLogoBytes)]), /more than 65536 bytes/],
    ['is cut short', logoPng().slice(0, -20), /pixels cannot be read/],
    ['has a byte that changed', changed(logoPng(), 60), /pixels cannot be read/],
    ['is a JPEG that is cut short', jpeg.subarray(0, -2), /does not end as one/],
    ['has fewer pixels than it says', pngOf(10, 10, [8, 2], rows(9, 31)), /pixels cannot be read/],
    ['has more pixels than it says', pngOf(10, 10, [8, 2], rows(11, 31)), /pixels cannot be read/],
    ['has no palette for its colours', pngOf(10, 10, [8, 3], rows(10, 11)), /pixels cannot be read/],
    ['has colours of another type', pngOf(10, 10, [8, 5], rows(10, 11)), /pixels cannot be read/],
    ['has 16 bits a colour', pngOf(10, 10, [16, 2], rows(10, 61)), /pixels cannot be read/],
    [
      'has transparency in a small palette',
      paletted(4, rows(10, 6), ['tRNS', Buffer.alloc(1)]),
      /save it with 8 bits/,
    ],
    [
      'has a palette besides its colours',
      pngOf(10, 10, [8, 2], rows(10, 31), Buffer.alloc(48)),
      /pixels cannot be read/,
    ],
    ['has a second header', grey(['IHDR', header(12, 10)]), /other chunks/],
    ['has a longer header', longerHeader(), /pixels cannot be read/],
    ['ends twice', grey(['IEND', Buffer.alloc(0)]), /other chunks/],
    [
      'goes on behind its end',
      Buffer.concat([grey(), grey(['tIME', Buffer.alloc(7)]).slice(33, 52)]),
      /pixels cannot be read/,
    ],
    ['has two palettes', paletted(8, rows(10, 11), ['PLTE', Buffer.alloc(48)]), /other chunks/],
    [
      'has transparency twice',
      paletted(8, rows(10, 11), ['tRNS', Buffer.alloc(1)], ['tRNS', Buffer.alloc(1)]),
      /other chunks/,
    ],
    ['is animated', grey(['acTL', Buffer.alloc(8)]), /other chunks/],
    ['has a chunk that nobody knows', grey(['ABCD', Buffer.alloc(1)]), /other chunks/],
    ['is not compressed', pngOf(10, 10, [8, 0], Buffer.alloc(110)), /pixels cannot be read/],
  ])('that %s is none', (_what, bytes, problem) => {
    expect(read(bytes)).toMatch(problem);
  });

  test.each<[string, Uint8Array]>([
    ['grey', pngOf(10, 10, [8, 0], rows(10, 11))],
    ['black and white', pngOf(10, 10, [1, 0], rows(10, 3))],
    ['with colours', pngOf(10, 10, [8, 2], rows(10, 31))],
    ['with a palette', pngOf(10, 10, [4, 3], rows(10, 6), Buffer.alloc(48))],
    ['with transparency in a palette', paletted(8, rows(10, 11), ['tRNS', Buffer.alloc(16)])],
    [
      'with its resolution and texts',
      grey(['pHYs', Buffer.alloc(9)], ['tEXt', Buffer.from('Title\0A')], ['tEXt', Buffer.from('Author\0B')]),
    ],
    ['with grey transparency', pngOf(10, 10, [8, 4], rows(10, 21))],
    ['with transparency', logoPng()],
    ['that is a JPEG', jpeg],
  ])('%s is drawn', async (_what, bytes) => {
    expect(read(bytes)).toHaveProperty('logo');
    const pdf = await renderPdf(requestOf(soundInvoice, { logo: { bytes, alternativeText: null } }));
    expect(Buffer.from(pdf).includes('/Subtype /Image')).toBe(true);
  });
});

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
