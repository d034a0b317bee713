import { setTimeout as delay } from 'node:timers/promises';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import type { Edge } from '@fanfold/tlog/merkle';
import { append, type Prepared, prepare, readHead, transactionsOf } from '../store/log.ts';
import { depthOf, isSameJson, type Received, type Recorded } from './received.ts';

/** What of a batch could not be recorded, and why. */
type Failures = Map<Received, unknown>;

/**
 * Records events, each once, in the order in which they are given. An event that is in the log already is done; it
 * is known by its id, which no other event may ever have.
 */
export async function record(received: Received[]): Promise<Failures> {
  const failures: Failures = new Map();
  for (const each of received) {
    if (depthOf(each.text) > maxDepth) failures.set(each, tooDeep(each));
  }
  for (const batch of transactionsOf(received.filter((each) => !failures.has(each)))) {
    try {
      for (const [each, error] of await recordTogether(batch)) failures.set(each, error);
    } catch (error) {
      for (const each of batch) failures.set(each, error);
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
async function recordTogether(received: Received[]): Promise<Failures> {
  const failures: Failures = new Map();
  let left = received;
  let prepared: Prepared | undefined;
  let head: Edge | undefined;
  for (let conflicts = 0; left.length > 0; ) {
    prepared ??= await prepare(left, new Date());
    // Read each time. Where two instances append in turn, what one remembers is never true, and a transaction that is
    // refused costs as much as one that is not.
    const attempt = await append(prepared, head ?? (await readHead()));
    for (const [each, outcome] of attempt.settled) {
      if (outcome instanceof Error) failures.set(each, outcome);
      else if (contradicts(each, outcome)) failures.set(each, contradiction(each));
    }
    left = left.filter((each) => !attempt.settled.has(each));
    if (!attempt.isStillPrepared) prepared = undefined;
    head = undefined;
    if (attempt.conflict && left.length > 0) {
      conflicts += 1;
      if (conflicts === maxConflicts) {
        throw new Error(`Others appended to the log first, ${maxConflicts} times in a row`);
      }
      // Whoever was first has the next batch to prepare: once, the one behind follows at once. When there are more,
      // each waits for a random time.
      if (prepared && conflicts % 2 === 1) head = attempt.head;
      if (!head) await delay(Math.random() * Math.min(20 * 2 ** conflicts, 1000));
    }
  }
  return failures;
}

/** Of an event that was erased nothing can be told any more but that it is recorded. */
const contradicts = ({ text }: Received, recorded: Recorded | 'recorded'): boolean =>
  recorded !== 'recorded' && recorded.text !== undefined && !isSameJson(recorded.text, text);

const tooDeep = ({ event }: Received): Unprocessable =>
  new Unprocessable('too-deep', `${event.id} is nested deeper than ${maxDepth} levels`);

const contradiction = ({ event }: Received): Unprocessable =>
  new Unprocessable('contradiction', `${event.id} is recorded already, with another content`);
