import { describe, expect, test } from 'vitest';
import type { Outcome } from './invocation.ts';
import { deliverInOrder, type GivenUp, type StreamRecord } from './streamDelivery.ts';

/** Answers to the invocations, in turn: the numbers of the records that fail, or what happens to all of them. */
type Answer = 'succeeds' | 'throws' | 'is malformed' | 'is throttled' | number[];

type Story = { invocations: number[][]; done: number[]; givenUp: [number[], GivenUp][]; waitsMs: number[] };

const defaults = {
  bisectsBatchOnFunctionError: false,
  maximumRetryAttempts: -1,
  maximumRecordAgeSeconds: -1,
};

/** Delivers records numbered from 1 and tells what happened. */
async function deliver(
  count: number,
  answer: (records: number[], invocation: number) => Answer,
  properties: Partial<typeof defaults> = {},
  createdAt = (_record: number) => new Date(),
): Promise<Story> {
  const story: Story = { invocations: [], done: [], givenUp: [], waitsMs: [] };
  const records = Array.from({ length: count }, (_, index) => ({
    sequenceNumber: String(index + 1),
    createdAt: createdAt(index + 1),
  }));
  const numbers = (some: StreamRecord[]) => some.map(({ sequenceNumber }) => Number(sequenceNumber));
  await deliverInOrder(records, {
    ...defaults,
    ...properties,
    async deliver(some) {
      story.invocations.push(numbers(some));
      return outcome(answer(numbers(some), story.invocations.length), numbers(some));
    },
    async done(some) {
      story.done.push(...numbers(some));
    },
    async giveUp(some, why) {
      story.givenUp.push([numbers(some), why]);
    },
    async wait(durationMs) {
      story.waitsMs.push(durationMs);
    },
  });
  return story;
}

function outcome(answer: Answer, records: number[]): Outcome {
  const all = records.map(String);
  switch (answer) {
    case 'succeeds':
      return { status: 'succeeded', failedItemIdentifiers: [] };
    case 'throws':
      return { status: 'failed', failedItemIdentifiers: all, error: new Error('broken') };
    case 'is malformed':
      return { status: 'failed', failedItemIdentifiers: all };
    case 'is throttled':
      return { status: 'throttled', failedItemIdentifiers: all };
    default:
      return { status: 'partially failed', failedItemIdentifiers: answer.map(String) };
  }
}

describe('A batch', () => {
  test('that succeeds is delivered once', async () => {
    const story = await deliver(3, () => 'succeeds');
    expect(story).toEqual({ invocations: [[1, 2, 3]], done: [1, 2, 3], givenUp: [], waitsMs: [] });
  });

  test('that fails is delivered whole until it succeeds, ever more slowly (E4)', async () => {
    const story = await deliver(2, (_records, invocation) => (invocation < 4 ? 'throws' : 'succeeds'));
    expect(story.invocations).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(story.done).toEqual([1, 2]);
    expect(story.waitsMs).toEqual([200, 400, 800]);
  });
});

describe('A partial answer (E5, finding 12)', () => {
  test('has the lowest record that it names, and all after it, delivered again', async () => {
    const story = await deliver(5, (_records, invocation) => (invocation === 1 ? [4, 2] : 'succeeds'));
    expect(story.invocations).toEqual([
      [1, 2, 3, 4, 5],
      [2, 3, 4, 5],
    ]);
    expect(story.done).toEqual([1, 2, 3, 4, 5]);
  });

  test('uses up a retry', async () => {
    const story = await deliver(3, (records) => [Math.min(...records) + 1, 3], { maximumRetryAttempts: 0 });
    expect(story.invocations).toEqual([[1, 2, 3]]);
    expect(story.givenUp).toEqual([
      [[2, 3], { condition: 'RetryAttemptsExhausted', invokeCount: 1, threw: false }],
    ]);
  });

  test('that names the first record makes no progress, and is tried again after a wait', async () => {
    const story = await deliver(2, (_records, invocation) => (invocation === 1 ? [1] : 'succeeds'));
    expect(story.invocations).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(story.waitsMs).toEqual([200]);
  });
});

describe('Bisecting (E6, finding 12)', () => {
  test('isolates a record that makes the batch fail', async () => {
    const story = await deliver(4, (records) => (records.includes(3) ? 'throws' : 'succeeds'), {
      bisectsBatchOnFunctionError: true,
      maximumRetryAttempts: 1,
    });
    expect(story.invocations).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]]);
    expect(story.givenUp.map(([records]) => records)).toEqual([[3]]);
    expect(story.done).toEqual([1, 2, 3, 4]);
  });

  test('uses up no retry', async () => {
    const story = await deliver(8, (records) => (records.includes(1) ? 'throws' : 'succeeds'), {
      bisectsBatchOnFunctionError: true,
      maximumRetryAttempts: 2,
    });
    expect(story.givenUp).toEqual([
      [[1], { condition: 'RetryAttemptsExhausted', invokeCount: 3, threw: true }],
    ]);
  });

  test('splits a batch where a partial answer says that it failed, and uses up no retry', async () => {
    const story = await deliver(
      4,
      (records) => (records[0] === 4 ? 'succeeds' : [Math.min(...records) + 1]),
      {
        bisectsBatchOnFunctionError: true,
        maximumRetryAttempts: 0,
      },
    );
    expect(story.invocations).toEqual([[1, 2, 3, 4], [2, 3, 4], [3, 4], [4]]);
    expect(story.givenUp).toEqual([]);
    expect(story.waitsMs).toEqual([]);
  });
});

describe('Giving up (E7)', () => {
  test.each(['throws', 'is malformed'] as const)(
    'happens after one run and the maximum of retries, when the function %s',
    async (answer) => {
      const story = await deliver(2, () => answer, { maximumRetryAttempts: 2 });
      expect(story.invocations).toHaveLength(3);
      const threw = answer === 'throws';
      expect(story.givenUp).toEqual([
        [[1, 2], { condition: 'RetryAttemptsExhausted', invokeCount: 3, threw }],
      ]);
      expect(story.done).toEqual([1, 2]);
    },
  );

  test('takes the old records before a run, and goes on with the young ones', async () => {
    const anHourAgo = new Date(Date.now() - 3_600_000);
    const story = await deliver(
      3,
      () => 'succeeds',
      { maximumRecordAgeSeconds: 60 },
      (record) => (record < 3 ? anHourAgo : new Date()),
    );
    expect(story.givenUp).toEqual([
      [[1, 2], { condition: 'RecordAgeExceeded', invokeCount: 0, threw: false }],
    ]);
    expect(story.invocations).toEqual([[3]]);
    expect(story.done).toEqual([1, 2, 3]);
  });
});

test('A throttled run uses up no retry (E9, finding 11)', async () => {
  const story = await deliver(1, (_records, invocation) => (invocation < 4 ? 'is throttled' : 'throws'), {
    maximumRetryAttempts: 1,
  });
  expect(story.invocations).toHaveLength(5);
  expect(story.givenUp[0]?.[1].invokeCount).toBe(2);
  expect(story.waitsMs).toEqual([200, 400, 800, 200]);
});
