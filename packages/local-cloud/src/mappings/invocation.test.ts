import { expect, test, vi } from 'vitest';
import { deliverBatch, type Invocation, type Invoker, type Outcome, splitByEventSize } from './invocation.ts';

function invoker(invoke: Invoker['invoke'], rest: Partial<Invoker> = {}): Invoker {
  return {
    functionName: 'consumer',
    eventSourceArn: 'arn:aws:sqs:eu-west-1:000000000000:queue',
    reportsBatchItemFailures: true,
    invoke,
    ...rest,
  };
}

type Case = [string, Invoker['invoke'], Outcome['status'], string[]];

const throttled = Object.assign(new Error('Rate exceeded'), { name: 'Throttled' });

test.each<Case>([
  ['returns', async () => undefined, 'succeeded', []],
  [
    'names a failure',
    async () => ({ batchItemFailures: [{ itemIdentifier: '2' }] }),
    'partially failed',
    ['2'],
  ],
  ['throws', () => Promise.reject(new Error('broken')), 'failed', ['1', '2']],
  ['answers something malformed', async () => 'done', 'failed', ['1', '2']],
  ['was not run', () => Promise.reject(throttled), 'throttled', ['1', '2']],
])('A function that %s', async (_what, invoke, status, failedItemIdentifiers) => {
  expect(await deliverBatch(invoker(invoke), { Records: [] }, ['1', '2'])).toMatchObject({
    status,
    failedItemIdentifiers,
  });
});

test('A function that waits for an instance has the whole of its timeout when it gets one', async () => {
  vi.useFakeTimers();
  const waiting = invoker(() => new Promise((resolve) => setTimeout(resolve, 900_000)));
  const outcome = deliverBatch(waiting, { Records: [] }, ['1']);
  await vi.advanceTimersByTimeAsync(900_000);
  expect((await outcome).status).toBe('succeeded');
});

test('Without ReportBatchItemFailures, whatever a function returns is success', async () => {
  const whole = invoker(async () => ({ batchItemFailures: [{ itemIdentifier: '1' }] }), {
    reportsBatchItemFailures: false,
  });
  expect((await deliverBatch(whole, { Records: [] }, ['1'])).status).toBe('succeeded');
});

test('Each invocation is told to the observer', async () => {
  const seen: Invocation[] = [];
  const observed = invoker(async () => undefined, { onInvocation: (invocation) => seen.push(invocation) });
  await deliverBatch(observed, { Records: [] }, ['1', '2']);
  expect(seen).toMatchObject([
    {
      functionName: 'consumer',
      eventSourceArn: 'arn:aws:sqs:eu-west-1:000000000000:queue',
      itemIdentifiers: ['1', '2'],
      status: 'succeeded',
      startedAt: expect.any(Date),
      durationMs: expect.any(Number),
    },
  ]);
});

test('A batch above 6 MB becomes several events, in order (E11)', () => {
  const megabyte = 'x'.repeat(1_000_000);
  const items = Array.from({ length: 14 }, (_, index) => `${index} ${megabyte}`);
  const parts = splitByEventSize(items);
  expect(parts.map(({ length }) => length)).toEqual([6, 6, 2]);
  expect(parts.flat()).toEqual(items);
  for (const Records of parts)
    expect(JSON.stringify({ Records }).length).toBeLessThanOrEqual(6 * 1024 * 1024);
});

test('An item that is above 6 MB by itself is an event of its own', () => {
  const parts = splitByEventSize(['small', 'x'.repeat(7_000_000), 'small']);
  expect(parts.map(({ length }) => length)).toEqual([1, 1, 1]);
});
