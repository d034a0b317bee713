import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { fullWidth } from '@fanfold/tlog/tile';
import { checkpointIn } from '../publish/checkpoint.ts';
import { readBundle } from '../publish/tiles.ts';
import { isCommittedBy } from '../record/entry.ts';
import { comparableTime } from '../record/received.ts';
import { erasuresOf } from '../store/erasures.ts';
import { type Recording, readRecordings } from '../store/events.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { readHead } from '../store/log.ts';
import { loadRound, saveRound } from '../store/round.ts';

/** What a run compares at most: some 600 read units, and as many files as it has merchants, or bundles of one. */
const maxEventsPerRun = 300;

/**
 * Compares a part of the events that lie beside the log with the log's published entries, and goes on where the run before
 * it ended, round after round. What was changed, put beside or made unreadable without an erasure is a line in the log, and
 * a metric with an alarm, in each round until it is mended; and so is, at the end of a round, how many events are missing.
 *
 * @returns how many were compared, and how many were found to be other than in the log
 * @throws when the log's files are not there to be compared with
 */
export async function checkEvents(
  maxEvents = maxEventsPerRun,
): Promise<{ compared: number; changed: number; missing: number }> {
  const round = await loadRound();
  const size = await publishedSize();
  const { recordings, next } = await readRecordings(maxEvents, round.next);
  // Read after them: what is recorded is below it.
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
  const found = round.found + recordings.filter(({ item }) => item.position < round.expected).length;
  const missing = next ? 0 : Math.abs(round.expected - found);
  if (missing > 0) logger.error('events missing', { expected: round.expected, found });
  // Before the round goes on, so that it is measured also when the run ends here: rather twice than never.
  if (changed.size + missing > 0) metrics.addMetric('EventChanged', 'Count', changed.size + missing);
  await saveRound(
    next ? { next, expected: round.expected, found } : { expected: Number(size), found: 0 },
    round,
  );
  return { compared: published.length, changed: changed.size, missing };
}

async function publishedSize(): Promise<bigint> {
  const file = await readFile(checkpointPath);
  return file ? checkpointIn(Buffer.from(file.bytes).toString()).size : 0n;
}

/** Those that say something else than their entries. */
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

/** What is found by must be as it was said, too. Of what was erased, nothing else can be compared. */
function isAsIn(entry: string, { item, opened }: Recording): boolean {
  const { type, time, sequence, recordedtime } = JSON.parse(entry);
  const isFoundRightly =
    item.type === type &&
    item.time === comparableTime(time) &&
    item.sk === sequence &&
    item.recordedAt === recordedtime;
  if (!isFoundRightly || opened === 'broken') return false;
  if (!opened) return true;
  const { merchantid, subject, correlationid } = opened.received.event;
  return (
    item.pk === `${merchantid}#${subject}` &&
    item.merchantId === merchantid &&
    item.correlation === `${merchantid}#${correlationid}` &&
    isCommittedBy(entry, opened)
  );
}

/** Those that cannot be read, although nobody ordered that. */
async function unerased(published: Recording[]): Promise<Recording[]> {
  const unreadable = published.filter(({ opened }) => !opened);
  const bySubject = Map.groupBy(unreadable, ({ item }) => `${item.merchantId}#${item.dataSubject}`);
  const without: Recording[] = [];
  for (const recordings of bySubject.values()) {
    const [{ item } = { item: undefined }] = recordings;
    if (item && (await erasuresOf(item.merchantId, item.dataSubject)).length === 0)
      without.push(...recordings);
  }
  return without;
}
