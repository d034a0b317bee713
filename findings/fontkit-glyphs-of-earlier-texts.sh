#!/usr/bin/env bash
# One would guess: what fontkit's `layout` says of a text, which glyphs and for which characters, depends on the font and the text.
# What happens: a font keeps each glyph with the characters that it was for the first time. Arabic letters that differ only in
# their dots share a glyph in Noto Sans Arabic, so that a word is said to have letters of another word that was laid out before.
# Why it matters: pdfkit writes these characters into a PDF for those who copy, search or have it read aloud. They get other
# letters than they see, and the bytes of a document depend on which documents the process has made before.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts fontkit@2.0.4 @fontsource/noto-sans-arabic@5.3.0
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import * as fontkit from 'fontkit';

const { version } = JSON.parse(readFileSync('node_modules/fontkit/package.json', 'utf8'));
const file = 'node_modules/@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-400-normal.woff';
const newFont = () => fontkit.create(readFileSync(file));
/** The characters that the glyphs of a text are for, in the order of reading. */
const charactersOf = (font, text) =>
  font.layout(text).glyphs.toReversed().flatMap(({ codePoints }) => codePoints).map((one) => String.fromCodePoint(one)).join('');

const text = '\u062a\u0627'; // teh, alef
const earlier = '\u062b\u0627'; // theh, alef
const font = newFont();
charactersOf(font, earlier);
const [inNewFont, afterwards] = [charactersOf(newFont(), text), charactersOf(font, text)];
console.log(`fontkit ${version}: the glyphs of ${text} are for ${inNewFont} in a new font, and for ${afterwards} in one that has laid out ${earlier}`);
process.exit(inNewFont === text && afterwards === earlier ? 0 : 1);
JS
node run.mjs
