import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dereferenced, type JsonSchema, type Reading, schemaChanges } from './schemaChanges.ts';

const object = (properties: Record<string, JsonSchema>, required = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  properties,
  required,
});
const text = { type: 'string' };
const number = { type: 'number' };

const readings: Reading[] = ['request', 'response', 'event'];

/** The readings in which a change is breaking, and what it is called. */
function breakingIn(before: JsonSchema, after: JsonSchema): Reading[] {
  return readings.filter((reading) =>
    schemaChanges(before, after, reading).some(({ isBreaking }) => isBreaking),
  );
}

describe('A change breaks', () => {
  const all = readings;
  const changes: [what: string, before: JsonSchema, after: JsonSchema, breaks: Reading[]][] = [
    ['nobody: a text about the field', text, { ...text, description: 'A name.' }, []],
    ['nobody: a new optional field', object({ a: text }), object({ a: text, b: text }, ['a']), []],
    [
      'who sends it or sent it: a new required field',
      object({ a: text }),
      object({ a: text, b: text }),
      ['request', 'event'],
    ],
    ['everybody: a field that is gone', object({ a: text, b: text }), object({ a: text }), all],
    [
      'everybody: an optional field that is gone',
      object({ a: text, b: text }, ['a']),
      object({ a: text }),
      all,
    ],
    ['everybody: a field with another name', object({ a: text }), object({ b: text }), all],
    [
      'who may have left it out: a field that is required now',
      object({ a: text }, []),
      object({ a: text }),
      ['request', 'event'],
    ],
    [
      'who relies on it: a field that can be absent now',
      object({ a: text }),
      object({ a: text }, []),
      ['response', 'event'],
    ],
    ['everybody: another type', text, number, all],
    ['who writes: a narrower type', number, { type: 'integer' }, ['request', 'event']],
    ['who reads: a wider type', { type: 'integer' }, number, ['response', 'event']],
    ['who reads: a value that can be null now', text, { type: ['string', 'null'] }, ['response', 'event']],
    ['who reads: the same as alternatives', text, { anyOf: [text, { type: 'null' }] }, ['response', 'event']],
    [
      'nobody: the same written otherwise',
      { type: ['string', 'null'] },
      { anyOf: [{ type: 'null' }, text] },
      [],
    ],
    ['who reads: a new value of a closed list', { enum: ['a'] }, { enum: ['a', 'b'] }, ['response', 'event']],
    ['who writes: a value less of a closed list', { enum: ['a', 'b'] }, { const: 'a' }, ['request', 'event']],
    ['who writes: a lower maximum', { maxLength: 2 }, { maxLength: 1 }, ['request', 'event']],
    [
      'nobody: the length of what a pattern allows',
      { type: 'string', maxLength: 99, pattern: '^[a-z]{1,3}$' },
      { type: 'string', maxLength: 3, pattern: '^[a-z]{1,3}$' },
      [],
    ],
    [
      'who writes: less than the pattern allows',
      { type: 'string', pattern: '^[a-z]{1,3}$' },
      { type: 'string', maxLength: 2, pattern: '^[a-z]{1,3}$' },
      ['request', 'event'],
    ],
    ['who reads: no minimum any more', { minimum: 0 }, {}, ['response', 'event']],
    ['everybody: another pattern', { pattern: 'a' }, { pattern: 'b' }, all],
    ['who writes: multiples of more', { multipleOf: 2 }, { multipleOf: 4 }, ['request', 'event']],
    ['everybody: other multiples', { multipleOf: 2 }, { multipleOf: 3 }, all],
    ['who writes: items that differ', {}, { uniqueItems: true }, ['request', 'event']],
    [
      'who writes: an item that is narrower',
      { type: 'array', items: number },
      { type: 'array', items: { type: 'integer' } },
      ['request', 'event'],
    ],
    [
      'who writes: an object that is closed',
      object({ a: text }),
      { ...object({ a: text }), additionalProperties: false },
      ['request', 'event'],
    ],
    [
      'who refuses what is unknown: a new optional field of a closed object',
      { ...object({ a: text }), additionalProperties: false },
      { ...object({ a: text, b: text }, ['a']), additionalProperties: false },
      ['response', 'event'],
    ],
    [
      'everybody: a name in what was a map',
      { type: 'object', additionalProperties: number },
      { type: 'object', additionalProperties: number, properties: { a: text } },
      all,
    ],
    [
      'who reads: a wider value of a map',
      { type: 'object', additionalProperties: { type: 'integer' } },
      { type: 'object', additionalProperties: number },
      ['response', 'event'],
    ],
    ['who writes: another default', { default: 1 }, { default: 2 }, ['request']],
    ['everybody: what is not compared', { if: text }, { if: number }, all],
    [
      'everybody: alternatives that may overlap',
      { oneOf: [object({ a: text }), object({ b: text })] },
      { oneOf: [object({ a: text }), object({ b: text }), object({ c: text })] },
      all,
    ],
    [
      'who reads: an alternative more, when they exclude each other',
      { oneOf: [object({ kind: { const: 'a' } })] },
      { oneOf: [object({ kind: { const: 'a' } }), object({ kind: { const: 'b' } })] },
      ['response', 'event'],
    ],
  ];

  test.each(changes)('%s', (_, before, after, breaks) => {
    expect(breakingIn(before, after)).toEqual(breaks);
  });
});

