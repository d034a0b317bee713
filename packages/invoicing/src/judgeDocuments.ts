/**
 * Judges the documents of writeDocuments.ts by what the official rules say of them:
 *
 *     find FOLDER -type f | xargs validate-invoice --json | node src/judgeDocuments.ts FOLDER
 *
 * It reads a JSON object a line with `file` and `findings` of `level`, `rule` and `text`, and exits with 1 when a sound
 * document breaks a rule, a broken one does not break its own, or nothing was said of one. Of a PDF that is alone it is said, and
 * only that, that it has no XML.
 */

import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const isMissingXml = ({ rule, text }: { rule: string; text: string }): boolean =>
  rule === 'Factur-X' && text.startsWith('no associated file');

type Answer = { file: string; findings: { level: string; rule: string; text: string }[] };

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('Say which folder the documents are in');
const unanswered = new Set(
  ['sound', 'alone', 'broken'].flatMap((part) =>
    readdirSync(join(folder, part)).map((name) => join(part, name)),
  ),
);
let passed = 0;
let failed = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const { file, findings }: Answer = JSON.parse(line);
  const part = basename(dirname(file));
  if (!unanswered.delete(join(part, basename(file)))) throw new Error(`${file} is not in ${folder}`);
  const errors = findings.filter(({ level }) => level === 'error');
  const rule = part === 'broken' ? decodeURIComponent(basename(file).replace(/^\d+-|\.\w+$/g, '')) : null;
  const unexpected = part === 'alone' ? errors.filter((error) => !isMissingXml(error)) : errors;
  if (rule === null ? unexpected.length === 0 : errors.some((error) => error.rule === rule)) {
    passed++;
    continue;
  }
  failed++;
  console.error(rule === null ? `${file} breaks:` : `${file} does not break ${rule}, but:`);
  for (const error of unexpected) console.error(`  ${error.rule}: ${error.text}`);
}
for (const file of unanswered) console.error(`${file}: the rules said nothing`);
failed += unanswered.size;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
