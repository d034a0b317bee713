import { isAsIn } from '../compare/checkEvents.ts';
import type { Received } from '../record/received.ts';
import { indexAgain, putMoved } from '../store/filledEntries.ts';
import { append, entryAt, prepare, readHead, transactionsOf } from '../store/log.ts';
import { type Next, readRecordings } from '../store/recordings.ts';
import { entryWaitsNoMore, setForkedFrom } from '../store/restoredLog.ts';

/** How many events one part compares, each with its entry. */
const partSize = 300;

/** What came of a part of the events. As long as there is `next` there may be more. */
export type RecordedAgain = {
  /** Recorded where the published log has other events, and now behind all. */
  moved: number;
  /** Recorded there too, but erased since, so that they cannot be recorded again. */
  unreadable: number;
  next?: Next;
};

/**
 * Records events again, behind all others, that were appended to a log which had been put back: at their positions the
 * published log has others. Their ids stay recorded all the time. It may end at any point and be repeated.
 *
 * @throws when somebody else appends at the same time
 */
export async function recordAgain(after: Next | undefined, now: Date): Promise<RecordedAgain> {
  const { forkedFrom, size } = await readHead();
  if (forkedFrom === undefined) return { moved: 0, unreadable: 0 };
  const { recordings, next } = await readRecordings(partSize, after, forkedFrom);
  const moved = new Map<Received, number>();
  let unreadable = 0;
  // In the order in which they arrived, at least in a part.
  recordings.sort((a, b) => a.item.position - b.item.position);
  for (const recording of recordings) {
    const { position, indexed } = recording.item;
    const entry = position < size ? await entryAt(position) : undefined;
    if (entry !== undefined && isAsIn(entry, recording)) {
      if (!indexed) await indexAgain(recording.item);
      await entryWaitsNoMore({ position, entry });
    } else if (typeof recording.opened === 'object') {
      moved.set(recording.opened.received, position);
    } else unreadable += 1;
  }
  for (const batch of transactionsOf([...moved.keys()])) {
    const prepared = await prepare(batch, now);
    const { conflict, settled } = await append(prepared, await readHead(), (item, i) =>
      putMoved(item, moved.get(batch[i] as Received) as number),
    );
    if (conflict || settled.size < batch.length) {
      throw new Error('Somebody else appended to the log. Stop its consumer, and run it again');
    }
  }
  if (!next) await setForkedFrom(undefined);
  return { moved: moved.size, unreadable, ...(next && { next }) };
}
