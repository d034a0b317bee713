import type { Measurement } from '@fanfold/local-cloud/measurements';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alarm, stateOf } from './alarms.ts';

const alarm: Alarm = {
  AlarmName: 'fanfold-local-bus-publishing-failed',
  Namespace: 'Fanfold/local',
  MetricName: 'PublishFailed',
  Dimensions: [{ Name: 'service', Value: 'fanfold' }],
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 1,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  Threshold: 5,
  TreatMissingData: 'notBreaching',
};
const measured = (atMs: number, value: number, changed: Partial<Measurement> = {}): Measurement => ({
  ...{ atMs, value, namespace: 'Fanfold/local', metric: 'PublishFailed', dimensions: { service: 'fanfold' } },
  ...changed,
});
const at = (nowMs: number, speed = 1) => ({ fromMs: 0, nowMs, speed });

const values = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1 });

describe('an alarm rings when its statistic', () => {
  it.each<[string, Partial<Alarm>, (values: number[], threshold: number) => boolean]>([
    ['of a sum', { Statistic: 'Sum' }, (all, threshold) => all.reduce((a, b) => a + b) >= threshold],
    ['of a maximum', { Statistic: 'Maximum' }, (all, threshold) => all.some((each) => each >= threshold)],
    ['of a minimum', { Statistic: 'Minimum' }, (all, threshold) => all.every((each) => each >= threshold)],
    [
      'of a minimum below',
      { Statistic: 'Minimum', ComparisonOperator: 'LessThanThreshold' },
      (all, threshold) => all.some((each) => each < threshold),
    ],
  ])('%s reaches the threshold, in whatever order it was measured', (_, changed, reaches) => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 300 }), (all, Threshold) => {
        const measurements = all.map((value, i) => measured(30_000 + i, value));
        const { isRinging } = stateOf({ ...alarm, ...changed, Threshold }, measurements, at(60_000));
        expect(isRinging).toBe(reaches(all, Threshold));
      }),
    );
  });

  it('is the share of values beyond a limit', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 100 }), (late, inTime, Threshold) => {
        fc.pre(late + inTime > 0);
        const measurements = [
          ...Array.from({ length: late }, () => measured(1, 2001)),
          // The limit itself is kept.
          ...Array.from({ length: inTime }, () => measured(1, 2000)),
        ];
        const { Statistic: _, ...rest } = alarm;
        const ranked = { ...rest, ExtendedStatistic: 'PR(2000:)', Threshold };
        expect(stateOf(ranked, measurements, at(60_000)).isRinging).toBe(
          late * 100 >= Threshold * (late + inTime),
        );
      }),
    );
  });
});

it.each<Partial<Measurement>>([
  { namespace: 'Fanfold/production' },
  { metric: 'TableBehind' },
  { dimensions: { service: 'fanfold-billing' } },
  { dimensions: { service: 'fanfold', currency: 'EUR' } },
  { dimensions: {} },
])('what another metric measures does not count: %j', (changed) => {
  expect(stateOf(alarm, [measured(1, 9)], at(60_000)).datapoints).toEqual([9]);
  expect(stateOf(alarm, [measured(1, 9, changed)], at(60_000)).datapoints).toEqual([null]);
});

it('what was measured before its window, or before what is looked at began, does not count', () => {
  const measurements = [measured(1_000, 9)];
  expect(stateOf(alarm, measurements, at(60_999)).isRinging).toBe(true);
  expect(stateOf(alarm, measurements, at(61_000)).isRinging).toBe(false);
  expect(stateOf(alarm, measurements, { fromMs: 1_001, nowMs: 2_000, speed: 1 }).isRinging).toBe(false);
});

it('its periods pass faster by the speed', () => {
  expect(stateOf(alarm, [measured(1_000, 9)], at(1_999, 60)).isRinging).toBe(true);
  expect(stateOf(alarm, [measured(1_000, 9)], at(2_000, 60)).isRinging).toBe(false);
});

describe('an alarm that takes missing values for breaching', () => {
  const stopped: Alarm = {
    ...{ ...alarm, Statistic: 'Minimum', EvaluationPeriods: 3, Threshold: 1 },
    TreatMissingData: 'breaching',
  };

  it('rings once all its periods have passed without a good run, and not before', () => {
    expect(stateOf(stopped, [], at(179_999)).isRinging).toBe(false);
    expect(stateOf(stopped, [], at(180_000))).toEqual({ isRinging: true, datapoints: [null, null, null] });
    expect(stateOf(stopped, [measured(150_000, 1)], at(180_000)).isRinging).toBe(true);
    expect(stateOf(stopped, [measured(1, 0)], at(180_000)).isRinging).toBe(false);
  });

  it('rings already when as many breach as it asks for', () => {
    expect(stateOf({ ...stopped, DatapointsToAlarm: 2 }, [measured(1, 0)], at(180_000)).isRinging).toBe(true);
  });
});

it('a statistic or comparison that it does not know is refused, and not taken for another', () => {
  const wrong = (changed: Partial<Alarm>) => () =>
    stateOf({ ...alarm, ...changed }, [measured(1, 9)], at(60_000));
  expect(wrong({ Statistic: 'Average' })).toThrow('Average');
  expect(wrong({ ComparisonOperator: 'LessThanOrEqualToThreshold' })).toThrow('LessThanOrEqualToThreshold');
});
