import { maxLength, merchantId } from '@fanfold/contracts/event';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { lambda } from './lambda.ts';
import { catchUp, lackOf, type Marked, unsettledSince } from './mark.ts';

/** A series of numbers has to go on behind this one at least, also when its document cannot be restored. */
const seriesFloor = z.strictObject({
  merchantId,
  name: z.string().max(40),
  count: z.int().min(1),
  lastIssuedAt: z.iso.datetime(),
});

/**
 * What `./fanfold restore` asks of the service whose table was put back, part by part:
 * - `compare`: which of these recorded events are in the table. It changes nothing;
 * - `write`: to bring into the table what of these events it lacks. What it has stays as it is, so it may be asked again;
 * - `behind`: which series would give numbers again that were given; `raise`: to have them go on behind those;
 * - `lack`: from when and to when the table lacks what the service wrote, by its marks; `finish`: that it lacks nothing any more;
 * - `provider`: what a provider has carried out since the mark that the table was put back with, and the table does not tell of, a
 *   part of it at a time. It is asked again until a restore finds nothing any more;
 * - `totals`: what the table has, a part of it at a time.
 */
const request = z.discriminatedUnion('restore', [
  z.strictObject({
    restore: z.literal('compare'),
    /** With the text as audit recorded it; null when it was erased: then only whether it is there can be told. */
    events: z
      .array(
        z.strictObject({
          merchantId,
          id: z.string().max(maxLength.eventId),
          text: z.string().nullable(),
        }),
      )
      .max(100),
  }),
  z.strictObject({
    restore: z.literal('write'),
    /** `cause`: the text of the event that it was published for, where the service needs it too. */
    events: z.array(z.strictObject({ text: z.string(), cause: z.string().optional() })).max(100),
  }),
  z.strictObject({ restore: z.enum(['behind', 'raise']), series: z.array(seriesFloor).max(100) }),
  z.strictObject({ restore: z.literal('lack') }),
  /** `isSettled`: nothing is left that others have done and the table does not tell of. */
  z.strictObject({ restore: z.literal('finish'), isSettled: z.boolean() }),
  z.strictObject({
    restore: z.enum(['totals', 'provider']),
    /** `next` of the part before. */
    after: z.record(z.string(), z.string()).optional(),
  }),
]);

type Request = z.output<typeof request>;
export type ComparedEvent = Extract<Request, { restore: 'compare' }>['events'][number];
export type RestoredEvent = Extract<Request, { restore: 'write' }>['events'][number];
export type SeriesFloor = z.output<typeof seriesFloor>;
export type Next = NonNullable<Extract<Request, { after?: unknown }>['after']>;

/**
 * How a table stands to a recorded event:
 * - `same`: the table has it, and would publish it again to the letter;
 * - `missing`: the table lacks it;
 * - `early`: the table lacks it, and something that comes before it;
 * - `renumbered`: the table has the document under another number, or one that belongs to such a document: it was issued again.
 *   `text` is the event that the table would publish in its place, if it has one;
 * - `other`: the table has something else in its place.
 */
export type Standing =
  | { state: 'same' | 'missing' | 'early' }
  | { state: 'renumbered'; why: string; text?: string }
  | { state: 'other'; why: string };

/** How many events of a merchant, day (UTC), type and currency, and their amount in minor units. */
export type Total = {
  merchantId: string;
  date: string;
  type: string;
  currency: string;
  count: number;
  amountMinor: number;
};

/** A part of what a table has. As long as there is `next` there is more. */
export type Totals = { totals: Total[]; numbers: Numbers[]; next?: Next };

/** Numbers of a series that are taken. */
export type Numbers = { merchantId: string; series: string; numbers: number[] };

/** What a provider has carried out. Without a merchant when the provider does not say whose it is. */
export type ProviderRecord = {
  key: string;
  operation: string;
  paymentId: string;
  merchantId: string | null;
  amountMinor: number;
  currency: string;
  recordedAt: string;
};

/** A part of what a provider has. As long as there is `next` there is more. */
export type ProviderPart = { records: ProviderRecord[]; next?: Next };

/** What a service's store does for a restore. The answers are in the order of the events. */
export type Restorer = {
  compare(events: ComparedEvent[]): Promise<Standing[]>;
  /** @returns how the table stands to the events afterwards */
  write(events: RestoredEvent[]): Promise<Standing[]>;
  /** Of a service that numbers documents. */
  series?: {
    behind(floors: SeriesFloor[]): Promise<SeriesFloor[]>;
    raise(floors: SeriesFloor[]): Promise<void>;
  };
  /** Of a service that has others act: what they did since a time, and the table does not tell of. */
  provider?(since: string | undefined, after: Next | undefined): Promise<ProviderPart>;
  totals(after: Next | undefined, isTimeUp: () => boolean): Promise<Totals>;
};

/** A function for operators, who invoke it with `./fanfold restore`. Nobody else may. */
export const restore = ({ compare, write, totals, series, provider }: Restorer, marked: Marked) =>
  lambda(async (input: unknown, context: Context) => {
    const asked = request.parse(input);
    switch (asked.restore) {
      case 'compare':
        return compare(asked.events);
      case 'write':
        return write(asked.events);
      case 'lack':
        return (await lackOf(marked)) ?? null;
      case 'finish':
        return (await catchUp(marked, asked.isSettled)) ?? null;
      case 'behind':
        return series?.behind(asked.series);
      case 'raise':
        return series?.raise(asked.series);
      case 'provider':
        return provider?.(await unsettledSince(marked), asked.after);
      case 'totals':
        return totals(asked.after, () => context.getRemainingTimeInMillis() < answeringTimeMs);
    }
  });

/** Time to send the answer. */
const answeringTimeMs = 5000;

/** Adds up what there is, by merchant, day, type and currency. */
export function addTotals(totals: Iterable<Total>): Total[] {
  const sums = new Map<string, Total>();
  for (const total of totals) {
    const key = keyOfTotal(total);
    const sum = sums.get(key) ?? { ...total, count: 0, amountMinor: 0 };
    sums.set(key, {
      ...sum,
      count: sum.count + total.count,
      amountMinor: sum.amountMinor + total.amountMinor,
    });
  }
  return [...sums.values()];
}

export const keyOfTotal = ({ merchantId, date, type, currency }: Total): string =>
  [merchantId, date, type, currency].join('#');
