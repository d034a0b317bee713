/**
 * `pnpm bench`: what Fanfold costs, measured here and now. Ratios and counts are the results; times are this machine's.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type AppendCost, costOf, type LogCost, measureAppending } from '../bench/log.ts';

const parts = ['log'] as const;

const { quick, json } = new Command('pnpm bench')
  .description('Measures what Fanfold costs. Some two minutes.')
  .addOption(new Option('--only <part>', 'measure this part alone').choices(parts))
  .option('--quick', 'small numbers: to see that it runs')
  .option('--json', 'print the figures as JSON')
  .parse()
  .opts<{ only?: (typeof parts)[number]; quick?: true; json?: true }>();

const tell = (what: string) => console.error(what);

tell('Appending in memory …');
const appending = measureAppending(quick ? 5 : 9, quick ? 10_000 : 50_000);
const sizes = quick ? [1024, 10_240] : [1024, 10_240, 99_840, 999_936];
const log: LogCost[] = [];
for (const size of sizes) {
  tell(`A log of ${size.toLocaleString('en')} entries …`);
  const measure = join(import.meta.dirname, '../bench/measureLog.ts');
  const printed = execFileSync(process.execPath, [measure, String(size), quick ? '11' : '44']);
  log.push(JSON.parse(printed.toString()));
}
for (const size of [1e7, 1e8, 1e9]) log.push(costOf(size));

if (json) {
  console.log(
    JSON.stringify({ node: process.version, cpus: cpus().length, log: { appending, sizes: log } }, null, 2),
  );
} else {
  console.log(`Node ${process.version}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}\n`);
  printAppending(appending);
  printSizes(log);
}

function printAppending(costs: AppendCost[]): void {
  console.log('Appending, in memory, against the hashes that it cannot do without');
  table(
    ['entries per batch', 'µs per entry', '× hash floor'],
    costs.map(({ entriesPerBatch, microsecondsPerEntry, timesHashFloor }) => [
      String(entriesPerBatch),
      microsecondsPerEntry.toFixed(2),
      timesHashFloor.toFixed(2),
    ]),
  );
}

function printSizes(costs: LogCost[]): void {
  console.log('What the log costs as it grows: batches of 49 on emulators, then a checkpoint');
  table(
    [
      'entries',
      'calls per batch',
      'ms per event',
      'PUT per event',
      'head',
      'tiles',
      'hashes',
      'prove',
      'verify',
    ],
    costs.map(({ size, edgeBytes, tilesPerProof, hashesPerProof, measured }) => [
      size.toLocaleString('en'),
      measured
        ? Object.entries(measured.callsPerBatch)
            .map(([call, count]) => `${Number(count.toFixed(2))} ${call}`)
            .join(', ')
        : 'as above',
      measured?.millisecondsPerEvent.toFixed(2) ?? '',
      measured?.putsPerEvent.toFixed(4) ?? '',
      `${edgeBytes} B`,
      String(tilesPerProof),
      String(hashesPerProof),
      measured ? `${measured.microsecondsToProve.toFixed(0)} µs` : '',
      measured ? `${measured.microsecondsToVerify.toFixed(0)} µs` : '',
    ]),
  );
  console.log('Sizes without times were not built: tiles, hashes and head follow from the size.');
}

function table(head: string[], rows: string[][]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  for (const row of [head, ...rows]) {
    console.log(`  ${row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}`);
  }
  console.log();
}
