import { isDeepStrictEqual } from 'node:util';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { fullWidth } from '@fanfold/tlog/tile';
import { checkpointIn } from '../publish/checkpoint.ts';
import { readBundle } from '../publish/tiles.ts';
import { isCommittedBy } from '../record/entry.ts';
import { comparableTime } from '../record/received.ts';
import { erasuresOf } from '../store/erasures.ts';
import { indexedItem, keyNameOf, merchantOf } from '../store/eventItems.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { readHead } from '../store/log.ts';
import { readOpen } from '../store/openEntries.ts';
import { type Recording, readRecordings } from '../store/recordings.ts';
import { loadRound, saveRound } from '../store/round.ts';
import { compareListings } from './listings.ts';

/** The most that a run compares of events and of listings: about 900 read units, and the bundles with these events. */
const maxEventsPerRun = 300;

/**
 * Compares a part of the stored events with the published entries of the log, and a part of the listings, by which lists find
 * events, with these. The next run goes on where this one ended; after the last part it starts again. An event that was
 * changed, added, hidden from lists or made unreadable without an erasure is logged and counted in a metric with an alarm, in
 * each round until it is mended. So is the number of missing events, at the end of a round.
 *
 * @returns how many were compared, and how many differ from the log
 * @throws when the files of the log cannot be read
 */
export async function checkEvents(
  maxEvents = maxEventsPerRun,
): Promise<{ compared: number; changed: number; missing: number }> {
  const round = await loadRound();
  const size = await publishedSize();
  const { recordings, next } = await readRecordings(maxEvents, round.next);
  // Read after the events, so that the log covers all of them.
  const { size: end } = await readHead();
  const isInLog = ({ item: { position } }: Recording) =>
    Number.isSafeInteger(position) && position >= 0 && position < end;
  const published = recordings.filter((each) => isInLog(each) && each.item.position < size);
  const changed = new Set([
    ...recordings.filter((each) => !isInLog(each)),
    ...(await differing(published, size)),
    ...(await unerased(published)),
  ]);
  for (const { item } of changed) {
    logger.error('event changed', { position: item.position, pk: item.pk, sk: item.sk });
  }
  const { misplaced, next: listed } = await compareListings(round.listed ?? 0, maxEvents);
  for (const position of misplaced) logger.error('event not found by lists', { position });
  const found = round.found + recordings.filter(({ item }) => item.position < round.expected).length;
  const missing = next ? 0 : Math.abs(round.expected - found - (await openBefore(round.expected)));
  if (missing > 0) logger.error('events missing', { expected: round.expected, found });
  const wrong = changed.size + misplaced.length;
  // Before the progress is saved: when the run ends here, it is better to count twice than never.
  if (wrong + missing > 0) metrics.addMetric('LogMisfit', 'Count', wrong + missing);
  await saveRound(
    { listed, ...(next ? { next, expected: round.expected, found } : { expected: Number(size), found: 0 }) },
    round,
  );
  return { compared: published.length, changed: wrong, missing };
}

/** Entries of a log that was restored whose events are not there: that is known, and `fanfold restore audit` names them. */
async function openBefore(position: number): Promise<number> {
  let count = 0;
  for await (const items of readOpen()) count += items.filter((each) => each.position < position).length;
  return count;
}

async function publishedSize(): Promise<bigint> {
  const file = await readFile(checkpointPath);
  return file ? checkpointIn(Buffer.from(file.bytes).toString()).size : 0n;
}

/** Those whose content differs from their entries. */
async function differing(published: Recording[], size: bigint): Promise<Recording[]> {
  const different: Recording[] = [];
  const bundles = Map.groupBy(published, ({ item }) => Math.floor(item.position / fullWidth));
  for (const [bundle, recordings] of bundles) {
    const entries = await readBundle(bundle * fullWidth, size);
    for (const recording of recordings) {
      const entry = Buffer.from(entries[recording.item.position % fullWidth] ?? '').toString();
      if (!isAsIn(entry, recording)) different.push(recording);
    }
  }
  return different;
}

/**
 * Whether a recording is the event of an entry. The attributes of the indexes have to match, too. Of an erased event nothing
 * else can be compared.
 */
export function isAsIn(entry: string, { item, opened }: Recording): boolean {
  const { type, time, sequence, recordedtime } = JSON.parse(entry);
  const isFoundRightly =
    item.type === type &&
    item.time === comparableTime(time) &&
    item.sk === sequence &&
    item.recordedAt === recordedtime;
  if (!isFoundRightly || opened === 'broken') return false;
  if (!opened) return true;
  const { merchantid, subject, correlationid } = opened.received.event;
  const { indexed = indexedItem(item).indexed } = item;
  return (
    item.pk === `${merchantid}#${subject}` &&
    item.correlationId === correlationid &&
    isDeepStrictEqual(indexed, { merchantId: merchantid, correlation: `${merchantid}#${correlationid}` }) &&
    isCommittedBy(entry, opened)
  );
}

/** Those that cannot be decrypted although nobody ordered an erasure. */
async function unerased(published: Recording[]): Promise<Recording[]> {
  const unreadable = published.filter(({ opened }) => !opened);
  const bySubject = Map.groupBy(unreadable, ({ item }) => keyNameOf(item));
  const without: Recording[] = [];
  for (const recordings of bySubject.values()) {
    const [{ item } = { item: undefined }] = recordings;
    if (item && (await erasuresOf(merchantOf(item), item.dataSubject)).length === 0)
      without.push(...recordings);
  }
  return without;
}
