import { join } from 'node:path';
import { runApart } from '../../measuring/runApart.ts';
import type { Part } from '../../part.ts';
import { costChart } from '../../reporting/costChart.ts';
import { table } from '../../reporting/table.ts';
import { type Bill, billOf, dollarsOf, type ProgramCost, sumOf, totalOf, unitsOf } from './bill.ts';
import { countsTable, goalsTable } from './goals.ts';
import { largestOf, type MonthlyCost, monthlyCosts } from './month.ts';
import { allUnits, pricesDate, type Unit, units } from './prices.ts';
import type { MeasuredProgram } from './program.ts';
import { programs } from './programs.ts';

type Result = { programs: ProgramCost[]; byMerchants: ByMerchants[]; months: MonthlyCost[] };

/** Fanfold's cost where payments are those of so many merchants, who take turns. */
type ByMerchants = { merchants: number } & Pick<ProgramCost, 'low' | 'high' | 'minute'>;

/** So many payments that what audit records of them is sixteen batches one a second, and three times sixteen in full batches: they are merged. */
const merged = { few: 160, many: 784 };

export const costPart: Part<Result> = {
  name: 'cost',
  about: 'what AWS bills for a payment, beside other designs',
  minutes: 6,

  async measure({ quick, tell }) {
    const measured: ProgramCost[] = [];
    for (const [key, { name, about, standing }] of Object.entries(programs)) {
      tell(name);
      const { few, many } = quick ? { few: 20, many: 98 } : merged;
      const { low, alone = low, high, minute } = await measureInProcess(key, few, many);
      measured.push({
        name,
        about,
        ...(standing && { standing }),
        alone: billOf(alone),
        low: billOf(low),
        high: billOf(high),
        minute: billOf({ payments: 1, used: minute }),
      });
    }
    const byMerchants: ByMerchants[] = [];
    for (const merchants of quick ? [] : [10, 1000]) {
      tell(`Fanfold with ${merchants} merchants`);
      const { low, high, minute } = await measureInProcess('fanfold', merged.few, merged.many, merchants);
      byMerchants.push({
        merchants,
        low: billOf(low),
        high: billOf(high),
        minute: billOf({ payments: 1, used: minute }),
      });
    }
    return { programs: measured, byMerchants, months: await monthlyCosts(measured) };
  },

  chart: ({ months }) => costChart(months, pricesDate),

  report: ({
    programs,
    byMerchants,
    months,
  }) => `${programs.map(({ name, about }) => `- **${name}**: ${about}.`).join('\n')}

What one payment is billed, until it is invoiced and recorded:

${usageTable(programs)}

Fanfold's goals, and what they were counted from. *Without deliveries by SNS* leaves out what SNS puts into queues, of which AWS
does not say whether it is billed as requests of SQS; everywhere else it is counted:

${goalsTable(programs[0] as ProgramCost)}

What its dollars are for:

${termsTable(programs[0] as ProgramCost)}

What its units are, by kind of call and where:

${countsTable(programs[0] as ProgramCost)}

How it depends on the number of merchants, who take turns: they share no numbers, and no list.

${merchantsTable([{ merchants: 1, ...(programs[0] as ProgramCost) }, ...byMerchants])}

Where write units go:

${placesTable(programs, 'writeUnits')}

What a month costs, by how many payments it has, prices of ${pricesDate}:

${monthsTable(months)}`,
};

export const measureInProcess = (
  key: string,
  oneByOne: number,
  together: number,
  merchants = 1,
): Promise<MeasuredProgram> =>
  runApart(
    `Measuring ${key}`,
    [join(import.meta.dirname, 'programs.ts'), 'measureProgram'],
    [key, oneByOne, together, merchants],
  );

const merchantsTable = (measured: ByMerchants[]): string =>
  table(
    ['merchants', ...['one a second', 'full batches'].flatMap((load) => [`units, ${load}`, `$, ${load}`])],
    measured.map(({ merchants, low, high, minute }) => [
      merchants.toLocaleString('en'),
      ...[sumOf(low, minute, 1 / 60), high].flatMap((bill) => [
        unitsOf(bill).toFixed(1),
        dollarsOf(bill).toFixed(2),
      ]),
    ]),
  );

function usageTable(programs: ProgramCost[]): string {
  const loads = programs.flatMap(({ name, low, high, minute }) => [
    { title: `${name}, one a second`, bill: sumOf(low, minute, 1 / 60) },
    { title: `${name}, full batches`, bill: high },
  ]);
  const used = allUnits.filter((unit) => loads.some(({ bill }) => totalOf(bill, unit) > 0));
  return table(
    ['', ...used.map((unit) => units[unit].title), 'units in all', '$ per million'],
    loads.map(({ title, bill }) => [
      title,
      ...used.map((unit) => Number(totalOf(bill, unit).toPrecision(3)).toString()),
      `**${unitsOf(bill).toFixed(1)}**`,
      `**${dollarsOf(bill).toFixed(2)}**`,
    ]),
  );
}

/** Dollars a million, by what they are for. */
function termsTable({ low, high, minute }: ProgramCost): string {
  const bills = [sumOf(low, minute, 1 / 60), high];
  const terms = [...new Set(allUnits.map((unit) => units[unit].term))];
  const dollars = (bill: Bill, term: string) =>
    allUnits
      .filter((unit) => units[unit].term === term)
      .reduce((sum, unit) => sum + totalOf(bill, unit) * units[unit].dollarsPerMillion, 0);
  return table(
    ['$ per million', 'one a second', 'full batches'],
    terms
      .filter((term) => bills.some((bill) => dollars(bill, term) > 0.005))
      .map((term) => [term, ...bills.map((bill) => dollars(bill, term).toFixed(2))]),
  );
}

function placesTable(programs: ProgramCost[], unit: Unit): string {
  return programs
    .map(({ name, low, high }) => {
      const places = [...new Set([...Object.keys(low), ...Object.keys(high)])].filter(
        (place) => (low[place]?.[unit] ?? 0) + (high[place]?.[unit] ?? 0) > 0.005,
      );
      return table(
        [name, 'one a second', 'full batches'],
        places
          .sort()
          .map((place) => [
            place,
            (low[place]?.[unit] ?? 0).toFixed(2),
            (high[place]?.[unit] ?? 0).toFixed(2),
          ]),
      );
    })
    .join('\n\n');
}

const monthsTable = (months: MonthlyCost[]): string =>
  table(
    [
      'payments a month',
      ...(months[0]?.programs.flatMap(({ name }) => [name, 'per million']) ?? []),
      'most of it (Fanfold)',
    ],
    months.map(({ payments, programs }) => [
      payments.toLocaleString('en'),
      ...programs.flatMap(({ terms }) => {
        const dollars = Object.values(terms).reduce((sum, each) => sum + each, 0);
        return [`$${money(dollars)}`, `$${money((dollars / payments) * 1e6)}`];
      }),
      largestOf(programs[0]?.terms ?? {}),
    ]),
  );

const money = (dollars: number): string =>
  dollars >= 100 ? Math.round(dollars).toLocaleString('en') : dollars.toFixed(2);
