import { allUnits, type Unit, units } from './prices.ts';
import type { MeasuredLoad, Program } from './program.ts';

/** What a payment uses, by unit and by what for. */
export type Bill = Record<string, Partial<Record<Unit, number>>>;

export type ProgramCost = Pick<Program, 'name' | 'about' | 'standing'> & {
  /** A payment on its own. */
  alone: Bill;
  low: Bill;
  high: Bill;
  /** What the clocks of a minute use that has seen payments. */
  minute: Bill;
};

export function billOf({ used, payments }: MeasuredLoad): Bill {
  const bill: Bill = {};
  for (const { unit, place, count } of used) {
    if (isProvider(place)) continue;
    bill[place] ??= {};
    bill[place][unit] = (bill[place][unit] ?? 0) + count / payments;
  }
  return bill;
}

/** The sandbox stands for a payment provider, which keeps its records elsewhere. */
const isProvider = (place: string) => place.includes('payments-sandbox');

/** A payment a second shares what its minute's clocks use. */
export function sumOf(bill: Bill, other: Bill, share: number): Bill {
  const sum = structuredClone(bill);
  for (const [place, used] of Object.entries(other)) {
    for (const [unit, count] of Object.entries(used) as [Unit, number][]) {
      sum[place] = { ...sum[place], [unit]: (sum[place]?.[unit] ?? 0) + count * share };
    }
  }
  return sum;
}

export const totalOf = (bill: Bill, unit: Unit): number =>
  Object.values(bill).reduce((sum, used) => sum + (used[unit] ?? 0), 0);

/** What counts as a billed unit: everything but amounts of time and bytes. */
export const countable = allUnits.filter((unit) => unit !== 'gigabyteSeconds' && unit !== 'logBytes');

export const unitsOf = (bill: Bill): number => countable.reduce((sum, unit) => sum + totalOf(bill, unit), 0);

/** Dollars for a million payments. */
export const dollarsOf = (bill: Bill): number =>
  allUnits.reduce((sum, unit) => sum + totalOf(bill, unit) * units[unit].dollarsPerMillion, 0);
