import * as z from 'zod';
import { chunksOf, lambdaAnswer } from './batch.ts';
import { Refusal } from './refusal.ts';

export const maxPageSize = 100;
const limitError = `must be a whole number from 1 to ${maxPageSize}`;

/** `limit` and `startingAfter` of every list. */
export const listQuery = {
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, limitError)
    .transform(Number)
    .pipe(z.int().min(1).max(maxPageSize, limitError))
    .default(10),
  /** The id of the last object of the previous page. */
  startingAfter: z.string().min(1).max(200).optional(),
};

export type ListQuery = { limit: number; startingAfter?: string | undefined };

/** One page of a list. */
export type Page<Item> = { items: Item[]; hasMore: boolean };

/** A page for a response: as many items as it has room for, and always one if there is any. */
export function listOf<Item>({ items, hasMore }: Page<Item>) {
  const [data = []] = chunksOf(items, bytesInAnswer, lambdaAnswer);
  return { object: 'list' as const, data, hasMore: hasMore || data.length < items.length };
}

/** The body is JSON inside the JSON of Lambda's response: items with many quotes grow by half, or more. */
const bytesInAnswer = (item: unknown): number => Buffer.byteLength(JSON.stringify(JSON.stringify(item)));

/** A page of a list that is in memory. */
export function pageOf<Item extends { id: string }>(
  items: Item[],
  { limit, startingAfter }: ListQuery,
  what: string,
): Page<Item> {
  const before = items.findIndex(({ id }) => id === startingAfter);
  if (startingAfter !== undefined && before === -1) throw nothingToStartAfter(what);
  const end = before + 1 + limit;
  return { items: items.slice(before + 1, end), hasMore: items.length > end };
}

/**
 * The same for any id that does not exist, or is another merchant's.
 *
 * @param what a page of the list can start after: `a payment`
 */
export const nothingToStartAfter = (what: string): Refusal =>
  new Refusal(
    404,
    'not_found',
    'There is nothing in this list to start after. Begin again without startingAfter.',
    {
      errors: [{ pointer: '#/startingAfter', detail: `must be the id of ${what}` }],
    },
  );
