import { setTimeout as delay } from 'node:timers/promises';
import { isSystemic } from '@fanfold/runtime/failure';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import type { BillableEvent, Entries } from './books.ts';
import { booksOf, commit, readStored } from './store/books.ts';

/** What of a batch could not be billed, and why. */
type Failures = Map<BillableEvent, unknown>;

/**
 * Bills a batch of events in one transaction: one read and one write for all of them. Where that does not go, each
 * goes alone, so that none suffers from another. Not in an outage, because each would wait for a table that is away; and not
 * in a crowd, which would be ten times as large.
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
 * Tells of refunds that came before their capture and do not fit it: no other capture will come for them, and no message
 * is left that could be quarantined. Before the invoice is written, so that it is told also when the answer gets lost, as
 * the capture tells nothing when it comes again: rather twice than never.
 */
function reportParked({ accounts }: Entries): void {
  for (const { account, isIssued } of accounts) {
    if (!isIssued || account.parked.length === 0) continue;
    metrics.addMetric('RefundContradictsInvoice', 'Count', account.parked.length);
    logger.error('refunds contradict the invoice', {
      merchantId: account.merchantId,
      invoiceId: account.id,
      eventIds: account.parked.map((event) => event.id),
    });
  }
}

/** Others take numbers of the same series at the same time; whoever comes second decides again. */
const maxAttempts = 10;

class TooManyConflicts extends Error {
  override name = 'Overtaken';
}

async function billAtOnce(events: BillableEvent[]): Promise<Failures> {
  const now = new Date();
  let stored = await readStored(events, now);
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
    const newer = await commit(entries);
    if (!newer) return failures;
    if (attempt === maxAttempts) break;
    // What a refused write gives back is as new as a read, so the next one follows at once. When that is refused as well
    // many are writing: each waits for a random time, and what was known is old then. A refused transaction costs as much
    // as one that is not, and ten times a read.
    if (newer.size > 0 && attempt % 2 === 1) {
      stored = new Map([...stored, ...newer]);
    } else {
      await delay(Math.random() * Math.min(20 * 2 ** (attempt / 2), 200));
      stored = await readStored(events, now);
    }
  }
  throw new TooManyConflicts(`Other writers of the same series came first ${maxAttempts} times`);
}
