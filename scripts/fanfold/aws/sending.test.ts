import { describe, expect, it } from 'vitest';
import { messageOf } from '../errors.ts';
import { batchesOf, failuresOf, pace } from './sending.ts';

describe('batches', () => {
  const messages = (count: number, bytes = 1) =>
    Array.from({ length: count }, () => ({ body: 'x'.repeat(bytes), attributes: {} }));
  const sizes = (batches: unknown[][]) => batches.map(({ length }) => length);

  it('are of ten, or what a second allows, or what one call takes', () => {
    expect(sizes(batchesOf(messages(25), 1000))).toEqual([10, 10, 5]);
    expect(sizes(batchesOf(messages(5), 2))).toEqual([2, 2, 1]);
    expect(sizes(batchesOf(messages(6, 48 * 1024), 1000))).toEqual([5, 1]);
  });
});

it('what a batch call did not confirm is known by its place in the batch, with what was said of it', () => {
  const Failed = [{ Id: '0', Code: 'Throttled', Message: 'slowly' }];
  expect([...failuresOf(['a', 'b', 'c'], { Successful: [{ Id: '2' }], Failed })]).toEqual([
    ['a', 'Throttled: slowly'],
    ['b', 'NotConfirmed: the answer does not name it'],
  ]);
  expect(failuresOf(['a'], { Successful: [{ Id: '0' }] }).size).toBe(0);
});

describe('a pace', () => {
  it('lets the first go at once, and each next when what was before had its time', async () => {
    const started = performance.now();
    const turn = pace(1000, new AbortController().signal);
    const at: number[] = [];
    for (const count of [100, 50, 1]) {
      await turn(count);
      at.push(performance.now() - started);
    }
    expect(at[0]).toBeLessThan(99);
    // A timer may be a millisecond early, or a little more.
    expect(at[1]).toBeGreaterThanOrEqual(95);
    expect(at[2]).toBeGreaterThanOrEqual(145);
  });

  it('ends when it is interrupted, waiting or not', async () => {
    const controller = new AbortController();
    const turn = pace(1, controller.signal);
    await turn(1);
    controller.abort(new Error('Interrupted'));
    await expect(turn(1)).rejects.toSatisfy((error) => messageOf(error) === 'Interrupted');
    await expect(pace(1, controller.signal)(1)).rejects.toThrow('Interrupted');
  });
});
