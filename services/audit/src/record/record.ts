import { setTimeout as delay } from 'node:timers/promises';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { append, type Head, type Prepared, prepare, readHead, transactionsOf } from '../store/log.ts';
import { fillIn } from './fillIn.ts';
import { depthOf, isSameJson, type Received, type Recorded } from './received.ts';

/** The events of a batch that could not be recorded, and why. */
type Failures = Map<Received, unknown>;

/**
 * Records events, each once, in the given order. An event that is in the log already needs nothing more. Events are
 * compared by id: no two events may have the same.
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

/** Deeper nesting could be recorded, but not be parsed and shown again. */
const maxDepth = 100;

/**
 * How many conflicts with other instances it retries. With jitter that takes a few seconds, well below the function's
 * timeout.
 */
const maxConflicts = 10;

/**
 * Appends a batch in one transaction, without asking first which events are new. Events that turn out to be recorded
 * already are taken out, and the rest is tried again. So it is when another instance has appended meanwhile.
 *
 * @throws when the outcome is unknown; if events were recorded after all, the next attempt finds them
 */
async function recordTogether(received: Received[]): Promise<Failures> {
  const failures: Failures = new Map();
  let left = received;
  let prepared: Prepared | undefined;
  let head: Head | undefined;
  let areOpenFilled = false;
  for (let conflicts = 0; left.length > 0; ) {
    prepared ??= await prepare(left, new Date());
    // Read each time: when two instances append in turn, a remembered head is always out of date, and a transaction
    // that fails costs as much as one that succeeds.
    head ??= await readHead();
    if (head.openUntil !== undefined && !areOpenFilled) {
      areOpenFilled = true;
      const filled = await fillIn(left, head.openUntil);
      for (const [each, outcome] of filled) if (outcome instanceof Error) failures.set(each, outcome);
      left = left.filter((each) => !filled.has(each));
      if (filled.size > 0) {
        prepared = head = undefined;
        continue;
      }
    }
    const attempt = await append(prepared, head);
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
        throw new Error(`Other instances appended to the log first, ${maxConflicts} times in a row`);
      }
      // The instance that won has the next batch to prepare. So after the first conflict this one tries again at
      // once. After a second one there are more instances, and each waits for a random time.
      if (prepared && conflicts % 2 === 1) head = attempt.head;
      if (!head) await delay(Math.random() * Math.min(20 * 2 ** conflicts, 1000));
    }
  }
  return failures;
}

/** An erased event has no text to compare: it is known only that it is recorded. */
const contradicts = ({ text }: Received, recorded: Recorded | 'recorded'): boolean =>
  recorded !== 'recorded' && recorded.text !== undefined && !isSameJson(recorded.text, text);

const tooDeep = ({ event }: Received): Unprocessable =>
  new Unprocessable('too-deep', `${event.id} is nested deeper than ${maxDepth} levels`);

const contradiction = ({ event }: Received): Unprocessable =>
  new Unprocessable('contradiction', `${event.id} is recorded already, with another content`);
