import { processItems, type Run, workTimeMs } from '@fanfold/runtime/schedule';
import { closeDay, markClosed, progressOf, saveProgress } from '../store/days.ts';
import type { Progress } from '../store/items.ts';
import { merchantByMerchant } from '../store/merchantByMerchant.ts';
import { DayBook, type DayClosing, daysSince, daysToClose } from './day.ts';

/**
 * Closes yesterday, and earlier days of the last week that were missed. When a run's time is up, it stores how far it
 * came, and the next one goes on. A merchant whose day cannot be closed does not hold up the others; the next runs
 * read that day again.
 *
 * @throws when a day could not be closed for every merchant, although a run or a whole night had time for it
 */
export async function closeDays(run: Run): Promise<{ closed: number }> {
  let closed = 0;
  const open: string[] = [];
  const dates = daysToClose(run.now);
  for (const date of dates) {
    const before = await progressOf(date);
    if (before === 'closed') continue;
    const { done, failed, isTimeUp } = await close(date, before === 'not begun' ? noProgress : before, run);
    closed += done;
    if (failed > 0 || (isTimeUp && date !== dates.at(-1))) open.push(date);
    if (isTimeUp) break;
  }
  if (open.length > 0) throw new Error(`Not closed for every merchant: ${open.join(', ')}; see the log`);
  return { closed };
}

const noProgress: Progress = { positions: {}, open: [], failed: 0 };

/** Time to write what was counted, and how far it came. */
const isShortOfTime = ({ remainingTimeMs }: Run): boolean => remainingTimeMs() < 2 * workTimeMs;

/** How many closings are written together. */
const batchSize = 50;

async function close(
  date: string,
  before: Progress,
  run: Run,
): Promise<{ done: number; failed: number; isTimeUp: boolean }> {
  const book = new DayBook(date, run, before.open);
  const count = { done: 0, failed: before.failed };
  let { positions } = before;
  let ready: DayClosing[] = [];
  const write = async () => {
    const closings = ready.map((closing) => ({ id: closing.subject, closing }));
    const { done, failed, isTimeUp } = await processItems(
      [closings],
      ({ closing }) => closeDay(closing),
      run.remainingTimeMs,
    );
    count.done += done;
    count.failed += failed;
    ready = [];
    return !isTimeUp;
  };
  for await (const segment of merchantByMerchant(daysSince(date, run.now), positions)) {
    if (isShortOfTime(run)) {
      // If a closing could not be written, the next run counts again from the last stored position.
      if (await write()) await saveProgress(date, { positions, open: book.closings(), failed: count.failed });
      return { ...count, isTimeUp: true };
    }
    ready.push(...book.takeAllBut(segment.merchantId));
    for (const payment of segment.payments) book.add(payment);
    positions = segment.positions;
    if (ready.length >= batchSize && !(await write())) return { ...count, isTimeUp: true };
  }
  ready.push(...book.takeAllBut());
  if (!(await write())) return { ...count, isTimeUp: true };
  if (count.failed === 0) await markClosed(date);
  // Closings that could not be written are not remembered: the next run reads the whole day again.
  else await saveProgress(date, noProgress);
  return { ...count, isTimeUp: false };
}
