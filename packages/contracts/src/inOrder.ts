import type * as z from 'zod';

/**
 * A value with its members in the order of its schema, and those of records sorted by name, at every depth. DynamoDB
 * does not keep the order of members, but a repeated response must be the same to the letter. Members that the schema
 * does not know are left out.
 */
export const inOrder = <Value>(schema: z.ZodType<Value>, value: Value): Value =>
  ordered(schema, value) as Value;

function ordered(schema: z.core.$ZodType, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'object': {
      const members = value as Record<string, unknown>;
      return Object.fromEntries(
        Object.entries(def.shape)
          .filter(([name]) => name in members)
          .map(([name, member]) => [name, ordered(member, members[name])]),
      );
    }
    case 'record':
      return Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, member]) => [name, ordered(def.valueType, member)]),
      );
    case 'array':
      return (value as unknown[]).map((element) => ordered(def.element, element));
    case 'nullable':
    case 'optional':
    case 'default':
      return ordered(def.innerType, value);
    default:
      return value;
  }
}
