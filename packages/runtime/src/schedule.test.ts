import type { ScheduledEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { NotYet } from './failure.ts';
import { contextWith } from './invocationFixtures.ts';
import { captureLog } from './logFixtures.ts';
import { eachDue, onSchedule, type Run } from './schedule.ts';

const logged = captureLog();
const tick = {} as ScheduledEvent;
const context = contextWith();

async function* items(...ids: string[]) {
  for (const id of ids) yield [{ id }];
}

describe('A clock', () => {
  test('runs its work with the time, a flow of its own, and what time is left', async () => {
    let seen: Run | undefined;
    const before = Date.now();
    await onSchedule(async (run) => {
      seen = run;
      return {};
    })(tick, contextWith(20_000));
    expect(seen?.now.getTime()).toBeGreaterThanOrEqual(before);
    expect(seen?.now.getTime()).toBeLessThanOrEqual(Date.now());
    expect(seen?.trace).toMatchObject({
      correlationid: `clock_${context.awsRequestId}`,
      causationid: `clock_${context.awsRequestId}`,
    });
    expect(seen?.remainingTimeMs()).toBeGreaterThan(19_000);
    expect(seen?.remainingTimeMs()).toBeLessThanOrEqual(20_000);
  });

  test('knows whether its schedule runs it, or somebody by hand', async () => {
    const seen: boolean[] = [];
    const handler = onSchedule(async (_run, isScheduled) => {
      seen.push(isScheduled);
      return {};
    });
    await handler({ source: 'aws.events' } as ScheduledEvent, context);
    await handler(tick, context);
    expect(seen).toEqual([true, false]);
  });

  test('says and logs what it did', async () => {
    expect(await onSchedule(async () => ({ closed: 3 }))(tick, context)).toEqual({ closed: 3 });
    expect(logged()).toMatchObject([{ level: 'INFO', message: 'clock', closed: 3 }]);
  });

  test('fails when its work fails', async () => {
    const handler = onSchedule(() => Promise.reject(new Error('no table')));
    await expect(handler(tick, context)).rejects.toThrow('no table');
  });
});

describe('A clock that works off what is due', () => {
  test('does ten at once and no more, so that slow ones do not hold up the rest', async () => {
    let running = 0;
    let most = 0;
    const slow = Promise.withResolvers<void>();
    const ids = Array.from({ length: 25 }, (_, n) => `item-${n}`);
    const handler = eachDue(
      () => items(...ids),
      async ({ id }, { now }) => {
        expect(now).toBeInstanceOf(Date);
        running += 1;
        most = Math.max(most, running);
        // The first nine wait for the last one, which comes although they take so long.
        if (ids.indexOf(id) < 9) await slow.promise;
        if (id === 'item-24') slow.resolve();
        running -= 1;
      },
    );
    expect(await handler(tick, context)).toEqual({ done: 25, failed: 0, waiting: 0 });
    expect(most).toBe(10);
  });

  test('does each in a flow of its own, so that what came of one is found without the others', async () => {
    const flows: string[] = [];
    const handler = eachDue(
      () => items('a', 'b'),
      async (_item, { trace }) => flows.push(trace.correlationid, trace.causationid),
    );
    await handler(tick, context);
    const flow = `clock_${context.awsRequestId}`;
    expect(flows).toEqual([`${flow}_a`, `${flow}_a`, `${flow}_b`, `${flow}_b`]);
  });

  test('counts what has to wait, which is neither done nor failed', async () => {
    const handler = eachDue(
      () => items('a', 'b'),
      async ({ id }) => {
        if (id === 'b') throw new NotYet('b is not there so far');
      },
    );
    expect(await handler(tick, context)).toEqual({ done: 1, failed: 0, waiting: 1 });
    expect(logged()).toMatchObject([
      { level: 'INFO', message: 'work waits', id: 'b', detail: 'b is not there so far' },
      { message: 'clock', waiting: 1 },
    ]);
  });

  test('goes on after one that failed, and fails at the end, so that it is noticed', async () => {
    const worked: string[] = [];
    const handler = eachDue(
      () => items('a', 'b', 'c'),
      async ({ id }) => {
        if (id === 'b') throw new Error('not b');
        worked.push(id);
      },
    );
    await expect(handler(tick, context)).rejects.toThrow('1 of 3 due failed; see the log');
    expect(worked).toEqual(['a', 'c']);
    expect(logged()).toMatchObject([
      { level: 'ERROR', message: 'work failed', id: 'b', error: { message: 'not b' } },
    ]);
  });

  test('leaves to the next run what might not end in time', async () => {
    const worked: string[] = [];
    let remainingTimeMs = 30_000;
    const handler = eachDue(
      () => items('a', 'b', 'c'),
      async ({ id }) => {
        worked.push(id);
        remainingTimeMs -= 10_001;
      },
    );
    const draining = { ...context, getRemainingTimeInMillis: () => remainingTimeMs };
    expect(await handler(tick, draining)).toEqual({ done: 2, failed: 0, waiting: 0 });
    expect(worked).toEqual(['a', 'b']);
  });

  test('looks no further when time is up, although it has found nothing so far', async () => {
    let pages = 0;
    let remainingTimeMs = 30_000;
    const handler = eachDue(
      async function* () {
        for (;;) {
          pages += 1;
          remainingTimeMs -= 10_001;
          yield [];
        }
      },
      async () => {},
    );
    const draining = { ...context, getRemainingTimeInMillis: () => remainingTimeMs };
    expect(await handler(tick, draining)).toEqual({ done: 0, failed: 0, waiting: 0 });
    expect(pages).toBe(2);
  });

  test('begins nothing of a page that it has no time for', async () => {
    const worked: string[] = [];
    let remainingTimeMs = 20_000;
    const handler = eachDue(
      async function* () {
        yield [{ id: 'a' }, { id: 'b' }];
      },
      async ({ id }) => {
        worked.push(id);
        remainingTimeMs -= 10_001;
      },
    );
    const draining = { ...context, getRemainingTimeInMillis: () => remainingTimeMs };
    expect(await handler(tick, draining)).toEqual({ done: 1, failed: 0, waiting: 0 });
    expect(worked).toEqual(['a']);
  });

  test('does nothing when nothing is due', async () => {
    const handler = eachDue(
      () => items(),
      () => Promise.reject(new Error('there was something')),
    );
    expect(await handler(tick, context)).toEqual({ done: 0, failed: 0, waiting: 0 });
  });

  test('fails when it cannot find out what is due', async () => {
    const handler = eachDue(
      async function* () {
        yield [{ id: 'a' }];
        throw new Error('no index');
      },
      async () => {},
    );
    await expect(handler(tick, context)).rejects.toThrow('no index');
  });
});
