import { maxLogoBytes } from '@fanfold/contracts/seller';

const maxSide = 2000;

/** What an image is, as far as its first bytes say. */
type Image = { width: number; height: number; problem: string | null };

/** Why an image cannot be a document's logo; null when it can. PDF/A knows neither other formats nor CMYK without a profile. */
export function logoProblemOf(bytes: Uint8Array): string | null {
  if (bytes.length > maxLogoBytes) return `has more than ${maxLogoBytes} bytes`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const image = pngOf(view) ?? jpegOf(view);
  if (!image) return 'is neither PNG nor JPEG';
  if (image.problem !== null) return image.problem;
  const { width, height } = image;
  return width < 1 || height < 1 || width > maxSide || height > maxSide
    ? `is ${width} by ${height} pixels, and each side may have 1 to ${maxSide}`
    : null;
}

/** https://www.w3.org/TR/png-3/#11IHDR */
function pngOf(view: DataView): Image | null {
  if (view.byteLength < 33 || view.getUint32(0) !== 0x89504e47 || view.getUint32(12) !== 0x49484452)
    return null;
  const isInterlaced = view.getUint8(28) !== 0;
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    problem: isInterlaced ? 'is an interlaced PNG' : null,
  };
}

/** Its frame is in the segment SOF0, SOF1 or SOF2 (ITU-T T.81, B.2.2). */
function jpegOf(view: DataView): Image | null {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  // A part of one, or another file behind its head. What is between head and end is drawn as it is.
  if (view.getUint16(view.byteLength - 2) !== 0xffd9)
    return { width: 1, height: 1, problem: 'is a JPEG that does not end as one' };
  for (let at = 2; at + 10 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker < 0xffc0 || marker > 0xffc2) continue;
    const [depth, components] = [view.getUint8(at + 4), view.getUint8(at + 9)];
    if (depth !== 8) return { width: 1, height: 1, problem: 'is a JPEG of more than 8 bits a colour' };
    return {
      width: view.getUint16(at + 7),
      height: view.getUint16(at + 5),
      problem: components === 1 || components === 3 ? null : 'is a JPEG of other colours than RGB or grey',
    };
  }
  return null;
}
