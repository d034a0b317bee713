import { setTimeout as delay } from 'node:timers/promises';
import { isSystemic } from '@fanfold/runtime/failure';
import type { Heard } from './books.ts';
import { commit, open } from './store.ts';

/** What of a batch could not be billed, and why. */
type Failures = Map<Heard, unknown>;

/**
 * Bills a batch of events in one transaction: one read and one write for all of them. Where that does not go, each
 * goes alone, so that none suffers from another; not in an outage, because each would wait for a table that is away.
 */
export async function bill(events: Heard[]): Promise<Failures> {
  try {
    return await billAtOnce(events);
  } catch (error) {
    if (events.length === 1 || isSystemic(error)) return new Map(events.map((event) => [event, error]));
  }
  const failures: Failures = new Map();
  for (const event of events) {
    for (const [failed, error] of await bill([event])) failures.set(failed, error);
  }
  return failures;
}

/** Others may take numbers of the same series at the same time; whoever comes second reads and decides again. */
const maxAttempts = 6;

async function billAtOnce(events: Heard[]): Promise<Failures> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const now = new Date();
    const books = await open(events, now);
    const failures: Failures = new Map();
    for (const event of events) {
      try {
        books.hear(event);
      } catch (error) {
        failures.set(event, error);
      }
    }
    if (await commit(books.entries())) return failures;
    await delay(Math.random() * 20 * 2 ** attempt);
  }
  throw new Error(`Other writers of the same series came first ${maxAttempts} times`);
}
