import type { Measurement } from '@fanfold/local-cloud/measurements';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { nameOf } from '../../../packages/topology/alarms.js';

/** An alarm as CloudFormation has it. */
export type Alarm = {
  AlarmName: string;
  Namespace: string;
  MetricName: string;
  Dimensions: { Name: string; Value: string }[];
  Statistic?: string;
  ExtendedStatistic?: string;
  /** Seconds. */
  Period: number;
  EvaluationPeriods: number;
  DatapointsToAlarm?: number;
  ComparisonOperator: string;
  Threshold: number;
  TreatMissingData: string;
};

/** Which alarm, by what its name is made of. */
export type AlarmPlace = { service: string; name: string; subject?: string };

/** The statistic of each period, the newest first, null where nothing was measured; and whether so many of them breach that it rings. */
export type AlarmState = { isRinging: boolean; datapoints: (number | null)[] };

/**
 * An alarm as it would be deployed, packaged for the local stage.
 *
 * @throws when the service has no such alarm
 */
export async function alarmAt({ service, ...alarm }: AlarmPlace): Promise<Alarm> {
  const name = nameOf({ stage: 'local', service }, alarm);
  const found = Object.values(await templateOf(service)).find(
    ({ Type, Properties }) => Type === 'AWS::CloudWatch::Alarm' && Properties.AlarmName === name,
  );
  if (!found) throw new Error(`The template of ${service} has no alarm ${name}.`);
  return found.Properties as Alarm;
}

/**
 * The state of an alarm, as CloudWatch evaluates it:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 *
 * @param fromMs what was measured before does not count, and a period that began before is not taken for one without a value
 * @param speed so many seconds of the alarm's periods pass in one
 */
export function stateOf(
  alarm: Alarm,
  measurements: Measurement[],
  { fromMs, nowMs, speed }: { fromMs: number; nowMs: number; speed: number },
): AlarmState {
  const periodMs = (alarm.Period * 1_000) / speed;
  const own = measurements.filter((each) => each.atMs >= fromMs && isOf(alarm, each));
  const periods = Array.from({ length: alarm.EvaluationPeriods }, (_, i) => {
    const endMs = nowMs - i * periodMs;
    const values = own.filter(({ atMs }) => atMs <= endMs && atMs > endMs - periodMs);
    const datapoint =
      values.length === 0
        ? null
        : statisticOf(
            alarm.Statistic ?? alarm.ExtendedStatistic ?? '',
            values.map(({ value }) => value),
          );
    return { datapoint, isWhole: endMs - periodMs >= fromMs };
  });
  const breaching = periods.filter(({ datapoint, isWhole }) =>
    datapoint === null ? isWhole && alarm.TreatMissingData === 'breaching' : isBeyond(alarm, datapoint),
  );
  return {
    isRinging: breaching.length >= (alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods),
    datapoints: periods.map(({ datapoint }) => datapoint),
  };
}

const isOf = (alarm: Alarm, { namespace, metric, dimensions }: Measurement): boolean =>
  namespace === alarm.Namespace &&
  metric === alarm.MetricName &&
  Object.keys(dimensions).length === alarm.Dimensions.length &&
  alarm.Dimensions.every(({ Name, Value }) => dimensions[Name] === Value);

/**
 * A statistic of CloudWatch, of one value at least:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 *
 * @throws for one that neither an alarm nor the dashboard of this repository uses
 */
export function statisticOf(statistic: string, values: number[]): number {
  const [, beyond] = /^PR\(([\d.]+):\)$/.exec(statistic) ?? [];
  if (beyond !== undefined) {
    return (100 * values.filter((value) => value > Number(beyond)).length) / values.length;
  }
  switch (statistic) {
    case 'SampleCount':
      return values.length;
    case 'Sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'Maximum':
      return Math.max(...values);
    case 'Minimum':
      return Math.min(...values);
    case 'p99':
      return values.toSorted((a, b) => a - b)[Math.ceil(0.99 * values.length) - 1] as number;
    default:
      throw new Error(`No statistic is known as ${statistic}.`);
  }
}

/** @throws for what no alarm of this repository uses */
function isBeyond({ ComparisonOperator, Threshold }: Alarm, value: number): boolean {
  if (ComparisonOperator === 'GreaterThanOrEqualToThreshold') return value >= Threshold;
  if (ComparisonOperator === 'LessThanThreshold') return value < Threshold;
  throw new Error(`No comparison of an alarm is known as ${ComparisonOperator}.`);
}
