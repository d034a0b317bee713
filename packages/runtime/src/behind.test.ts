import { ChangeMessageVisibilityBatchCommand } from '@aws-sdk/client-sqs';
import type { ScheduledEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { guardBy } from './behind.ts';
import {
  failures,
  invoice,
  logged,
  measured,
  quarantined,
  sqs,
  subscribedTypes,
} from './consume/consumerFixtures.ts';
import { byType, consume } from './consume.ts';
import { Behind, retryDelaySeconds } from './failure.ts';
import { contextWith, queueEvent } from './invocationFixtures.ts';
import { stageMetrics } from './metrics.ts';
import { eachDue, onSchedule } from './schedule.ts';

const lack = 'The log has 62 entries, and 124 are published';

describe('A guard', () => {
  /** What the next comparison finds. */
  let found: string | undefined | Error;
  let compared: number;
  const newGuard = () =>
    guardBy('audit', async () => {
      compared += 1;
      if (found instanceof Error) throw found;
      return found;
    });
  const at = (time: string) => vi.setSystemTime(new Date(`2026-11-30T${time}.000Z`));

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    at('10:00:00');
    found = undefined;
    compared = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('compares when an instance is new and then once a minute at most, however often it is asked', async () => {
    const guard = newGuard();
    for (const time of ['10:00:00', '10:00:30', '10:00:59']) {
      at(time);
      await guard();
    }
    expect(compared).toBe(1);
    at('10:01:00');
    await Promise.all([guard(), guard()]);
    expect(compared).toBe(2);
    await newGuard()();
    expect(compared).toBe(3);
  });

  test('does not go by an old comparison because the clock went back', async () => {
    const guard = newGuard();
    await guard();
    at('09:00:00');
    await guard();
    expect(compared).toBe(2);
  });

  test('refuses while the table lacks something, with the command, and goes on by itself when it has caught up', async () => {
    const guard = newGuard();
    found = lack;
    const refusal = new Behind(
      `${lack}. Run ./fanfold restore audit, in AWS with --stage and --region, and see "A table was put back" in docs/operations.md`,
    );
    await expect(guard()).rejects.toThrow(refusal);
    found = undefined;
    at('10:00:04');
    await expect(guard()).rejects.toThrow(refusal);
    at('10:00:05');
    await guard();
    found = lack;
    at('10:01:04');
    await guard();
    found = undefined;
    expect(logged()).toMatchObject([{ level: 'ERROR', message: 'table is behind', detail: lack }]);
    expect(logged()[0]?.help).toContain('./fanfold restore audit');
    stageMetrics.publishStoredMetrics();
    expect(measured()).toMatchObject([{ TableBehind: 1 }]);
  });

  test('that cannot compare lets nobody write, and compares again at once', async () => {
    const guard = newGuard();
    found = new Error('S3 is away');
    await expect(guard()).rejects.toThrow('S3 is away');
    await expect(guard()).rejects.toThrow('S3 is away');
    found = undefined;
    await guard();
    expect(compared).toBe(3);
    expect(logged()).toEqual([]);
  });
});

const behind = () => Promise.reject(new Behind(lack));
const away = () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));

describe('A consumer whose table has to be restored', () => {
  const handled: string[] = [];
  const run = (guard: () => Promise<void>, receiveCount = 1) => {
    const event = queueEvent([invoice(1), 'no event']);
    for (const { attributes } of event.Records) attributes.ApproximateReceiveCount = String(receiveCount);
    const handle = byType({ 'invoice.issued.v1': async ({ data }) => void handled.push(data.invoiceId) });
    return consume(subscribedTypes, handle, guard)(event, contextWith());
  };
  const hidden = () =>
    sqs
      .commandCalls(ChangeMessageVisibilityBatchCommand)
      .flatMap(({ args: [{ input }] }) => input.Entries?.map(({ VisibilityTimeout }) => VisibilityTimeout));

  test.each([
    [1, 30],
    [2, 60],
    [6, 960],
    [7, 1200],
    [19, 1200],
  ])(
    'handles no message, and quarantines none: at receive %i each waits for %i seconds',
    async (receiveCount, seconds) => {
      expect(await run(behind, receiveCount)).toEqual(failures(0, 1));
      expect(handled).toEqual([]);
      expect(quarantined()).toEqual([]);
      expect(hidden()).toEqual([seconds, seconds]);
      expect(logged()).toMatchObject([
        { level: 'INFO', message: 'message waits', detail: lack },
        { level: 'INFO', message: 'message waits', detail: lack },
      ]);
    },
  );

  test('has five hours before the first dead letter', () => {
    const waits = Array.from({ length: 20 }, (_, i) => retryDelaySeconds(new Behind(lack), i + 1, 0));
    expect(waits.reduce((sum, seconds) => sum + seconds, 0)).toBe(18_690);
  });

  test('handles nothing either when it cannot find out, and takes that for an outage', async () => {
    await expect(run(away)).rejects.toThrow('All 2 messages of the batch failed');
    expect(handled).toEqual([]);
    expect(quarantined()).toEqual([]);
    expect(logged()).toMatchObject([{ message: 'message failed' }, { message: 'message failed' }]);
  });
});

describe('A clock whose table has to be restored', () => {
  const tick = {} as ScheduledEvent;
  const work = vi.fn(async () => ({ done: 1 }));
  const due = vi.fn(async function* () {
    yield [{ id: 'a' }];
  });

  beforeEach(() => {
    work.mockClear();
    due.mockClear();
  });

  test('does nothing, and does not fail', async () => {
    expect(await onSchedule(work, behind)(tick, contextWith())).toEqual({ behind: 1 });
    expect(await eachDue(due, work, behind)(tick, contextWith())).toEqual({ behind: 1 });
    expect([work.mock.calls.length, due.mock.calls.length]).toEqual([0, 0]);
    expect(measured()).toEqual([]);
  });

  test('does nothing either when it cannot find out, and fails', async () => {
    await expect(onSchedule(work, away)(tick, contextWith())).rejects.toThrow('ECONNREFUSED');
    expect(work).not.toHaveBeenCalled();
  });
});
