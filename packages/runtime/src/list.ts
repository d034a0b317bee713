import * as z from 'zod';

/** `limit` and `startingAfter` of every list. */
export const listQuery = {
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
    .transform(Number)
    .default(10),
  /** The id of the last object of the page before. */
  startingAfter: z.string().min(1).max(200).optional(),
};

/** One page of a list. */
export type Page<Item> = { items: Item[]; hasMore: boolean };

export const listOf = <Item>({ items, hasMore }: Page<Item>) => ({
  object: 'list' as const,
  data: items,
  hasMore,
});
