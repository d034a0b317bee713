/**
 * Takes the place of `brotli/decompress.js` in bundles (bundling.js), by which fontkit reads WOFF2. The fonts here are TrueType:
 * Node has unpacked them before.
 */
export default function decompress(): never {
  throw new Error('Fonts are read as TrueType: see fontFiles.ts');
}
