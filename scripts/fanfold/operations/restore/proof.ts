import { formatAmount } from '@fanfold/contracts/currency';
import { keyOfTotal, type ProviderRecord, type SeriesFloor, type Total } from '@fanfold/runtime/restore';
import { commandFor, type StagePlace } from '../../commandFor.ts';
import { Book, lostNumbersOf, type Series } from './book.ts';
import {
  aboutLostNumbers,
  aboutRenumbered,
  type Comparison,
  examples,
  gaps,
  lostNumbers,
  shown,
  toWriteOf,
  unrecorded,
} from './comparison.ts';
import { aboutUntold } from './provider.ts';
import type { RestoreProof } from './restoration.ts';
import { tableOf } from './restoredServices.ts';

/** Recorded events from which nothing has followed yet, and the times of the first and the last. */
export type Waiting = { count: number; from: string; to: string };

/** Whether a table has all that is recorded, and nothing else: totals by day, and numbers without gap or double. */
export function provenBy(
  place: StagePlace,
  comparison: Comparison,
  {
    service,
    behind,
    waiting,
    untold,
  }: { service: string; behind: SeriesFloor[]; waiting: Waiting; untold: ProviderRecord[] },
): RestoreProof {
  const { same, lost, other, twice, renumbered } = comparison;
  const missing = toWriteOf(comparison);
  const more = unrecorded(comparison);
  const days = daysOf(comparison);
  const isTwice = ({ merchantId, name }: Series) =>
    twice.some((each) => each.merchantId === merchantId && each.number.startsWith(`${name}-`));
  const differing = days.filter(({ isEqual }) => !isEqual);
  const gapping = gaps(comparison);
  const problems = [
    ...(missing > 0
      ? [`${missing} recorded ${missing === 1 ? 'event is' : 'events are'} still not in the table`]
      : []),
    ...other.slice(0, shown).map(({ id, merchantId, why }) => `${id} of ${merchantId}: ${why}`),
    ...more
      .slice(0, shown)
      .map(
        ({ date, merchantId, type, count }) => `${date}, ${merchantId}: ${count} of ${type} are not recorded`,
      ),
    ...gapping.map(
      ({ series, missing }) => `${series.name} of ${series.merchantId} has no ${missing.join(', ')}`,
    ),
    ...behind.map(({ name, merchantId, count }) => `${name} of ${merchantId} would go on before ${count}`),
    ...differing.map(({ date, type, currency }) => `${date}: the totals of ${type} in ${currency} differ`),
  ];
  const isWhole = problems.length === 0;
  const again = twice.map(({ number, merchantId }) => `${number} of ${merchantId} was given twice`);
  return {
    isWhole,
    holds: isWhole && twice.length === 0 && renumbered.length === 0 && untold.length === 0,
    untold: untold.length,
    lines: [
      ...days.slice(-shownDays).map(lineOfDay),
      ...(days.length > shownDays
        ? [`and ${days.length - shownDays} totals of earlier days, which are compared too`]
        : []),
      ...(isWhole
        ? [
            `${same.toLocaleString('en-US')} recorded ${same === 1 ? 'event is' : 'events are'} in ${tableOf(service)}, to the letter${lost.length > 0 ? `; ${lost.length} were erased` : ''}. The totals of each day are equal.`,
            ...comparison.log.series.flatMap((series) => lineOfSeries(series, isTwice(series))),
          ]
        : ['This does not hold:', ...problems.map((problem) => `  ${problem}`)]),
      ...aboutTwice(again, isWhole),
      ...aboutRenumbered(comparison, tableOf(service)),
      ...aboutLostNumbers(comparison),
      ...aboutWaiting(place, service, waiting),
      ...aboutUntold(untold),
    ],
    details: {
      same,
      missing,
      lost: lost.length,
      days,
      series: comparison.log.series.map(({ merchantId, name, numbers, erased }) => ({
        merchantId,
        name,
        highest: numbers.highest,
        count: numbers.count,
        erased,
      })),
      renumbered,
      lostNumbers: lostNumbers(comparison),
      problems: [...problems, ...again],
      waiting: waiting.count,
      untold,
    },
  };
}

const aboutTwice = (again: string[], isWhole: boolean): string[] =>
  again.length === 0
    ? []
    : [
        `The log has numbers of several documents, for good${isWhole ? '. The table has all of them as recorded, and the service may go on' : ''}:`,
        ...examples(again, (each) => each),
        'What becomes of their documents is in docs/operations.md, "A number is there twice".',
      ];

/** A series of which all is lost has nothing to say but that. */
const lineOfSeries = (series: Series, isTwice: boolean): string[] => {
  const { merchantId, name, numbers, erased } = series;
  if (numbers.highest === 0 && erased === 0) return [];
  const but = lostNumbersOf(series).some(([first]) => first < numbers.highest) ? ' but for those lost' : '';
  return [
    `${name} of ${merchantId}: 1 to ${numbers.highest}, no gap${but} and ${isTwice ? 'some' : 'none'} twice${erased > 0 ? `; ${erased} erased` : ''}.`,
  ];
};

/** How many totals of days are printed: all of them are compared, and in the output for programs. */
const shownDays = 20;

type Day = Pick<Total, 'date' | 'type' | 'currency' | 'count' | 'amountMinor'> & { isEqual: boolean };

/** The totals of each day over all merchants, and whether those of each merchant are equal in log and table. */
function daysOf({ log, table, erasedThere }: Comparison): Day[] {
  const unequal = new Set<string>();
  for (const total of [...log.totals, ...table.totals]) {
    // Nobody can read the amounts of what was erased. That it is there was compared one by one.
    if (erasedThere.totalOf({ ...total, currency: '' }).count > 0) continue;
    const [logged, stored] = [log.totalOf(total), table.totalOf(total)];
    if (logged.count !== stored.count || logged.amountMinor !== stored.amountMinor)
      unequal.add(keyOfTotal({ ...total, merchantId: '' }));
  }
  const days = new Book();
  for (const total of table.totals) days.add({ ...total, merchantId: '' });
  for (const total of log.totals) days.add({ ...total, merchantId: '', count: 0, amountMinor: 0 });
  return days.totals.map((total) => {
    const { date, type, currency, count, amountMinor } = total;
    return { date, type, currency, count, amountMinor, isEqual: !unequal.has(keyOfTotal(total)) };
  });
}

const lineOfDay = ({ date, type, currency, count, amountMinor, isEqual }: Day): string =>
  `${date}  ${count.toLocaleString('en-US').padStart(9)}  ${type.padEnd(22)}  ${formatAmount(amountMinor, currency)}${isEqual ? '' : '  in the log it is another sum'}`;

function aboutWaiting(place: StagePlace, service: string, { count, from, to }: Waiting): string[] {
  if (count === 0) return [];
  const end = new Date(Date.parse(to) + 1).toISOString();
  return [
    `${count.toLocaleString('en-US')} recorded ${count === 1 ? 'event waits' : 'events wait'} for ${service}. Those whose messages are no longer in its queue are sent again, once it runs, by ` +
      `${commandFor(place, `replay --from ${from} --to ${end} --to-queue ${service}`)}.`,
  ];
}