test('A change of what may also be null is one change', () => {
  const nullable = (pattern: string) => ({ type: ['string', 'null'], pattern });
  expect(schemaChanges(nullable('^a$'), nullable('^b$'), 'event')).toEqual([
    { path: [], isBreaking: true, what: 'pattern was "^a$", is "^b$"' },
  ]);
});

test('A change says where it is and what happened', () => {
  const before = object({
    lines: { type: 'array', items: object({ rate: text }) },
    kind: { enum: ['a', 'b'] },
  });
  const after = object({
    lines: { type: 'array', maxItems: 5, items: object({ rate: number }) },
    kind: { enum: ['b', 'c'] },
    note: text,
  });
  expect(schemaChanges(before, after, 'event')).toEqual([
    { path: ['lines'], isBreaking: true, what: 'maxItems was none, is 5' },
    { path: ['lines', '*', 'rate'], isBreaking: true, what: 'was string, is number' },
    { path: ['kind'], isBreaking: true, what: 'can no longer be "a"' },
    { path: ['kind'], isBreaking: true, what: 'can also be "c"' },
    { path: ['note'], isBreaking: true, what: 'added, required' },
  ]);
});

describe('References', () => {
  const document = {
    components: { schemas: { 'a/b': text, Loop: { items: { $ref: '#/components/schemas/Loop' } } } },
  };

  test('are replaced by what they mean, with their own description', () => {
    const schema = { items: { $ref: '#/components/schemas/a~1b', description: 'A name.' } };
    expect(dereferenced(document, schema)).toEqual({ items: { ...text, description: 'A name.' } });
    expect(dereferenced(document, { $ref: '#/components/schemas/a~1b', maxLength: 1 })).toEqual({
      maxLength: 1,
      allOf: [text],
    });
  });

  test('that lead nowhere or in a circle are named', () => {
    expect(() => dereferenced(document, { $ref: '#/components/schemas/c' })).toThrow(
      '#/components/schemas/c is not',
    );
    expect(() => dereferenced(document, { $ref: 'other.json' })).toThrow('other.json is not');
    expect(() => dereferenced(document, { $ref: '#/components/schemas/Loop' })).toThrow('contains itself');
  });
});

/** A schema and values that fit it, which have no members but those that it declares. */
type Model = { schema: JsonSchema; values: fc.Arbitrary<unknown> };

const names = ['a', 'b', 'c'];
const bound = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined });
const defined = (schema: JsonSchema) =>
  Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));

const strings: fc.Arbitrary<Model> = fc.oneof(
  fc.record({ minLength: bound, size: bound }).map(({ minLength = 0, size }) => ({
    schema: defined({ type: 'string', minLength, maxLength: size === undefined ? size : minLength + size }),
    values: fc.string({ unit: 'grapheme-ascii', minLength, maxLength: minLength + (size ?? 5) }),
  })),
  fc.record({ longest: fc.integer({ min: 0, max: 3 }), maxLength: bound }).map(({ longest, maxLength }) => ({
    schema: defined({ type: 'string', pattern: `^[ab]{0,${longest}}$`, maxLength }),
    values: fc.string({
      unit: fc.constantFrom('a', 'b'),
      maxLength: Math.min(longest, maxLength ?? longest),
    }),
  })),
  fc.subarray(['x', 'y', null], { minLength: 1 }).map((values) => ({
    schema: values.length === 1 ? { const: values[0] } : { enum: values },
    values: fc.constantFrom(...values),
  })),
);

const numbers: fc.Arbitrary<Model> = fc
  .record({ minimum: bound, size: bound, type: fc.constantFrom('integer', 'number') })
  .map(({ minimum, size, type }) => {
    const least = minimum ?? -3;
    const maximum = size === undefined ? undefined : least + size;
    const values = fc.integer({ min: least, max: maximum ?? 9 });
    const isWhole = type === 'integer' || maximum !== undefined;
    return {
      schema: defined({ type, minimum, maximum }),
      values: isWhole
        ? values
        : fc.oneof(
            values,
            values.map((value) => value + 0.5),
          ),
    };
  });

