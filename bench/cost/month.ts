import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import type { Resource } from '@fanfold/local-cloud/template';
import { serviceNames } from '../services.ts';
import { type Bill, type ProgramCost, totalOf } from './part.ts';
import { idleRequestsPerQueue, monthly, prices, secondsPerMonth } from './prices.ts';
import { type Unit, units } from './units.ts';

/** What a month with so many payments costs, by term, in dollars. */
export type MonthlyCost = { payments: number; programs: { name: string; terms: Record<string, number> }[] };

const volumes = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** Payments a second at which low load was measured, and from which on every batch is full. */
const lowRate = 1;
const highRate = 100;

/** @param programs Fanfold first, whose monthly costs its templates tell; of the others only the payments are reckoned */
export async function monthlyCosts(programs: ProgramCost[]): Promise<MonthlyCost[]> {
  const resources = await Promise.all(serviceNames.map((service) => templateOf(service)));
  const standing = standingCost(resources.flatMap((each) => Object.values(each)));
  return volumes.map((payments) => ({
    payments,
    programs: programs.map(({ name, low, high }, i) => ({
      name,
      terms: { ...(i === 0 && standing), ...termsOf(low, high, payments) },
    })),
  }));
}

/** Names of the terms that most of a cost can be due to. */
const termOf: Partial<Record<Unit, string>> = {
  invocations: 'Lambda',
  gigabyteSeconds: 'Lambda',
  writeUnits: 'DynamoDB writes',
  readUnits: 'DynamoDB reads',
  s3Puts: 'S3',
  s3Gets: 'S3',
  httpRequests: 'API',
  restRequests: 'API',
  snsRequests: 'SNS',
  sqsRequests: 'SQS',
  logBytes: 'logs',
  busEvents: 'EventBridge',
  signatures: 'KMS',
};

/** Between the two loads that were measured, costs are taken to follow the logarithm of the rate. */
function termsOf(low: Bill, high: Bill, payments: number): Record<string, number> {
  const rate = payments / secondsPerMonth;
  const share = Math.min(1, Math.max(0, Math.log(rate / lowRate) / Math.log(highRate / lowRate)));
  const terms: Record<string, number> = {};
  for (const unit of Object.keys(units) as Unit[]) {
    const perPayment = totalOf(low, unit) * (1 - share) + totalOf(high, unit) * share;
    const term = termOf[unit] ?? units[unit];
    terms[term] = (terms[term] ?? 0) + (perPayment * payments * prices[unit].dollarsPerMillion) / 1e6;
  }
  return terms;
}

/** What stands there is paid for when nothing happens as well. */
function standingCost(resources: Resource[]): Record<string, number> {
  const countOf = (type: string) => resources.filter(({ Type }) => Type === type).length;
  const queues = resources.filter(
    ({ Type, Properties }) =>
      Type === 'AWS::Lambda::EventSourceMapping' && String(Properties.EventSourceArn).includes(':sqs:'),
  ).length;
  return {
    'alarms, keys, metrics':
      countOf('AWS::CloudWatch::Alarm') * monthly.alarm.dollars +
      countOf('AWS::Logs::MetricFilter') * monthly.metric.dollars +
      countOf('AWS::KMS::Key') * monthly.key.dollars,
    'polling of empty queues': (queues * idleRequestsPerQueue * prices.sqsRequests.dollarsPerMillion) / 1e6,
    clocks: clockCost(resources),
  };
}

/** What a run of a clock takes that finds nothing: half a second's memory is more than any does. */
const idleRunGigabyteSeconds = 0.05;

function clockCost(resources: Resource[]): number {
  const runs = resources
    .filter(({ Type }) => Type === 'AWS::Events::Rule')
    .map(({ Properties }) => /^rate\((\d+) minutes?\)$/.exec(String(Properties.ScheduleExpression))?.[1])
    .reduce((sum, minutes) => sum + (minutes ? secondsPerMonth / 60 / Number(minutes) : 30), 0);
  return (
    (runs *
      (prices.invocations.dollarsPerMillion +
        idleRunGigabyteSeconds * prices.gigabyteSeconds.dollarsPerMillion)) /
    1e6
  );
}

export const largestOf = (terms: Record<string, number>): string => {
  const total = Object.values(terms).reduce((sum, dollars) => sum + dollars, 0);
  const [[name = '', dollars = 0] = []] = Object.entries(terms).sort(([, a], [, b]) => b - a);
  return `${name} ${Math.round((dollars / total) * 100)} %`;
};
