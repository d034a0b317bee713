import { once } from 'node:events';
import { ChangeMessageVisibilityBatchCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { consume } from '../consume.ts';
import { contextWith, queueEvent } from '../invocationFixtures.ts';
import {
  failures,
  type Handle,
  invoice,
  logged,
  quarantined,
  run,
  sqs,
  subscribedTypes,
  succeeds,
} from './consumerFixtures.ts';

describe('What is heavy', () => {
  const heavy = (bodies: string[], handle: Handle, remainingTimeMs?: number) =>
    consume(subscribedTypes, (events, _messages, inTurn) =>
      events.map(({ data }) =>
        data.invoiceId === 'inv_0' ? succeeds() : inTurn(() => handle(data.invoiceId)),
      ),
    )(queueEvent(bodies), contextWith(remainingTimeMs));

  test('is done one after another, also behind what fails', async () => {
    const steps: string[] = [];
    const answer = await heavy([invoice(1), invoice(2), invoice(3)], async (id) => {
      steps.push(`${id} begins`);
      await new Promise(setImmediate);
      steps.push(`${id} ends`);
      if (id === 'inv_2') throw new Error('inv_2 failed');
    });
    expect(answer).toEqual(failures(1));
    expect(steps).toEqual(['inv_1', 'inv_2', 'inv_3'].flatMap((id) => [`${id} begins`, `${id} ends`]));
  });

  test('is not begun with little time left and comes again, and what is beside it is done', async () => {
    const begun: string[] = [];
    const handle: Handle = async (id) => void begun.push(id);
    expect(await heavy([invoice(0), invoice(1)], handle, 9_000)).toEqual(failures(1));
    expect(begun).toEqual([]);
    expect(logged()).toMatchObject([{ message: 'message failed', error: { name: 'Unfinished' } }]);
  });
});

describe('When time runs out', () => {
  const never = () => new Promise<void>(() => {});

  test('what is done is done, and the rest comes again, before the function is ended', async () => {
    const started = performance.now();
    const answer = await run(
      [invoice(1), invoice(2), invoice(3)],
      (invoiceId) => (invoiceId === 'inv_2' ? never() : succeeds()),
      1700,
    );
    expect(answer).toEqual(failures(1));
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThan(150);
    expect(tookMs).toBeLessThan(1000);
    expect(logged()).toMatchObject([
      { message: 'message failed', error: { message: 'Not done before the function had to answer' } },
    ]);
  });

  test('already at the start, what takes any time comes again', async () => {
    await expect(run([invoice(1), invoice(2)], never, 100)).rejects.toThrow('All 2 messages');
  });

  test('what fails afterwards troubles nobody', async () => {
    const late = Promise.withResolvers<void>();
    const handle: Handle = (invoiceId) => (invoiceId === 'inv_1' ? late.promise : succeeds());
    expect(await run([invoice(1), invoice(2)], handle, 1600)).toEqual(failures(0));
    late.reject(new Error('late'));
    await new Promise(setImmediate); // a rejection that nobody handled would show by now
  });

  test('a queue that does not answer is not waited for', async () => {
    const handle: Handle = (invoiceId) => (invoiceId === 'inv_1' ? never() : succeeds());
    // Ends only when it is told to, as a call to a hung socket does.
    const hangs = async () => {
      const options = sqs.calls().at(-1)?.lastArg as { abortSignal: AbortSignal };
      if (!options.abortSignal.aborted) await once(options.abortSignal, 'abort');
      throw new Error('aborted');
    };
    sqs.on(SendMessageBatchCommand).callsFake(hangs);
    sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(hangs);
    expect(await run([invoice(1), '{', invoice(2)], handle, 1600)).toEqual(failures(1, 0));
  });

  test('poison is put aside all the same', async () => {
    const handle: Handle = (invoiceId) => (invoiceId === 'inv_1' ? never() : succeeds());
    expect(await run([invoice(1), '{', invoice(2)], handle, 1600)).toEqual(failures(0));
    expect(quarantined()).toHaveLength(1);
  });
});
