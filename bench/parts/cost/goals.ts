import { table } from '../../reporting/table.ts';
import { type Bill, countable, dollarsOf, type ProgramCost, sumOf, totalOf, unitsOf } from './bill.ts';
import { units } from './prices.ts';

/** One a second, and in full batches. */
type Loads = readonly [low: number, full: number];

type Goal = {
  title: string;
  /** Of commit 218b6da, before documents had XML files and PDFs. */
  withoutFiles: Loads;
  /** Of commit 956ddf6, which has them, before a payment was made cheaper. */
  withFiles: Loads;
  /** At most so much. */
  goal: Loads;
  of: (bill: Bill) => number;
};

/** Half the bill, counted from what a payment took before documents had files. */
const goals: Goal[] = [
  { title: 'units', withoutFiles: [46.7, 32.2], withFiles: [76.1, 56.6], goal: [26, 16], of: unitsOf },
  {
    title: '$ per million',
    withoutFiles: [27.1, 18.7],
    withFiles: [51.57, 40.72],
    goal: [15, 9],
    of: dollarsOf,
  },
  {
    title: 'write units',
    withoutFiles: [23.6, 21.6],
    withFiles: [36.9, 34.8],
    goal: [11.5, 9.5],
    of: (bill) => totalOf(bill, 'writeUnits'),
  },
  {
    title: 'SQS requests',
    withoutFiles: [10.2, 4.8],
    withFiles: [15.3, 8.12],
    goal: [6, 1.5],
    of: (bill) => totalOf(bill, 'sqsRequests'),
  },
];

/** Each goal beside what was counted, both ways: AWS does not say whether what SNS puts into queues is billed. */
export function goalsTable({ low, high, minute }: Pick<ProgramCost, 'low' | 'high' | 'minute'>): string {
  const bills = [sumOf(low, minute, 1 / 60), high];
  const rows = goals.flatMap(({ title, withoutFiles, withFiles, goal, of }) =>
    bills.map((bill, load) => {
      const at = (loads: Loads) => loads[load] as number;
      const found = of(bill);
      const verdict = (counted: number) => (counted <= at(goal) ? 'met' : 'missed');
      const undelivered = of(withoutDeliveries(bill));
      return [
        `${title}, ${load === 0 ? 'one a second' : 'full batches'}`,
        ...[withoutFiles, withFiles].map((loads) => at(loads).toFixed(1)),
        `≤ ${at(goal)}`,
        `**${found.toFixed(1)}**, ${verdict(found)}`,
        `${(found / at(withFiles)).toFixed(2)} ×`,
        `${undelivered.toFixed(1)}, ${verdict(undelivered)}`,
      ];
    }),
  );
  return table(
    ['', 'without files', 'with files', 'goal', 'now', 'of with files', 'without deliveries by SNS'],
    rows,
  );
}

/** Every unit by kind of call and where it is made, the most of each kind first: what a missed goal consists of. */
export function countsTable({ low, high, minute }: Pick<ProgramCost, 'low' | 'high' | 'minute'>): string {
  const bills = [sumOf(low, minute, 1 / 60), high];
  const places = [...new Set(bills.flatMap((bill) => Object.keys(bill)))];
  const rows = countable.flatMap((unit) =>
    places
      .map((place) => ({ place, counts: bills.map((bill) => bill[place]?.[unit] ?? 0) }))
      .filter(({ counts }) => Math.max(...counts) >= leastShown)
      .sort((a, b) => Math.max(...b.counts) - Math.max(...a.counts))
      .map(({ place, counts }) => [units[unit].title, place, ...counts.map((count) => count.toFixed(2))]),
  );
  return table(['unit', 'where', 'one a second', 'full batches'], rows);
}

/** Less than that of a payment is in the sums alone. */
const leastShown = 0.005;

/** A bill without the messages that SNS puts into queues. */
export const withoutDeliveries = (bill: Bill): Bill =>
  Object.fromEntries(Object.entries(bill).filter(([place]) => !place.endsWith(' delivered')));
