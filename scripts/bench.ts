/**
 * `pnpm bench`: what Fanfold costs, measured here and now, beside what it cannot do without and what else there is. Ratios
 * and counts are the results; times are this machine's.
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { parts } from '../bench/parts.ts';

const { quick, json, only, charts } = new Command('pnpm bench')
  .description(
    `Measures what Fanfold costs, part by part:\n${parts.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}`,
  )
  .addOption(
    new Option('--only <parts...>', 'measure these parts alone').choices(parts.map(({ name }) => name)),
  )
  .option('--quick', 'small numbers: to see that it runs')
  .option('--json', 'print the figures as JSON')
  .option('--charts <folder>', 'write charts there, as SVG')
  .parse()
  .opts<{ only?: string[]; quick?: true; json?: true; charts?: string }>();

const results: Record<string, unknown> = {};
const [{ model } = { model: 'unknown' }] = cpus();
const machine = { date: new Date().toISOString(), node: process.version, cpus: cpus().length, model };
if (!json) {
  console.log(`Node ${machine.node}, ${machine.cpus} × ${model}, ${machine.date.slice(0, 10)}`);
}
const startedAt = performance.now();
for (const { name, about, measure, report, chart } of parts) {
  if (only && !only.includes(name)) continue;
  const tell = (what: string) => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    console.error(`${String(seconds).padStart(5)} s  ${name}: ${what}`);
  };
  const result = await measure({ quick: quick === true, tell });
  results[name] = result;
  if (charts && chart) await writeFile(join(charts, `${name}.svg`), chart(result));
  if (!json) console.log(`\n## ${name}: ${about}\n\n${report(result)}`);
}
if (json) console.log(JSON.stringify({ ...machine, ...results }, null, 2));
process.exit(0);
