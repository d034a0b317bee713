import { join } from 'node:path';
import { runApart } from '../../measuring/runApart.ts';
import type { Part } from '../../part.ts';
import { costChart } from '../../reporting/costChart.ts';
import { table } from '../../reporting/table.ts';
import { billOf, dollarsOf, type ProgramCost, sumOf, totalOf, unitsOf } from './bill.ts';
import { goalsTable } from './goals.ts';
import { largestOf, type MonthlyCost, monthlyCosts } from './month.ts';
import { allUnits, pricesDate, type Unit, units } from './prices.ts';
import type { MeasuredProgram } from './program.ts';
import { programs } from './programs.ts';

type Result = { programs: ProgramCost[]; months: MonthlyCost[] };

export const costPart: Part<Result> = {
  name: 'cost',
  about: 'what AWS bills for a payment, beside other designs',
  minutes: 6,

  async measure({ quick, tell }) {
    const measured: ProgramCost[] = [];
    for (const [key, { name, about, standing }] of Object.entries(programs)) {
      tell(name);
      const {
        low,
        alone = low,
        high,
        minute,
      } = await measureInProcess(key, quick ? 20 : 120, quick ? 98 : 490);
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
    return { programs: measured, months: await monthlyCosts(measured) };
  },

  chart: ({ months }) => costChart(months, pricesDate),

  report: ({
    programs,
    months,
  }) => `${programs.map(({ name, about }) => `- **${name}**: ${about}.`).join('\n')}

What one payment is billed, until it is invoiced and recorded:

${usageTable(programs)}

Fanfold's goals, and what they were counted from. *Without deliveries by SNS* leaves out what SNS puts into queues, of which AWS
does not say whether it is billed as requests of SQS; everywhere else it is counted:

${goalsTable(programs[0] as ProgramCost)}

Where its write units go:

${placesTable(programs, 'writeUnits')}

What a month costs, by how many payments it has, prices of ${pricesDate}:

${monthsTable(months)}`,
};

export const measureInProcess = (key: string, oneByOne: number, together: number): Promise<MeasuredProgram> =>
  runApart(
    `Measuring ${key}`,
    [join(import.meta.dirname, 'programs.ts'), 'measureProgram'],
    [key, oneByOne, together],
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
