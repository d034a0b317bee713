import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { fieldErrors, parseFields } from './fieldErrors.ts';

const errorsOf = (schema: z.ZodType, value: unknown) => {
  const { error } = parseFields(schema, value);
  return error ? fieldErrors(error) : [];
};

describe('What is wrong with a field', () => {
  test.each<[string, z.ZodType, unknown]>([
    ['is missing', z.string(), undefined],
    ['is missing', z.enum(['a', 'b']), undefined],
    ['must be a text', z.string(), 1],
    ['must be a text', z.string(), null],
    ['must be a number', z.number(), '1'],
    ['must be a whole number', z.int(), 1.5],
    ['must be true or false', z.boolean(), 'yes'],
    ['must be a list', z.array(z.string()), {}],
    ['must be an object', z.strictObject({}), []],
    ['must be an object', z.record(z.string(), z.string()), 'text'],
    ['must be "a"', z.literal('a'), 'b'],
    ['must be one of "a", "b"', z.enum(['a', 'b']), 'c'],
    ['must not be empty', z.string().min(1), ''],
    ['must have at least 2 characters', z.string().min(2), 'a'],
    ['must have at most 2 characters', z.string().max(2), 'abc'],
    ['must have exactly 2 characters', z.string().length(2), 'abc'],
    ['must not be empty', z.array(z.int()).min(1), []],
    ['must have at least 2 entries', z.array(z.int()).min(2), []],
    ['must have at most 1 entries', z.array(z.int()).max(1), [1, 2]],
    ['must be at least 1', z.int().min(1), 0],
    ['must be more than 0', z.number().positive(), 0],
    ['must be at most 5', z.int().max(5), 6],
    ['must be less than 5', z.number().lt(5), 5],
    ['must be at most 9007199254740991', z.int(), 2 ** 60],
    ['must be a multiple of 5', z.number().multipleOf(5), 6],
    ['must be an email address', z.email(), 'Ada'],
    ['must be a date such as "2026-11-23"', z.iso.date(), 'today'],
    ['must be an RFC 3339 time such as "2026-11-23T14:02:11Z"', z.iso.datetime(), 'now'],
    ['does not have the required form', z.string().regex(/a/), 'b'],
    ['does not match any of the accepted forms', z.union([z.string(), z.int()]), true],
    ['is not accepted', z.string().refine(() => false), 'a'],
    ['must be lucky', z.int().refine(() => false, 'must be lucky'), 1],
  ])('is told in a sentence: %s', (detail, schema, value) => {
    expect(errorsOf(z.object({ field: schema }), { field: value })).toEqual([{ pointer: '#/field', detail }]);
  });

  test('points to it, however deep', () => {
    const schema = z.object({ lines: z.array(z.object({ quantity: z.int().min(1, 'must be at least 1') })) });
    expect(errorsOf(schema, { lines: [{ quantity: 1 }, { quantity: 0 }] })).toEqual([
      { pointer: '#/lines/1/quantity', detail: 'must be at least 1' },
    ]);
  });

  test('points to a field that is not known, not to what holds it', () => {
    const schema = z.object({ customer: z.strictObject({}) });
    expect(errorsOf(schema, { customer: { a: 1, 'b/c': 2 } })).toEqual([
      { pointer: '#/customer/a', detail: 'is unknown' },
      { pointer: '#/customer/b~1c', detail: 'is unknown' },
    ]);
  });

  test('does not repeat the value', () => {
    const schema = z.strictObject({
      kind: z.enum(['a', 'b']),
      email: z.email(),
      name: z.string().max(3),
      amount: z.int().max(5),
      tags: z.record(z.string().max(3), z.string()),
    });
    const secret = 'secret';
    const errors = errorsOf(schema, {
      kind: secret,
      email: secret,
      name: secret,
      amount: 123_456,
      tags: { a: { secret } },
    });
    expect(errors).toHaveLength(5);
    expect(JSON.stringify(errors)).not.toMatch(/secret|123456/);
  });

  test('reports an invalid name, at that name', () => {
    const schema = z.record(z.string().max(2), z.string());
    expect(errorsOf(schema, { abc: '' })).toEqual([
      { pointer: '#/abc', detail: 'has a name that must have at most 2 characters' },
    ]);
  });

  /** A schema of any kind and depth. */
  const { schema } = fc.letrec<{ schema: z.ZodType }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<z.ZodType>(
        z.string(),
        z.string().min(3).max(5),
        z.string().length(2),
        z.string().regex(/^x/),
        z.string().startsWith('x').endsWith('y').includes('z'),
        z.string().refine(() => false),
        z.email(),
        z.url(),
        z.uuid(),
        z.ipv4(),
        z.base64(),
        z.jwt(),
        z.iso.date(),
        z.iso.time(),
        z.iso.datetime(),
        z.iso.duration(),
        z.number(),
        z.number().positive().lt(1).multipleOf(0.25),
        z.int(),
        z.int().min(2).max(3),
        z.bigint().min(2n),
        z.boolean(),
        z.null(),
        z.undefined(),
        z.nan(),
        z.never(),
        z.date(),
        z.symbol(),
        z.literal(['a', 1, null]),
        z.enum(['a', 'b']),
        z.templateLiteral(['x', z.int()]),
        z.map(z.string(), z.int()).min(1),
        z.set(z.int()).min(1),
        z.string().transform((text, context) => {
          context.addIssue({ code: 'custom' });
          return text;
        }),
        z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('a') }),
          z.object({ kind: z.literal('b'), n: z.int() }),
        ]),
        z.xor([z.string(), z.string().max(9)]),
      ),
      tie('schema').map((inner) => z.array(inner).min(1).max(2)),
      tie('schema').map((inner) => z.tuple([inner])),
      tie('schema').map((inner) => z.strictObject({ a: inner, b: inner.optional(), kind: z.string() })),
      tie('schema').map((inner) => z.record(z.string().max(1).regex(/b/), inner)),
      tie('schema').map((inner) => inner.nullable()),
      fc.tuple(tie('schema'), tie('schema')).map((both) => z.union(both)),
    ),
  }));
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(undefined, Number.NaN, 1e300, 7n, Symbol('s'), new Date(Number.NaN), new Map([[1, '']])),
    fc.record({ a: fc.jsonValue(), kind: fc.constantFrom('a', 'b', 'c') }, { requiredKeys: [] }),
    fc.array(fc.record({ a: fc.jsonValue() })),
  );

  test('is never told in words of the library, whatever the schema and the value', () => {
    fc.assert(
      fc.property(schema, value, (drawn, from) => {
        for (const { detail } of errorsOf(drawn, from)) {
          expect(detail).toMatch(/^(is|must|has|does not) /);
          expect(detail).not.toMatch(/invalid|expected|received|undefined|\bnan\b|Too |pattern|schema/i);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
