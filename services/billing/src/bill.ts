import { setTimeout as delay } from 'node:timers/promises';
import { isSystemic } from '@fanfold/runtime/failure';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import type { BillableEvent, Entries } from './books.ts';
import type { StoredFile } from './files/written.ts';
import { booksOf, commit, hasParked, readStored } from './store/books.ts';
import { storeFile } from './store/files.ts';

/** The events of a batch that could not be billed, and why. */
type Failures = Map<BillableEvent, unknown>;

/**
 * Bills a batch of events with one read and one transaction. If that fails, each event is billed alone, so that one
 * bad event does not hold up the others. Not in an outage, in which every single one would wait for the table; and
 * not after too many conflicts, of which there would be ten times as many.
 */
export async function bill(events: BillableEvent[]): Promise<Failures> {
  try {
    return await billAtOnce(events);
  } catch (error) {
    if (events.length === 1 || isSystemic(error) || error instanceof TooManyConflicts)
      return new Map(events.map((event) => [event, error]));
  }
  const failures: Failures = new Map();
  for (const event of events) {
    for (const [failed, error] of await bill([event])) failures.set(failed, error);
  }
  return failures;
}

/**
 * Logs parked refunds that do not fit the invoice of their capture, and failures that could not be reversed. No other capture will come for them, and their
 * messages are done, so nothing is left to quarantine. It logs before the write: when the write's answer is lost, a
 * repeated capture would not log them, and twice is better than never.
 */
function reportParked({ accounts }: Entries): void {
  for (const { account, isSettled } of accounts) {
    const { parked, parkedFailures = [] } = account;
    const left = [...parked, ...parkedFailures];
    if (!isSettled || left.length === 0) continue;
    metrics.addMetric('RefundContradictsInvoice', 'Count', left.length);
    logger.error('refunds contradict the invoice', {
      merchantId: account.merchantId,
      invoiceId: account.id,
      eventIds: left.map((event) => event.id),
    });
  }
}

/** How often it retries when others take numbers of the same series at the same time. */
const maxAttempts = 10;

class TooManyConflicts extends Error {
  override name = 'TooManyConflicts';
}

/**
 * Stores the files of new documents, each with one call and all at the same time, before the documents are written: an
 * event never refers to a file that is not there. When others came first and a number changed, its document is another one,
 * with another key. The file of the first is referred to by nobody then, and stays.
 *
 * @param storedKeys of files that an earlier attempt has stored
 */
async function storeFiles(files: StoredFile[], storedKeys: Set<string>): Promise<void> {
  const missing = files.filter(({ key }) => !storedKeys.has(key));
  await Promise.all(missing.map(storeFile));
  for (const { key } of missing) storedKeys.add(key);
}

async function billAtOnce(events: BillableEvent[]): Promise<Failures> {
  const now = new Date();
  let stored = await readStored(events, now);
  const storedKeys = new Set<string>();
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const books = booksOf(stored, now);
    const failures: Failures = new Map();
    for (const event of events) {
      try {
        books.apply(event);
      } catch (error) {
        failures.set(event, error);
      }
    }
    const entries = books.entries();
    reportParked(entries);
    await storeFiles(entries.files, storedKeys);
    const newer = await commit(entries);
    if (!newer) return failures;
    if (attempt === maxAttempts) break;
    // A failed transaction returns the current items, which are as good as a read, so the first retry follows at
    // once. If that fails too, there are many writers: each waits for a random time, and reads again. A failed
    // transaction costs as much as a successful one, and ten times as much as a read.
    if (newer.size > 0 && attempt % 2 === 1 && !hasParked(newer)) {
      stored = new Map([...stored, ...newer]);
    } else {
      await delay(Math.random() * Math.min(20 * 2 ** (attempt / 2), 200));
      stored = await readStored(events, now);
    }
  }
  throw new TooManyConflicts(`Other writers of the same series came first ${maxAttempts} times`);
}
