import { namesOfStack, templateOf } from '@fanfold/local-cloud/packagedTemplates';
import type { Resource } from '@fanfold/local-cloud/template';
import { measured } from '../../../packages/topology/measured.js';
import { type Bill, type ProgramCost, totalOf } from './bill.ts';
import { allUnits, idleRequestsPerQueue, monthly, secondsPerMonth, units } from './prices.ts';

/** What a month with so many payments costs, by term, in dollars. */
export type MonthlyCost = { payments: number; programs: { name: string; terms: Record<string, number> }[] };

const volumes = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/**
 * Payments a second at which the loads stand: one that meets no other in audit's window, one that low load was measured at,
 * and one from which on batches are taken to be full. That is the best case: a thousand payments a second leave ten messages
 * waiting whenever a poller comes, fewer may not.
 */
const rates = { alone: 0.05, low: 1, high: 1000 };

/** @param programs Fanfold first, of which the templates tell what stands there. What others watch themselves with is left out. */
export async function monthlyCosts(programs: ProgramCost[]): Promise<MonthlyCost[]> {
  const templates = await Promise.all((await namesOfStack()).map((service) => templateOf(service)));
  const resources = templates.flatMap((each) => Object.values(each));
  return volumes.map((payments) => ({
    payments,
    programs: programs.map(({ name, standing, alone, low, high, minute }) => ({
      name,
      terms: {
        ...(standing ? upkeepOf(standing) : { ...watchingOf(resources), ...upkeepOf(standingOf(resources)) }),
        ...termsOf({ alone, low, high }, minute, payments),
      },
    })),
  }));
}

/** Between the loads that were measured, costs are taken to follow the logarithm of the rate. */
function termsOf(
  { alone, low, high }: Pick<ProgramCost, 'alone' | 'low' | 'high'>,
  minute: Bill,
  payments: number,
): Record<string, number> {
  const rate = payments / secondsPerMonth;
  const [from, to, first, last] =
    rate < rates.low ? [alone, low, rates.alone, rates.low] : [low, high, rates.low, rates.high];
  const share = Math.min(1, Math.max(0, Math.log(rate / first) / Math.log(last / first)));
  const busyMinutes = Math.min(payments, secondsPerMonth / 60);
  const terms: Record<string, number> = {};
  for (const unit of allUnits) {
    const perPayment = totalOf(from, unit) * (1 - share) + totalOf(to, unit) * share;
    const { term } = units[unit];
    const count = perPayment * payments + totalOf(minute, unit) * busyMinutes;
    terms[term] = (terms[term] ?? 0) + (count * units[unit].dollarsPerMillion) / 1e6;
  }
  return terms;
}

const countOf = (resources: Resource[], type: string) => resources.filter(({ Type }) => Type === type).length;

const queuesOf = (resources: Resource[]): number =>
  resources.filter(
    ({ Type, Properties }) =>
      Type === 'AWS::Lambda::EventSourceMapping' && String(Properties.EventSourceArn).includes(':sqs:'),
  ).length;

/** What a stage is watched with, in numbers. A dashboard is among the three of an account that cost nothing. */
export const watchesOf = (resources: Resource[]) => ({
  alarms: countOf(resources, 'AWS::CloudWatch::Alarm'),
  compositeAlarms: countOf(resources, 'AWS::CloudWatch::CompositeAlarm'),
  dashboards: countOf(resources, 'AWS::CloudWatch::Dashboard'),
  metrics: metricsOf(resources),
});

/** Metrics that have values at all times: those of each publisher and each consumer, and the others, which are one service's. */
function metricsOf(resources: Resource[]): number {
  const always = Object.entries(measured).filter(([, each]) => each.always).length;
  const functions = (name: string) =>
    resources.filter(
      ({ Type, Properties }) =>
        Type === 'AWS::Lambda::Function' && String(Properties.FunctionName).endsWith(`-${name}`),
    ).length;
  return always - 2 + functions('publisher') + functions('consumer');
}

const watchingOf = (resources: Resource[]) => {
  const { alarms, compositeAlarms, metrics } = watchesOf(resources);
  return {
    'alarms, metrics, keys':
      alarms * monthly.alarm.dollars +
      compositeAlarms * monthly.compositeAlarm.dollars +
      metrics * monthly.metric.dollars +
      countOf(resources, 'AWS::KMS::Key') * monthly.key.dollars,
  };
};

function standingOf(resources: Resource[]): NonNullable<ProgramCost['standing']> {
  const clockRunsPerMonth = resources
    .filter(({ Type }) => Type === 'AWS::Events::Rule')
    .reduce((sum, { Properties }) => sum + runsPerMonth(String(Properties.ScheduleExpression)), 0);
  return { queues: queuesOf(resources), clockRunsPerMonth };
}

/** @throws for a schedule that is neither each so many minutes nor at times of each day */
function runsPerMonth(schedule: string): number {
  const minutes = /^rate\((\d+) minutes?\)$/.exec(schedule)?.[1];
  if (minutes) return secondsPerMonth / 60 / Number(minutes);
  const [, minute, hour] = /^cron\((\S+) (\S+) \* \* \? \*\)$/.exec(schedule) ?? [];
  const runs = minute && hour ? 30 * valuesOf(minute, 60) * valuesOf(hour, 24) : Number.NaN;
  if (!Number.isNaN(runs)) return runs;
  throw new Error(`How often is ${schedule}? Say it in bench/parts/cost/month.ts`);
}

/** How many values a field of a schedule has: `15`, `0-5` or `15/15`, from 15 on each 15. NaN for any other. */
function valuesOf(field: string, end: number): number {
  const [, from, range, to] = /^(\d+)(?:([-/])(\d+))?$/.exec(field) ?? [];
  if (from === undefined) return Number.NaN;
  if (range === undefined) return 1;
  return range === '-' ? Number(to) - Number(from) + 1 : Math.ceil((end - Number(from)) / Number(to));
}

/** What a run of a clock takes that finds nothing: a tenth of a second. */
const idleRunGigabyteSeconds = 0.05;

const upkeepOf = ({ queues, clockRunsPerMonth }: NonNullable<ProgramCost['standing']>) => ({
  'idle polling': (queues * idleRequestsPerQueue * units.sqsRequests.dollarsPerMillion) / 1e6,
  'idle clocks':
    (clockRunsPerMonth *
      (units.invocations.dollarsPerMillion +
        idleRunGigabyteSeconds * units.gigabyteSeconds.dollarsPerMillion)) /
    1e6,
});

export const largestOf = (terms: Record<string, number>): string => {
  const total = Object.values(terms).reduce((sum, dollars) => sum + dollars, 0);
  const [[name = '', dollars = 0] = []] = Object.entries(terms).sort(([, a], [, b]) => b - a);
  return `${name} ${Math.round((dollars / total) * 100)} %`;
};
