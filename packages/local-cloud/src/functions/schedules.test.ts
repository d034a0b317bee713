import { afterEach, expect, test, vi } from 'vitest';
import type { Resource } from '../templates/template.ts';
import { cronPattern, startSchedules } from './schedules.ts';

afterEach(() => void vi.useRealTimers());

const rule = (ScheduleExpression: string, more: object = {}): Record<string, Resource> => ({
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression,
      State: 'ENABLED',
      Targets: [{ Arn: 'arn:aws:lambda:eu-west-1:000000000000:function:clock' }],
      ...more,
    },
  },
});

/** The times at which a function is run from 2026-11-30, a Monday, on. */
async function timesOf(
  resources: Record<string, Resource>,
  { from = '00:00', hours = 24 } = {},
): Promise<string[]> {
  vi.useFakeTimers({ now: new Date(`2026-11-30T${from}Z`) });
  const times: string[] = [];
  const schedules = startSchedules({
    resources,
    invoke: async () => void times.push(new Date().toISOString().slice(11, 16)),
    onError: () => {},
  });
  await vi.advanceTimersByTimeAsync(hours * 3_600_000);
  schedules.stop();
  await vi.advanceTimersByTimeAsync(hours * 3_600_000);
  return times;
}

test.each([
  ['rate(8 hours)', ['08:00', '16:00', '00:00']],
  ['rate(1 day)', ['00:00']],
  ['cron(15 0 * * ? *)', ['00:15']],
  ['cron(0 9 30 11 ? 2026)', ['09:00']],
])('%s, in a day', async (expression, times) => {
  expect(await timesOf(rule(expression))).toEqual(times);
});

// A cron expression is looked at every 30 s, which takes seconds for a day: of one for certain days, its hour is enough.
test.each([
  ['cron(0/30 10 ? * MON-FRI *)', '09:45', ['10:00', '10:30']],
  // Days of the week count from Sunday, which is 1.
  ['cron(0 9 ? * 2 *)', '08:45', ['09:00']],
  ['cron(0 9 ? * 1 *)', '08:45', []],
  ['cron(0 9 ? * 2/2 *)', '08:45', ['09:00']],
  ['cron(0 9 ? * 2#5 *)', '08:45', ['09:00']],
  ['cron(0 9 L * ? *)', '08:45', ['09:00']],
])('%s', async (expression, from, times) => {
  expect(await timesOf(rule(expression), { from, hours: 1.5 })).toEqual(times);
});

test('a rule that is disabled, or that is no schedule, runs nothing', async () => {
  expect(await timesOf(rule('rate(1 minute)', { State: 'DISABLED' }))).toEqual([]);
  const { Rule } = rule('');
  delete Rule?.Properties.ScheduleExpression;
  expect(await timesOf({ Rule: Rule as Resource })).toEqual([]);
});

test('a rule that is disabled by hand runs nothing until it is enabled', async () => {
  vi.useFakeTimers({ now: new Date('2026-11-30T00:00:00Z') });
  let runs = 0;
  const { all, stop } = startSchedules({
    resources: {
      ...rule('rate(1 minute)'),
      Off: rule('rate(1 hour)', { State: 'DISABLED' }).Rule as Resource,
    },
    async invoke() {
      runs += 1;
    },
    onError: () => {},
  });
  const states = () => all.map(({ name, expression, enabled }) => [name, expression, enabled]);
  expect(states()).toEqual([
    ['Rule', 'rate(1 minute)', true],
    ['Off', 'rate(1 hour)', false],
  ]);
  for (const schedule of all) schedule.disable();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect([runs, states().map(([, , enabled]) => enabled)]).toEqual([0, [false, false]]);
  for (const schedule of [...all, ...all]) schedule.enable();
  await vi.advanceTimersByTimeAsync(3_600_000);
  stop();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(runs).toBe(61);
});

test('a function gets the event of EventBridge, or the input that the rule gives', async () => {
  vi.useFakeTimers({ now: new Date('2026-11-30T00:00:00Z') });
  const events: unknown[] = [];
  const resources = {
    ...rule('rate(1 minute)', {
      Targets: [
        { Arn: 'arn:aws:lambda:eu-west-1:000000000000:function:clock' },
        { Arn: 'arn:aws:lambda:eu-west-1:000000000000:function:other', Input: '{"day":"today"}' },
      ],
    }),
  };
  const schedules = startSchedules({
    resources,
    invoke: async (name, event) => void events.push([name, event]),
    onError: () => {},
  });
  await vi.advanceTimersByTimeAsync(60_000);
  schedules.stop();
  expect(events).toEqual([
    [
      'clock',
      expect.objectContaining({
        source: 'aws.events',
        'detail-type': 'Scheduled Event',
        time: '2026-11-30T00:01:00Z',
        resources: ['arn:aws:events:eu-west-1:000000000000:rule/Rule'],
      }),
    ],
    ['other', { day: 'today' }],
  ]);
});

test('what fails is told, and the next run comes', async () => {
  vi.useFakeTimers({ now: new Date('2026-11-30T00:00:00Z') });
  const errors: Error[] = [];
  const schedules = startSchedules({
    resources: rule('rate(1 minute)'),
    invoke: async () => Promise.reject(new Error('broken')),
    onError: (error) => errors.push(error),
  });
  await vi.advanceTimersByTimeAsync(180_000);
  schedules.stop();
  expect(errors.map(({ message }) => message)).toEqual(['broken', 'broken', 'broken']);
});

test('a rate of many days is not due at once', async () => {
  expect(await timesOf(rule('rate(30 days)'), { hours: 30 * 24 })).toEqual(['00:00']);
});

test.each(['rate(0 minutes)', 'rate(1 minutes)', 'rate(5 minute)', 'rate(1.5 hours)'])(
  'EventBridge does not take %s',
  (expression) => {
    expect(() =>
      startSchedules({ resources: rule(expression), invoke: async () => {}, onError: () => {} }),
    ).toThrow(`${expression} is no schedule`);
  },
);

test('an expression that EventBridge does not take is refused', () => {
  expect(() => cronPattern('cron(15 0 * * *)')).toThrow('with six fields');
  expect(() =>
    startSchedules({ resources: rule('every minute'), invoke: async () => {}, onError: () => {} }),
  ).toThrow('every minute is no schedule');
});
