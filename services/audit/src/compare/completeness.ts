import { maxMissingIds } from '@fanfold/contracts/audit';
import { catalog, type EventOfType } from '@fanfold/contracts/catalog';
import { eventId } from '@fanfold/contracts/event';

/** What of a recorded event completeness is judged by. */
export type Mention = { subject: string; n: number; type: string; time: string };

/**
 * What the log has since a day began, as much of it as the day is judged by: a number for each mention and a name for
 * each subject, so that a quarter of a million of them take some 60 MB of a consumer's memory.
 */
export class Mentioned {
  readonly date: string;
  /** How many of each type were said on the day. */
  readonly counts: Record<string, number> = {};
  readonly #numbers = new Map<string, number[]>();
  readonly #ofThatDay = new Set<string>();

  constructor(date: string) {
    this.date = date;
  }

  add({ subject, n, type, time }: Mention): void {
    const numbers = this.#numbers.get(subject);
    if (numbers) numbers.push(n);
    else this.#numbers.set(subject, [n]);
    if (!time.startsWith(this.date)) return;
    this.#ofThatDay.add(subject);
    this.counts[type] = (this.counts[type] ?? 0) + 1;
  }

  /** The subjects of that day, and all their numbers, ascending. */
  *subjects(): Generator<[subject: string, numbers: number[]]> {
    for (const subject of this.#ofThatDay) {
      yield [subject, (this.#numbers.get(subject) ?? []).toSorted((a, b) => a - b)];
    }
  }
}

/** In what the log differs from a closed day. */
export type Gap = Omit<EventOfType<'audit.gap-found.v1'>['data'], 'date'>;

export type DayClosed = EventOfType<'payments.day-closed.v1'>;

/** The types that payments counts when it closes a day: all of its own but the closing itself. */
const counted: readonly string[] = Object.values(catalog)
  .filter(({ source, type }) => source === '/payments' && type !== 'payments.day-closed.v1')
  .map(({ type }) => type);

/** Types of which another number was recorded for a day than payments counted. */
export function miscounted({ data }: DayClosed, { counts: found }: Mentioned): Gap['counts'] {
  const types = new Set([...counted, ...Object.keys(data.counts)]);
  const compared = [...types].map(
    (type) => [type, { expected: data.counts[type] ?? 0, found: found[type] ?? 0 }] as const,
  );
  return Object.fromEntries(compared.filter(([, { expected, found }]) => expected !== found));
}

/** A number of a subject. */
export type Numbered = { subject: string; n: number };

export type Gaps = {
  /** Numbers between those that are there: as many of each gap as an event can name. */
  missing: Numbered[];
  missingCount: number;
  /** The numbers before the lowest ones. */
  before: Numbered[];
};

/**
 * What must have been said of the subjects of a day, because something with a higher number was: numbers between those
 * that are there, and the number before the lowest, which may have been recorded long before. What is behind that was
 * looked for when its own day was closed.
 */
export function gapsIn(mentioned: Mentioned): Gaps {
  const missing: Numbered[] = [];
  const before: Numbered[] = [];
  let missingCount = 0;
  for (const [subject, sorted] of mentioned.subjects()) {
    const [first = 1] = sorted;
    if (first > 1) before.push({ subject, n: first - 1 });
    for (const [i, n] of sorted.slice(1).entries()) {
      const next = (sorted[i] ?? n) + 1;
      missingCount += n - next;
      for (let absent = next; absent < Math.min(n, next + maxMissingIds); absent++) {
        missing.push({ subject, n: absent });
      }
    }
  }
  return { missing, missingCount, before };
}

/**
 * What is missing, in the words of the event; undefined when nothing is.
 *
 * @param absent those of the numbers before the lowest ones that are not in the log either
 */
export function gapOf(
  counts: Gap['counts'],
  { missing, missingCount }: Gaps,
  absent: Numbered[],
): Gap | undefined {
  const count = missingCount + absent.length;
  if (Object.keys(counts).length === 0 && count === 0) return undefined;
  const ids = [...missing, ...absent].map(({ subject, n }) => eventId(subject, n)).sort();
  return { counts, missing: ids.slice(0, maxMissingIds), missingCount: count };
}
