import { onSchedule, type Run } from '@fanfold/runtime/schedule';
import { DayBook, daysSince, daysToClose } from '../day.ts';
import { activeOn, closeDay, isClosed, markClosed } from '../store.ts';

/** Closes yesterday, and earlier days of the last week that were missed. */
export const handler = onSchedule(async (run) => {
  let closed = 0;
  for (const date of daysToClose(run.now)) {
    if (await isClosed(date)) continue;
    closed += await close(date, run);
  }
  return { closed };
});

async function close(date: string, run: Run): Promise<number> {
  const book = new DayBook(date, run);
  for (const day of daysSince(date, run.now)) {
    for await (const payments of activeOn(day)) {
      for (const payment of payments) book.add(payment);
    }
  }
  const closings = book.closings();
  for (const closing of closings) await closeDay(closing);
  await markClosed(date);
  return closings.length;
}
