import * as z from 'zod';
import { each, type JsonSchema } from './schemaChanges.ts';

/** A consumer whose code is in another repository, and what it reads: `consumers/<name>.json`. */
export type Consumer = {
  name: string;
  /** JSON Pointers into the event, by its type. In an array, the index of any item stands for all. */
  reads: Record<string, string[]>;
};

/** A file in `consumers` that says something that cannot be. */
export class InvalidConsumer extends Error {
  override name = 'InvalidConsumer';
}

const pointer = z
  .string()
  .regex(/^(\/([^~/]|~[01])*)+$/, 'must be a JSON Pointer, such as "/data/customer/name"');

const file = z.strictObject({
  description: z.string().optional(),
  reads: z.record(z.string(), z.array(pointer).min(1)),
});

/**
 * Reads a consumer's file.
 *
 * @throws InvalidConsumer
 */
export function consumerOf(name: string, text: string): Consumer {
  const path = `consumers/${name}.json`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidConsumer(`${path} is no JSON: ${(error as Error).message}`);
  }
  const { data, error } = file.safeParse(value);
  if (data) return { name, reads: data.reads };
  const [issue] = error.issues;
  throw new InvalidConsumer(
    `${path} at /${issue?.path.join('/')}: ${issue?.message}. It has the form {"reads": {"payment.captured.v1": ["/data/customer/name"]}}.`,
  );
}

/**
 * Compares what a consumer reads with the events that there are, or were before the change.
 *
 * @param schemas of the events, without references, by type
 * @throws InvalidConsumer when no event has the type or the field
 */
export function requireFields({ name, reads }: Consumer, schemas: Map<string, JsonSchema[]>): void {
  for (const [type, pointers] of Object.entries(reads)) {
    const versions = schemas.get(type);
    if (!versions)
      throw new InvalidConsumer(`consumers/${name}.json reads ${type}, and there is no such event.`);
    for (const read of pointers) {
      if (!versions.some((schema) => hasField(schema, tokensOf(read)))) {
        throw new InvalidConsumer(
          `consumers/${name}.json reads ${read} of ${type}, which has no such field.`,
        );
      }
    }
  }
}

/** Whether a change at a path touches what is read: the same field, one within it, or one that it is within. */
export const isHit = (read: string, path: string[]): boolean =>
  tokensOf(read)
    .slice(0, path.length)
    .every((token, i) => path[i] === each || path[i] === token);

const tokensOf = (read: string): string[] =>
  read
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

function hasField(schema: unknown, [token, ...rest]: string[]): boolean {
  if (token === undefined) return true;
  if (typeof schema !== 'object' || schema === null) return false;
  const { properties = {}, items, additionalProperties, ...others } = schema as Record<string, object>;
  const isIndex = /^(0|[1-9]\d*)$/.test(token);
  const inner =
    new Map(Object.entries(properties)).get(token) ?? ((isIndex && items) || additionalProperties);
  if (typeof inner === 'object' && hasField(inner, rest)) return true;
  return ['anyOf', 'oneOf', 'allOf']
    .flatMap((keyword) => (others[keyword] ?? []) as object[])
    .some((alternative) => hasField(alternative, [token, ...rest]));
}
