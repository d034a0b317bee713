import * as z from 'zod';
import { maxFieldErrors } from './fieldErrors.ts';
import { maxPageSize } from './list.ts';

// The schemas of what every API answers. Functions use only their types: schemas take time to make at a cold start.

/** An id that begins with its kind, as `derivedId` of idempotency.ts makes it. */
export const objectId = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-f]{32}$`))
    .max(prefix.length + 33);

/** RFC 3339, in UTC. */
export const time = z.iso.datetime();

/** A page, as `listOf` of list.ts makes it. */
export const listAnswer = <Item extends z.ZodType>(item: Item) =>
  z.object({ object: z.literal('list'), data: z.array(item).max(maxPageSize), hasMore: z.boolean() });

const fieldError = z.object({
  pointer: z.string().max(1000),
  detail: z.string().max(1000),
  rule: z.string().max(64).optional(),
});

/** What http.ts makes of a Refusal, as `application/problem+json`: https://www.rfc-editor.org/rfc/rfc9457 */
export const problem = z.object({
  type: z
    .string()
    .regex(/^urn:fanfold:problem:[a-z_]+$/)
    .max(100),
  title: z.string().max(100),
  status: z.int().min(400).max(599),
  detail: z.string().max(1000),
  instance: z
    .string()
    .regex(/^\/requests\/req_[0-9a-f]{32}$/)
    .max(60),
  code: z
    .string()
    .regex(/^[a-z_]+$/)
    .max(64),
  requestId: objectId('req'),
  errors: z.array(fieldError).max(maxFieldErrors).optional(),
});
