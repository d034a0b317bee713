import { join } from 'node:path';
import { runApart } from '../../measuring/runApart.ts';
import type { Part } from '../../part.ts';
import { table } from '../../reporting/table.ts';
import { type AppendCost, costOf, type LogCost, measureAppending } from './log.ts';

export const logPart: Part<{ appending: AppendCost[]; sizes: LogCost[] }> = {
  name: 'log',
  about: "what audit's log costs as it grows",
  minutes: 2,

  async measure({ quick, tell }) {
    tell('appending in memory');
    const appending = measureAppending(quick ? 5 : 9, quick ? 10_000 : 50_000);
    const sizes: LogCost[] = [];
    for (const size of quick ? [1024, 10_240] : [1024, 10_240, 99_840, 999_936]) {
      const what = `a log of ${size.toLocaleString('en')} entries`;
      tell(what);
      const measure: [string, string] = [join(import.meta.dirname, 'log.ts'), 'measureLog'];
      sizes.push(await runApart(`Measuring ${what}`, measure, [size, quick ? 11 : 44]));
    }
    for (const size of [1e7, 1e8, 1e9]) sizes.push(costOf(size));
    return { appending, sizes };
  },

  report: ({ appending, sizes }) => `Appending, in memory, against the hashes that it cannot do without:

${table(
  ['entries per batch', 'µs per entry', '× hash floor'],
  appending.map(({ entriesPerBatch, microsecondsPerEntry, timesHashFloor }) => [
    String(entriesPerBatch),
    microsecondsPerEntry.toFixed(2),
    timesHashFloor.toFixed(2),
  ]),
)}

What the log costs as it grows: batches of 49 on emulators, then a checkpoint.

${table(
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
  sizes.map(({ size, edgeBytes, tilesPerProof, hashesPerProof, measured }) => [
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
)}

Sizes without times were not built: tiles, hashes and head follow from the size.`,
};
