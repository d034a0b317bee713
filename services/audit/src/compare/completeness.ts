import { maxMissingIds } from '@fanfold/contracts/audit';
import { catalog, type EventOfType } from '@fanfold/contracts/catalog';
import { eventId } from '@fanfold/contracts/event';

/** What is needed of a recorded event to judge whether a day is complete. */
export type Mention = { subject: string; n: number; type: string; time: string };

/**
 * The events of the log since a day began, in a compact form: a number for each event and a string for each subject.
 * 250,000 of them take about 60 MB of the consumer's memory.
 */
export class Mentioned {
  readonly date: string;
  /** How many events of each type happened on the day. */
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

  /** The subjects of that day with all their sequence numbers, ascending. */
  *subjects(): Generator<[subject: string, numbers: number[]]> {
    for (const subject of this.#ofThatDay) {
      yield [subject, (this.#numbers.get(subject) ?? []).toSorted((a, b) => a - b)];
    }
  }
}

/** The difference between the log and a closed day. */
export type Gap = Omit<EventOfType<'audit.gap-found.v1'>['data'], 'date'>;

export type DayClosed = EventOfType<'payments.day-closed.v1'>;

/** The types that payments counts when it closes a day: those of a payment's own events, and none about payments as a whole. */
const counted: readonly string[] = Object.keys(catalog).filter((type) => type.startsWith('payment.'));

/** Types of which payments counted another number than the log has. */
export function miscounted({ data }: DayClosed, { counts: found }: Mentioned): Gap['counts'] {
  const types = new Set([...counted, ...Object.keys(data.counts)]);
  const compared = [...types].map(
    (type) => [type, { expected: data.counts[type] ?? 0, found: found[type] ?? 0 }] as const,
  );
  return Object.fromEntries(compared.filter(([, { expected, found }]) => expected !== found));
}

/** A sequence number of a subject. */
export type Numbered = { subject: string; n: number };

export type Gaps = {
  /** Numbers that are missing between recorded ones: of each gap, as many as an event can list. */
  missing: Numbered[];
  missingCount: number;
  /** The number before the lowest recorded one of each subject. */
  before: Numbered[];
};

/**
 * The events that must exist because their subject has an event with a higher number on this day: numbers that are
 * missing between recorded ones, and the number before the lowest one, which may have been recorded long before.
 * Lower numbers than that were checked when their own day was closed.
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
 * The data of the event about what is missing; undefined when nothing is.
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
