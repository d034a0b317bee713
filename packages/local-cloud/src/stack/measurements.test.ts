import { expect, test } from 'vitest';
import { keepMeasurements } from './measurements.ts';

const line = (values: object, names: string[]) =>
  JSON.stringify({
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [
        { Namespace: 'Fanfold/local', Dimensions: [['service']], Metrics: names.map((Name) => ({ Name })) },
      ],
    },
    service: 'fanfold-payments',
    paymentId: 'pay_1',
    ...values,
  });
const of = (metric: string, value: number, atMs: number) => ({
  ...{ atMs, namespace: 'Fanfold/local', metric, dimensions: { service: 'fanfold-payments' }, value },
});

test('a line has one value or many of each of its metrics', () => {
  const kept = keepMeasurements(() => 5);
  kept.line(line({ AnswerTime: [12, 2500], Captured: 1 }, ['AnswerTime', 'Captured']));
  expect(kept.since(5)).toEqual([of('AnswerTime', 12, 5), of('AnswerTime', 2500, 5), of('Captured', 1, 5)]);
  expect(kept.since(6)).toEqual([]);
});

test('a run counts as in Lambda', () => {
  const kept = keepMeasurements(() => 5);
  kept.run('janitor', true);
  kept.run('janitor', false);
  const errors = {
    atMs: 5,
    namespace: 'AWS/Lambda',
    metric: 'Errors',
    dimensions: { FunctionName: 'janitor' },
  };
  expect(kept.since(0)).toEqual([
    { ...errors, value: 1 },
    { ...errors, value: 0 },
  ]);
  kept.run('janitor', false, 12);
  expect(kept.since(0).at(-1)).toEqual({ ...errors, metric: 'Duration', value: 12 });
});

test('only the last ones are kept', () => {
  let now = 0;
  const kept = keepMeasurements(() => ++now);
  for (let i = 0; i < 30_000; i += 1) kept.run('janitor', false);
  const times = kept.since(0).map(({ atMs }) => atMs);
  expect(times.length).toBeGreaterThanOrEqual(5_000);
  expect(times.length).toBeLessThan(10_000);
  expect(times.at(-1)).toBe(30_000);
});
