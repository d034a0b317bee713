import { crc32, inflateSync } from 'node:zlib';
import type { Logo } from '@fanfold/contracts/seller';
import { logoProblemOf } from '@fanfold/invoicing/pdf/logo';
import { type StoredFile, sha256 } from './files/written.ts';

/** A logo by its bytes, as it is put: what is kept of it with the seller, and what is stored under its hash. */
export type ReadLogo = { logo: Logo; file: StoredFile };

/**
 * Reads a logo that every document of its seller begins with from then on: one that could not be drawn would keep all of them from
 * having a PDF, so its pixels are read here too.
 *
 * @returns why it cannot be a logo, in words, when it cannot
 */
export function readLogo({
  data,
  alternativeText,
}: {
  data: string;
  alternativeText: string | null;
}): ReadLogo | string {
  const bytes = Buffer.from(data, 'base64');
  const problem = logoProblemOf(bytes);
  if (problem !== null) return problem;
  const isPng = bytes.readUInt32BE(0) === pngSignature;
  if (isPng && !hasPixels(bytes)) return 'is a PNG whose pixels cannot be read';
  const contentType = isPng ? 'image/png' : 'image/jpeg';
  const hash = sha256(bytes);
  return {
    logo: { sha256: hash, contentType, alternativeText },
    file: { key: keyOfLogo(hash), bytes, contentType },
  };
}

/** A logo is stored beside the files of documents, once, and is there as long as they are. */
export const keyOfLogo = (hash: string): string => `logos/${hash}`;

const pngSignature = 0x89504e47;

/** How many values a pixel has, by the type of its colours: https://www.w3.org/TR/png-3/#3colourType */
const channels: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Whether a PNG has all chunks unbroken, and in them exactly the pixels that its header says. */
function hasPixels(png: Buffer): boolean {
  const chunks = chunksOf(png);
  if (chunks?.at(-1)?.type !== 'IEND') return false;
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [depth = 0, colourType = 0] = png.subarray(24, 26);
  const perPixel = channels[colourType];
  const of = (type: string) => chunks.filter((chunk) => chunk.type === type).map(({ data }) => data);
  const [palette, transparency] = [Buffer.concat(of('PLTE')), Buffer.concat(of('tRNS'))];
  const hasPalette = palette.length > 0 && palette.length % 3 === 0 && palette.length <= 768;
  // Only a palette may have transparent entries. Other colours say it of each pixel, or not at all.
  const isTransparent = transparency.length > 0;
  if (perPixel === undefined || depth > 8 || (depth < 8 && perPixel > 1)) return false;
  if (colourType === 3 ? !hasPalette || transparency.length > palette.length / 3 : isTransparent)
    return false;
  const rowBytes = 1 + Math.ceil((width * perPixel * depth) / 8);
  try {
    const rows = inflateSync(Buffer.concat(of('IDAT')), { maxOutputLength: rowBytes * height });
    return rows.length === rowBytes * height && everyRow(rows, rowBytes, (filter) => filter <= 4);
  } catch {
    return false;
  }
}

function everyRow(rows: Buffer, rowBytes: number, passes: (filter: number) => boolean): boolean {
  for (let at = 0; at < rows.length; at += rowBytes) {
    if (!passes(rows[at] as number)) return false;
  }
  return true;
}

/** https://www.w3.org/TR/png-3/#5Chunk-layout; undefined when one is cut short or has another checksum. */
function chunksOf(png: Buffer): { type: string; data: Buffer }[] | undefined {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < png.length; ) {
    if (at + 12 > png.length) return undefined;
    const end = at + 8 + png.readUInt32BE(at);
    if (end + 4 > png.length || crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) return undefined;
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, end) });
    at = end + 4;
  }
  return chunks;
}
