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

  const rows = (count: number, bytes: number) => deflateSync(Buffer.alloc(count * bytes));
  test.each<[string, Uint8Array, RegExp]>([
    ['is text', Buffer.from('logo'), /neither PNG nor JPEG/],
    ['has too many bytes', Buffer.concat([logoPng(), Buffer.alloc(maxLogoBytes)]), /more than 65536 bytes/],
    ['is cut short', logoPng().slice(0, -20), /pixels cannot be read/],
    ['has a byte that changed', changed(logoPng(), 60), /pixels cannot be read/],
    ['has fewer pixels than it says', pngOf(10, 10, [8, 2], rows(9, 31)), /pixels cannot be read/],
    ['has more pixels than it says', pngOf(10, 10, [8, 2], rows(11, 31)), /pixels cannot be read/],
    ['has no palette for its colours', pngOf(10, 10, [8, 3], rows(10, 11)), /pixels cannot be read/],
    ['has colours of another type', pngOf(10, 10, [8, 5], rows(10, 11)), /pixels cannot be read/],
    ['has 16 bits a colour', pngOf(10, 10, [16, 2], rows(10, 61)), /pixels cannot be read/],
    ['is not compressed', pngOf(10, 10, [8, 0], Buffer.alloc(110)), /pixels cannot be read/],
  ])('that %s is none', (_what, bytes, problem) => {
    expect(read(bytes)).toMatch(problem);
  });

  test.each<[string, Uint8Array]>([
    ['grey', pngOf(10, 10, [8, 0], rows(10, 11))],
    ['black and white', pngOf(10, 10, [1, 0], rows(10, 3))],
    ['with colours', pngOf(10, 10, [8, 2], rows(10, 31))],
    ['with a palette', pngOf(10, 10, [4, 3], rows(10, 6), Buffer.alloc(48))],
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
