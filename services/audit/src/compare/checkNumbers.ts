import type { Trace } from '@fanfold/contracts/event';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { subjectAt } from '../store/events.ts';
import { raiseGiven } from '../store/givenNumbers.ts';
import { type IssuedAt, readIssued, readIssuedBackwards } from '../store/log.ts';
import { saveNumberTwice } from '../store/numbersTwice.ts';
import { type Counted, countOnce, loadCounted, loadSeries } from '../store/series.ts';
import { newSeries, placeOf, type Series, take } from './series.ts';

/** The most entries that a run reads: some 30 MB. The next one goes on. */
const maxEntriesPerRun = 262_144;

/**
 * Finds numbers that two documents of a merchant have, among the entries that were appended since the last run. It is a
 * finding with both documents, which is published, and a metric with an alarm. Of each series an item says which numbers
 * the log has, and it is written once a run: a payment costs neither a read nor a write for this.
 *
 * Findings are written before the series, each on condition that it is not there, and series only together with how far
 * they were counted. So a run that ends at any point, and two at once, find the same, once. A run that another one overtakes
 * would find each number in a series that it was just taken from: before it writes a finding, it looks whether that happened,
 * for one more read.
 *
 * Where the highest number of a series has grown, the log's bucket notes it as well, once a run, because buckets are not put
 * back with tables. That is before the series too: what the table has counted, the bucket has noted.
 *
 * @throws when a document cannot be found in the index yet; the next run finds the number again
 */
export async function checkNumbers(
  now: Date,
  trace: Trace,
  maxEntries = maxEntriesPerRun,
): Promise<{ counted: number; twice: number }> {
  let counted = await loadCounted();
  let found = 0;
  const begun = counted.size;
  for await (const part of readIssued(counted.size, maxEntries)) {
    const { series, twice, grown } = await countIn(counted, part.issued);
    // Whoever has counted since has taken these numbers itself, and has found those that really are there twice.
    if (twice.length > 0 && (await loadCounted()).version !== counted.version) break;
    for (const each of await pairsOf(twice)) {
      // Before the write: when the write's answer is lost, it is better to count twice than never.
      metrics.addMetric('NumberTwice', 'Count', 1);
      logger.error('number twice', { merchantId: each.merchantId, number: each.number });
      await saveNumberTwice({ ...each, foundAt: now.toISOString(), trace });
      found += 1;
    }
    const next: Counted = { ...counted, size: part.end, version: counted.version + 1 };
    const noted = await noteGiven(series, grown, now);
    // Another run was faster: it counts the rest.
    if (!(await countOnce(noted, counted, next))) break;
    counted = next;
  }
  return { counted: counted.size - begun, twice: found };
}

/** Has the bucket note those of some series that have grown, and the series what it has noted. */
const noteGiven = (series: Series[], grown: Set<Series>, now: Date): Promise<Series[]> =>
  Promise.all(
    series.map(async (each) =>
      grown.has(each)
        ? { ...each, etag: await raiseGiven({ ...each, notedAt: now.toISOString() }, each.etag) }
        : each,
    ),
  );

/** The series after these documents, those of them that have grown, and the documents whose number was taken before. */
async function countIn(
  counted: Counted,
  issued: IssuedAt[],
): Promise<{ series: Series[]; grown: Set<Series>; twice: IssuedAt[] }> {
  const keyOf = (merchantId: string, name: string) => `${merchantId}#${name}`;
  const wanted = new Map<string, Series>();
  for (const { merchantId, number } of issued) {
    const { name } = placeOf(number);
    wanted.set(keyOf(merchantId, name), newSeries(merchantId, name));
  }
  for (const series of await loadSeries(counted, [...wanted.values()])) {
    wanted.set(keyOf(series.merchantId, series.name), series);
  }
  const before = new Map([...wanted].map(([key, { highest }]) => [key, highest]));
  const twice: IssuedAt[] = [];
  for (const each of issued) {
    const { name, n } = placeOf(each.number);
    const key = keyOf(each.merchantId, name);
    const taken = take(wanted.get(key) ?? newSeries(each.merchantId, name), n);
    if (taken) wanted.set(key, taken);
    else twice.push(each);
  }
  const grown = [...wanted].filter(([key, { highest }]) => highest > (before.get(key) ?? 0));
  return { series: [...wanted.values()], grown: new Set(grown.map(([, series]) => series)), twice };
}

/** A number, and the documents that have it, in the order of the log. */
type Pair = { merchantId: string; number: string; documents: string[] };

/**
 * Both documents of each number. The first one is looked for from the end of the log, because numbers are given again
 * after a table was put back to a time not long ago.
 */
async function pairsOf(twice: IssuedAt[]): Promise<Pair[]> {
  if (twice.length === 0) return [];
  const firsts = await firstsOf(twice);
  const pairs: Pair[] = [];
  for (const [second, first] of firsts) {
    const { merchantId, number } = second;
    const documents = [...(first ? [await subjectOf(first)] : []), await subjectOf(second)];
    // The same document, whose event was recorded anew because its key was lost.
    if (documents[0] === documents[1]) continue;
    pairs.push({ merchantId, number, documents });
  }
  return pairs;
}

async function firstsOf(twice: IssuedAt[]): Promise<Map<IssuedAt, IssuedAt | undefined>> {
  const firsts = new Map<IssuedAt, IssuedAt | undefined>(twice.map((each) => [each, undefined]));
  const open = new Set(twice);
  const last = Math.max(...twice.map(({ position }) => position));
  for await (const issued of readIssuedBackwards(last)) {
    for (const second of open) {
      const first = issued.findLast(
        ({ merchantId, number, position }) =>
          merchantId === second.merchantId && number === second.number && position < second.position,
      );
      if (!first) continue;
      firsts.set(second, first);
      open.delete(second);
    }
    if (open.size === 0) break;
  }
  return firsts;
}

async function subjectOf({ merchantId, position }: IssuedAt): Promise<string> {
  const subject = await subjectAt(merchantId, position);
  if (subject === undefined) throw new Error(`The index has no event at ${position} yet`);
  return subject;
}
