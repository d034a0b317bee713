import { type Run, workOff } from '@fanfold/runtime/schedule';
import { DayBook, daysSince, daysToClose } from './day.ts';
import { activeOn, closeDay, isClosed, markClosed } from './store.ts';

/**
 * Closes yesterday, and earlier days of the last week that were missed. A merchant whose day cannot be closed holds up
 * nobody else's; that day is tried again by the next runs.
 *
 * @throws when a day was not closed for every merchant
 */
export async function closeDays(run: Run): Promise<{ closed: number }> {
  let closed = 0;
  const open: string[] = [];
  for (const date of daysToClose(run.now)) {
    if (await isClosed(date)) continue;
    const { done, isWhole } = await close(date, run);
    closed += done;
    if (!isWhole) open.push(date);
  }
  if (open.length > 0) throw new Error(`Not closed for every merchant: ${open.join(', ')}; see the log`);
  return { closed };
}

async function close(date: string, run: Run): Promise<{ done: number; isWhole: boolean }> {
  const book = new DayBook(date, run);
  for (const day of daysSince(date, run.now)) {
    for await (const payments of activeOn(day)) {
      for (const payment of payments) book.add(payment);
    }
  }
  const closings = book.closings().map((closing) => ({ id: closing.subject, closing }));
  const { done, failed, isTimeUp } = await workOff(
    [closings],
    ({ closing }) => closeDay(closing),
    run.remainingTimeMs,
  );
  const isWhole = failed === 0 && !isTimeUp;
  if (isWhole) await markClosed(date);
  return { done, isWhole };
}
