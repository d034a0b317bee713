import { setTimeout as delay } from 'node:timers/promises';
import { Unprocessable } from '@fanfold/runtime/consume';
import { depthOf, type Entry, saysTheSame } from './entry.ts';
import { append, transactionsOf } from './store.ts';

/** What of a batch could not be recorded, and why. */
type Failures = Map<Entry, unknown>;

/**
 * Records events, each once, in the order in which they are given. An event that is in the log already is done; it
 * is known by its id, which no other event may ever have.
 */
export async function record(entries: Entry[]): Promise<Failures> {
  const failures: Failures = new Map();
  for (const entry of entries) {
    if (depthOf(entry.text) > maxDepth) failures.set(entry, tooDeep(entry));
  }
  for (const batch of transactionsOf(entries.filter((entry) => !failures.has(entry)))) {
    try {
      for (const [entry, error] of await recordTogether(batch)) failures.set(entry, error);
    } catch (error) {
      for (const entry of batch) failures.set(entry, error);
    }
  }
  return failures;
}

/** What nests more could be recorded, but not be read and shown again. */
const maxDepth = 100;

/** How often others may come first. With jitter they wait a few seconds in all, well below the function's time. */
const maxConflicts = 10;

/**
 * Appends a batch at once, without asking first which of it is new: what turns out to be there already is taken
 * out, and the rest appended. Others append at the same time; whoever comes second tries again behind them.
 *
 * @throws when nothing is known of the outcome; what was recorded after all is then found at the next attempt
 */
async function recordTogether(entries: Entry[]): Promise<Failures> {
  const failures: Failures = new Map();
  let left = entries;
  for (let conflicts = 0; left.length > 0; ) {
    const { settled, conflict } = await append(left, new Date());
    for (const [entry, outcome] of settled) {
      if (outcome instanceof Error) failures.set(entry, outcome);
      else if (!saysTheSame(outcome.text, entry.text)) failures.set(entry, contradiction(entry));
    }
    left = left.filter((entry) => !settled.has(entry));
    if (conflict && left.length > 0) {
      conflicts += 1;
      if (conflicts === maxConflicts) {
        throw new Error(`Others appended to the log first, ${maxConflicts} times in a row`);
      }
      await delay(Math.random() * Math.min(20 * 2 ** conflicts, 1000));
    }
  }
  return failures;
}

const tooDeep = ({ event }: Entry): Unprocessable =>
  new Unprocessable('too-deep', `${event.id} is nested deeper than ${maxDepth} levels`);

const contradiction = ({ event }: Entry): Unprocessable =>
  new Unprocessable('contradiction', `${event.id} is recorded already, with another content`);