const models = fc.letrec<{ model: Model; object: Model }>((tie) => ({
  model: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'model' },
    strings,
    numbers,
    fc.constantFrom<Model>(
      { schema: { type: 'boolean' }, values: fc.boolean() },
      { schema: { type: 'null' }, values: fc.constant(null) },
      { schema: {}, values: fc.jsonValue({ maxDepth: 1 }) },
    ),
    tie('object'),
    fc.tuple(tie('model'), bound).map(([items, maxItems]) => ({
      schema: defined({ type: 'array', items: items.schema, maxItems }),
      values: fc.array(items.values, { maxLength: maxItems ?? 3 }),
    })),
    tie('model').map((value) => ({
      schema: { type: 'object', additionalProperties: value.schema },
      values: fc.dictionary(fc.constantFrom(...names, 'd'), value.values, {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    })),
    fc.array(tie('model'), { minLength: 1, maxLength: 3 }).map((branches) => ({
      schema: { anyOf: branches.map(({ schema }) => schema) },
      values: fc.oneof(...branches.map(({ values }) => values)),
    })),
  ),
  object: fc
    .tuple(
      fc.dictionary(fc.constantFrom(...names), tie('model'), { maxKeys: 3, noNullPrototype: true }),
      fc.subarray(names),
      fc.constantFrom(undefined, false),
    )
    .map(([members, required, additionalProperties]) => {
      const entries = Object.entries(members);
      return {
        schema: defined({
          type: 'object',
          properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
          required: required.filter((name) => name in members),
          additionalProperties,
        }),
        values: fc.record(Object.fromEntries(entries.map(([name, { values }]) => [name, values])), {
          requiredKeys: required.filter((name) => name in members),
          noNullPrototype: true,
        }),
      };
    }),
}));

/** Two versions of an object, of which one has a few members more, less or other than the other. */
const versions = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...names), models.model, { maxKeys: 3, noNullPrototype: true }),
    fc.dictionary(fc.constantFrom(...names), models.model, { maxKeys: 1, noNullPrototype: true }),
    fc.subarray(names),
    fc.subarray(names),
    fc.boolean(),
  )
  .map(([members, others, required, requiredToo, isSwapped]) => {
    const objectOf = (of: Record<string, Model>, needed: string[]): Model => ({
      schema: object(
        Object.fromEntries(Object.entries(of).map(([name, { schema }]) => [name, schema])),
        needed.filter((name) => name in of),
      ),
      values: fc.record(Object.fromEntries(Object.entries(of).map(([name, { values }]) => [name, values])), {
        requiredKeys: needed.filter((name) => name in of),
        noNullPrototype: true,
      }),
    });
    const pair = [objectOf(members, required), objectOf({ ...members, ...others }, requiredToo)] as const;
    return isSwapped ? ([pair[1], pair[0]] as const) : pair;
  });

const pairs = fc.oneof(versions, fc.tuple(models.model, models.model));

const ajv = new Ajv2020({ strict: false });
const accepts = (schema: JsonSchema, value: unknown) => ajv.compile(schema)(value);

describe('What is called compatible', () => {
  test.each(readings)('lets the other side read all that is written, for: %s', (reading) => {
    fc.assert(
      fc.property(pairs, fc.infiniteStream(fc.nat()), ([before, after], seeds) => {
        fc.pre(!schemaChanges(before.schema, after.schema, reading).some(({ isBreaking }) => isBreaking));
        const directions = [
          ...(reading === 'response' ? [] : [{ writer: before, reader: after }]),
          ...(reading === 'request' ? [] : [{ writer: after, reader: before }]),
        ];
        for (const { writer, reader } of directions) {
          for (const value of fc.sample(writer.values, { numRuns: 5, seed: seeds.next().value })) {
            expect(accepts(writer.schema, value)).toBe(true);
            const failure = `${JSON.stringify([writer.schema, reader.schema])} ${JSON.stringify(value)}`;
            expect(accepts(reader.schema, value), failure).toBe(true);
          }
        }
      }),
      { numRuns: 150, maxSkipsPerRun: 1000 },
    );
  });

  test('is any schema compared with itself', () => {
    fc.assert(
      fc.property(models.model, ({ schema }) => {
        expect(schemaChanges(schema, structuredClone(schema), 'event')).toEqual([]);
      }),
    );
  });
});
