import { BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import { readItems } from './readItems.ts';

const pause = vi.hoisted(() => vi.fn<(ms: number) => Promise<void>>());
vi.mock('node:timers/promises', () => ({ setTimeout: pause }));

const dynamodb = mockClient(DynamoDBClient);
beforeEach(() => {
  dynamodb.reset();
  pause.mockReset();
});

const keysOf = (count: number) => Array.from({ length: count }, (_, i) => ({ pk: `item-${i}` }));
async function read(keys: { pk: string }[], projection?: string) {
  const found: (string | undefined)[] = [];
  for await (const items of readItems('things', keys, projection))
    found.push(...items.map(({ pk }) => pk?.S));
  return found;
}
const asked = () =>
  dynamodb
    .commandCalls(BatchGetItemCommand)
    .map(({ args: [{ input }] }) => input.RequestItems?.things?.Keys?.length);

/** Answers with so many of the items that are asked for, and leaves the others to the next time. */
const answering = (...counts: number[]) =>
  dynamodb.on(BatchGetItemCommand).callsFake(({ RequestItems: { things } }) => {
    const count = counts.shift() ?? things.Keys.length;
    return {
      Responses: { things: things.Keys.slice(0, count) },
      UnprocessedKeys: count < things.Keys.length ? { things: { Keys: things.Keys.slice(count) } } : {},
    };
  });

test('Items are read a hundred at once, whole or in part', async () => {
  answering();
  const keys = keysOf(101);
  expect(await read(keys, 'pk')).toEqual(keys.map(({ pk }) => pk));
  expect(asked()).toEqual([100, 1]);
  const [first] = dynamodb.commandCalls(BatchGetItemCommand);
  expect(first?.args[0].input.RequestItems?.things).toMatchObject({
    ConsistentRead: true,
    ProjectionExpression: 'pk',
  });
  expect(pause).not.toHaveBeenCalled();
});

test('What is not there is left out, and nothing is asked for nothing', async () => {
  dynamodb.on(BatchGetItemCommand).resolves({ Responses: { things: [marshall({ pk: 'item-1' })] } });
  expect(await read(keysOf(3))).toEqual(['item-1']);
  expect(await read([])).toEqual([]);
  expect(asked()).toEqual([3]);
});

test('Whatever DynamoDB leaves out is asked for again, and everything comes once', async () => {
  const scarcity = fc.array(fc.nat(100), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.nat(350), scarcity, async (count, counts) => {
      answering(...counts);
      const keys = keysOf(count);
      expect((await read(keys)).sort()).toEqual(keys.map(({ pk }) => pk).sort());
    }),
    { numRuns: 30 },
  );
  expect(Math.max(0, ...asked().map((count) => count ?? 0))).toBeLessThanOrEqual(100);
});

test('DynamoDB that is short of capacity is asked after a pause, a longer one each time', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  answering(...Array.from({ length: 9 }, () => 0), 2);
  await read(keysOf(2));
  expect(pause.mock.calls.map(([ms]) => ms)).toEqual([10, 20, 40, 80, 160, 320, 500, 500, 500]);
  vi.restoreAllMocks();
});
