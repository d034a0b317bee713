import { setTimeout as delay } from 'node:timers/promises';
import type { EventOfType } from '@fanfold/contracts/catalog';
import { type Moved, positionsOf, saveMoved } from './store/positions.ts';
import { putRecords } from './store/records.ts';

/** The events of a batch that did not get into the stream, and why. */
type Failures = Map<EventOfType, Error>;

/** How often a record is put that the stream refuses, before its message has to come again. */
const maxAttempts = 4;

/**
 * Puts events into the stream, those of a subject in the order of their numbers and without a gap: one whose predecessor is
 * not there yet fails, and comes again. One that is there already is done.
 *
 * A call never has two records of a subject, because the stream may take the second and refuse the first. So a refused one is
 * put again before those behind it.
 */
export async function forward(events: EventOfType[]): Promise<Failures> {
  const failures: Failures = new Map();
  const bySubject = Map.groupBy(events, ({ subject }) => subject);
  const positions = await positionsOf([...bySubject.keys()]);
  const lines = [...bySubject].map(([subject, ofSubject]) =>
    lineOf(subject, positions.get(subject) ?? 0, ofSubject, failures),
  );

  for (let left = lines; ; ) {
    left = left.filter(({ waiting }) => waiting.length > 0);
    if (left.length === 0) break;
    const attempts = Math.max(...left.map(({ refused }) => refused));
    if (attempts > 0) await delay(Math.random() * 50 * 2 ** attempts);
    for (const { line, error } of await putHeads(left)) {
      if (!error) advance(line);
      else if (++line.refused === maxAttempts) giveUp(line, line.waiting, error, failures);
    }
  }

  await Promise.all(
    lines.map((line) => saveMoved(line).catch((error: Error) => giveUp(line, line.done, error, failures))),
  );
  return failures;
}

/** What of a subject is on its way into the stream. */
type Line = Moved & {
  waiting: EventOfType[];
  done: EventOfType[];
  /** How often the first one that waits was refused. */
  refused: number;
};

function lineOf(subject: string, before: number, events: EventOfType[], failures: Failures): Line {
  const line: Line = { subject, before, position: before, waiting: [], done: [], refused: 0 };
  let next = before + 1;
  for (const event of events.toSorted((a, b) => numberOf(a) - numberOf(b))) {
    if (numberOf(event) < next) continue;
    if (numberOf(event) === next) {
      line.waiting.push(event);
      next++;
    } else {
      failures.set(event, new Error(`${event.id} is not in the stream before ${subject}:${next}`));
    }
  }
  return line;
}

const numberOf = ({ sequence }: EventOfType): number => Number(sequence);

async function putHeads(lines: Line[]): Promise<{ line: Line; error: Error | undefined }[]> {
  const heads = lines.map(({ waiting: [head] }) => head as EventOfType);
  const errors = await putRecords(heads);
  return lines.map((line, i) => ({ line, error: errors.get(heads[i] as EventOfType) }));
}

function advance(line: Line): void {
  const [head] = line.waiting.splice(0, 1);
  if (head) line.done.push(head);
  line.position++;
  line.refused = 0;
}

function giveUp(line: Line, events: EventOfType[], error: Error, failures: Failures): void {
  for (const event of events) failures.set(event, error);
  if (events === line.waiting) line.waiting = [];
}
