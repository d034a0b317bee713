import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, expect, it, vi } from 'vitest';
import type { Cloud } from './cloud.ts';
import { paced } from './paced.ts';

afterEach(() => vi.useRealTimers());
vi.mock('node:timers/promises', () => import('../delayFixtures.ts'));

it('requests of all clients together are at most so many a second, and repeated ones count', async () => {
  mockClient(SQSClient).restore();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  const sentAtMs: number[] = [];
  const start = Date.now();
  const client = () =>
    new SQSClient({
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestHandler: {
        async handle() {
          sentAtMs.push(Date.now() - start);
          // The second request fails, and is sent again.
          const statusCode = sentAtMs.length === 2 ? 503 : 200;
          return { response: { statusCode, headers: {}, body: new TextEncoder().encode('{}') } };
        },
      } as never,
    });
  const [sns, sqs] = [client(), client()];
  const cloud = { sns, sqs, s3: client(), oldestIn: async () => new Map() } as unknown as Cloud;
  const slowed = paced(cloud, 2, new AbortController().signal);
  const ask = (from: unknown) =>
    (from as SQSClient).send(new GetQueueAttributesCommand({ QueueUrl: 'https://sqs.example/1/a' }));
  const asking = Promise.all([
    ask(slowed.sqs),
    ask(slowed.sqs),
    ask(slowed.sns),
    slowed.oldestIn(['a']),
    ask(slowed.sqs),
    ask(slowed.sns),
  ]);
  // The client does more between its timers than the clock waits for.
  for (let i = 0; i < 1_000 && sentAtMs.length < 6; i += 1) {
    await vi.advanceTimersByTimeAsync(10);
    await new Promise(setImmediate);
  }
  await asking;
  expect(sentAtMs).toHaveLength(6);
  for (const [i, at] of sentAtMs.entries()) {
    const within = sentAtMs.filter((other) => other >= at && other < at + 1_000);
    expect(within.length, `from request ${i}`).toBeLessThanOrEqual(2);
  }
  // Seven turns, one of them for the metrics.
  expect(sentAtMs.at(-1)).toBeGreaterThanOrEqual(2_900);
});
