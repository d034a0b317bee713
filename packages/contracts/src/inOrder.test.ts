import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { inOrder } from './inOrder.ts';

const schema = z.object({
  name: z.string(),
  address: z.object({ line2: z.string().nullable(), line1: z.string() }).nullable().default(null),
  lines: z.array(z.object({ quantity: z.number(), net: z.number() }).refine(() => true)).optional(),
  metadata: z.record(z.string(), z.string()),
});

const value = {
  name: 'Ada',
  address: { line2: null, line1: 'Main St 1' },
  lines: [
    { quantity: 1, net: 2 },
    { quantity: 3, net: 4 },
  ],
  metadata: { a: '1', b: '2' },
};

/** The same value with the members of each object in an order that is drawn. */
const shuffled = (from: unknown): fc.Arbitrary<unknown> => {
  if (Array.isArray(from)) return from.length === 0 ? fc.constant([]) : fc.tuple(...from.map(shuffled));
  if (from === null || typeof from !== 'object') return fc.constant(from);
  const entries = Object.entries(from);
  return fc
    .tuple(...entries.map(([, member]) => shuffled(member)))
    .chain((members) => {
      const pairs = entries.map(([name], i) => [name, members[i]] as const);
      return fc.shuffledSubarray(pairs, { minLength: pairs.length });
    })
    .map(Object.fromEntries);
};

test('Whatever the order of its members, a value is written to the letter as its schema declares it', () => {
  fc.assert(
    fc.property(shuffled(value), (stored) => {
      expect(JSON.stringify(inOrder(schema, stored as typeof value))).toBe(JSON.stringify(value));
    }),
  );
});

test('What is not there stays so', () => {
  const sparse = { metadata: {}, address: null, name: 'Ada' };
  expect(JSON.stringify(inOrder(schema, sparse))).toBe('{"name":"Ada","address":null,"metadata":{}}');
});
