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
  const pixelProblem = isPng ? pixelProblemOf(bytes) : null;
  if (pixelProblem !== null) return pixelProblem;
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

/** What else a PNG may have, once or more: it changes neither the size nor the pixels that are drawn. */
const harmlessChunks = new Set(
  'bKGD cHRM cICP cLLI eXIf gAMA hIST iCCP iTXt mDCV pHYs sBIT sPLT sRGB tEXt tIME zTXt'.split(' '),
);

/**
 * Why a PNG cannot be drawn; null when it can: it has all chunks unbroken, and in them exactly the pixels that its header says. Who
 * draws it takes the last of several headers, and as many pixels as that one says: so there is one of each chunk but of the pixels.
 */
function pixelProblemOf(png: Buffer): string | null {
  const unreadable = 'is a PNG whose pixels cannot be read';
  const chunks = chunksOf(png);
  if (chunks === undefined) return unreadable;
  const types = chunks.map(({ type }) => type);
  const drawn = types.filter((type) => !harmlessChunks.has(type) && type !== 'IDAT');
  if (!/^IHDR(,PLTE(,tRNS)?)?,IEND$/.test(drawn.join())) {
    return `is a PNG with other chunks than one IHDR, at most one PLTE and then one tRNS, IDAT, one IEND, and those that say more about it: save it without extras`;
  }
  const of = (type: string) => chunks.filter((chunk) => chunk.type === type).map(({ data }) => data);
  const [header, end] = [chunks.at(0), chunks.at(-1)];
  if (header?.type !== 'IHDR' || header.data.length !== 13 || end?.type !== 'IEND' || end.data.length > 0)
    return unreadable;
  const [width, height] = [header.data.readUInt32BE(0), header.data.readUInt32BE(4)];
  const [depth = 0, colourType = 0] = header.data.subarray(8, 10);
  const perPixel = channels[colourType];
  const [palette, transparency] = [Buffer.concat(of('PLTE')), Buffer.concat(of('tRNS'))];
  const hasPalette = palette.length > 0 && palette.length % 3 === 0 && palette.length <= 768;
  if (perPixel === undefined || depth > 8 || (depth < 8 && perPixel > 1)) return unreadable;
  // Of colours that need no palette, one only suggests what a screen shows; pdfkit would take the pixels for its entries.
  if (colourType === 3 ? !hasPalette : types.includes('PLTE')) return unreadable;
  // Only a palette may have transparent entries. Other colours say it of each pixel, or not at all.
  if (transparency.length > palette.length / 3) return unreadable;
  // pdfkit reads one byte a pixel where entries are transparent.
  if (types.includes('tRNS') && depth !== 8) {
    return `is a PNG with transparent entries in a palette of ${depth} bits: save it with 8 bits`;
  }
  const rowBytes = 1 + Math.ceil((width * perPixel * depth) / 8);
  try {
    const rows = inflateSync(Buffer.concat(of('IDAT')), { maxOutputLength: rowBytes * height });
    const isWhole = rows.length === rowBytes * height && everyRow(rows, rowBytes, (filter) => filter <= 4);
    return isWhole ? null : unreadable;
  } catch {
    return unreadable;
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
