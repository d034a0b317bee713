#!/usr/bin/env bash
# One would guess: pdfkit that is asked for `subset: 'PDF/A-3b'` makes such a file, or says what it lacks for it.
# What happens: with the version of PDF that it writes when none is given, 1.3, the file has the profile of colours that PDF/A asks
# for, but no metadata, and so does not claim to be PDF/A. Nothing is said. With `pdfVersion: '1.7'` all of it is there.
# Why it matters: the file opens and prints as ever. That it is no PDF/A, and its XML no e-invoice, is noticed by who receives it.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts pdfkit@0.20.2 dejavu-fonts-ttf@2.37.3
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import PDFDocument from 'pdfkit';

const { version } = JSON.parse(readFileSync('node_modules/pdfkit/package.json', 'utf8'));
async function claims(options) {
  const document = new PDFDocument({ ...options, subset: 'PDF/A-3b', font: 'node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf' });
  document.text('Invoice');
  document.end();
  const chunks = [];
  for await (const chunk of document) chunks.push(Buffer.from(chunk));
  const file = Buffer.concat(chunks);
  return ['/OutputIntents', '/Metadata', '<pdfaid:part>3'].map((part) => file.includes(part));
}
const [without, withVersion] = [await claims({}), await claims({ pdfVersion: '1.7' })];
const said = ([profile, metadata, claim]) =>
  `has ${profile ? 'a' : 'no'} profile, ${metadata ? 'has' : 'no'} metadata and ${claim ? 'claims' : 'does not claim'} PDF/A-3`;
console.log(`pdfkit ${version}: without pdfVersion a file ${said(without)}; with 1.7 it ${said(withVersion)}`);
process.exit(String(without) === 'true,false,false' && withVersion.every((part) => part) ? 0 : 1);
JS
node run.mjs
