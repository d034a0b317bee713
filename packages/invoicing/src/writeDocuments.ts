/**
 * Writes invoices and credit notes for whoever looks at them by the official rules:
 *
 *     node src/writeDocuments.ts FOLDER [--count 2000] [--seed 1]
 *
 * FOLDER/sound has random ones, each in one of the forms that it can have; no rule may be broken by them. FOLDER/broken has
 * one for each fault that the product refuses or avoids, named by the rule that it has to break. The same seed writes the
 * same bytes. judgeDocuments.ts reads what the rules say of them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { electronicObstacleOf, missingFor } from './available.ts';
import { brokenDocuments, brokenOrders, documentOf, incompleteDocuments } from './brokenFixtures.ts';
import { ciiOf } from './cii.ts';
import type { TaxDocument } from './document.ts';
import { documents } from './documentFixtures.ts';
import { type Form, forms } from './profile.ts';
import { ublOf } from './ubl.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
});
const [folder] = positionals;
if (!folder) throw new Error('Say which folder to write to');
const [sound, broken] = [join(folder, 'sound'), join(folder, 'broken')];
for (const path of [sound, broken]) mkdirSync(path, { recursive: true });

const formsOf = (document: TaxDocument): Form[] =>
  electronicObstacleOf(document) === null
    ? forms.filter((form) => missingFor(form, document).length === 0)
    : [];

const xmlOf = (document: TaxDocument, { syntax, profile }: Form): string =>
  syntax === 'cii' ? ciiOf(document, profile) : ublOf(document, profile);

const numbered = (number: number): string => String(number).padStart(5, '0');

const written = new Map<string, number>();
const [count, seed] = [Number(values.count), Number(values.seed)];
let number = 0;
let withoutForm = 0;
for (let round = 0; number < count; round++) {
  for (const document of fc.sample(documents, { seed: seed + round, numRuns: 100 }).flat()) {
    const possible = formsOf(document);
    const form = possible[number % possible.length];
    if (!form) withoutForm++;
    else if (number < count) {
      const name = `${document.kind}-${form.syntax}-${form.profile}`;
      written.set(name, (written.get(name) ?? 0) + 1);
      writeFileSync(join(sound, `${numbered(++number)}-${name}.xml`), xmlOf(document, form));
    }
  }
}
console.log(`${number} random documents; ${withoutForm} more cannot be electronic`);
for (const [name, many] of [...written].sort()) console.log(`  ${name} ${many}`);

const faults = [
  ...brokenOrders.map(({ given, rule, official, document, ...one }) => ({
    ...one,
    rule: official ?? rule,
    document: document ?? documentOf(given),
  })),
  ...brokenDocuments,
  ...incompleteDocuments,
];
for (const [i, { rule, document, form = forms[0] }] of faults.entries())
  writeFileSync(join(broken, `${numbered(i + 1)}-${rule}.xml`), xmlOf(document, form));
console.log(`${faults.length} broken documents, of ${new Set(faults.map(({ rule }) => rule)).size} rules`);
