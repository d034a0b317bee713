/**
 * Reads what the official rules say of the documents of writeDocuments.ts, a JSON object a line with `file` and
 * `findings` of `level` and `rule`, and exits with 1 when a sound document breaks a rule or a broken one does not break
 * its own.
 */
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';

type Answer = { file: string; valid: boolean; findings: { level: string; rule: string; text: string }[] };

let passed = 0;
let failed = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { file, valid, findings }: Answer = JSON.parse(line);
  const errors = findings.filter(({ level }) => level === 'error');
  const expected = basename(dirname(file)) === 'broken' ? basename(file, '.xml').replace(/^\d+-/, '') : null;
  const isRight = expected === null ? valid : errors.some(({ rule }) => rule === expected);
  if (isRight) {
    passed++;
    continue;
  }
  failed++;
  console.error(expected === null ? `${file} breaks:` : `${file} does not break ${expected}, but:`);
  for (const { rule, text } of errors) console.error(`  ${rule}: ${text}`);
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exitCode = 1;
