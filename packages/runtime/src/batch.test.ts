import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunksOf, messageBytes, notConfirmed } from './batch.ts';
import { textAttributes } from './messageAttributes.ts';

const bytesOf = (item: number) => item;

describe('A list is split', () => {
  test('by what one batch of messages takes: ten entries and 256 KiB', () => {
    expect(chunksOf(Array(21).fill(1), bytesOf).map(({ length }) => length)).toEqual([10, 10, 1]);
    const kib = 1024;
    expect(chunksOf([200 * kib, 56 * kib, 1, 256 * kib, 1], bytesOf)).toEqual([
      [200 * kib, 56 * kib],
      [1],
      [256 * kib],
      [1],
    ]);
  });

  test('into nothing when there is nothing', () => {
    expect(chunksOf([], bytesOf)).toEqual([]);
  });

  test('with what is too large by itself alone, for the call to refuse', () => {
    expect(chunksOf([1, 300 * 1024, 1], bytesOf)).toEqual([[1], [300 * 1024], [1]]);
  });

  test('in order, without loss, within the limits, and into no more parts than that takes', () => {
    const limits = fc.record({
      entries: fc.integer({ min: 1, max: 9 }),
      bytes: fc.integer({ min: 100, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 100 })), limits, (items, { entries, bytes }) => {
        const chunks = chunksOf(items, bytesOf, { entries, bytes });
        const sum = (chunk: number[]) => chunk.reduce((total, item) => total + item, 0);
        expect(chunks.flat()).toEqual(items);
        for (const [i, chunk] of chunks.entries()) {
          expect(chunk.length).toBeGreaterThan(0);
          expect(chunk.length).toBeLessThanOrEqual(entries);
          expect(sum(chunk)).toBeLessThanOrEqual(bytes);
          const next = chunks[i + 1]?.[0];
          if (next !== undefined) expect(chunk.length === entries || sum(chunk) + next > bytes).toBe(true);
        }
      }),
    );
  });
});

test('A message takes its body and at least what its attributes are: names, types and values', () => {
  const attributes = fc.dictionary(fc.string(), fc.string());
  fc.assert(
    fc.property(fc.string(), attributes, (body, attributes) => {
      const parts = Object.entries(attributes).flatMap(([name, value]) => [name, 'String', value]);
      expect(messageBytes({ body, attributes: textAttributes(attributes) })).toBeGreaterThanOrEqual(
        Buffer.byteLength([body, ...parts].join('')),
      );
    }),
  );
  expect(messageBytes({ body: '€', attributes: {} })).toBe(5);
});

test('An entry of a batch call counts as done only if the answer confirms it, and has no error for it', () => {
  const someIds = fc.subarray(['0', '1', '2', '3', '4']).map((ids) => ids.map((Id) => ({ Id })));
  fc.assert(
    fc.property(fc.nat({ max: 5 }), someIds, someIds, (count, Successful, Failed) => {
      const items = Array.from({ length: count }, (_, i) => ({ i }));
      const has = (list: { Id: string }[], i: number) => list.some(({ Id }) => Id === String(i));
      expect([...notConfirmed(items, { Successful, Failed }).keys()]).toEqual(
        items.filter(({ i }) => !has(Successful, i) || has(Failed, i)),
      );
      expect(notConfirmed(items, {}).size).toBe(count);
    }),
  );
});
