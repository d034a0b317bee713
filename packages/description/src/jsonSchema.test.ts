import { codePoint } from '@fanfold/contracts/codePointFixtures';
import { currency } from '@fanfold/contracts/fields';
import { isVisible, unfitCharactersOf } from '@fanfold/contracts/text';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Conversion, InexpressibleSchema, jsonSchemaOf } from './jsonSchema.ts';
import { fitText, visibleText } from './text.ts';

const convert = (schema: z.ZodType, conversion: Partial<Conversion> = {}) =>
  jsonSchemaOf('Thing', schema, { for: 'request', ...conversion });
const refusal = (schema: z.ZodType, conversion?: Partial<Conversion>): string => {
  try {
    convert(schema, conversion);
  } catch (error) {
    if (error instanceof InexpressibleSchema) return error.message;
    throw error;
  }
  return 'expressed';
};

describe('a schema', () => {
  it('is closed only where the code refuses unknown members', () => {
    expect(convert(z.strictObject({ amount: z.int() })).additionalProperties).toBe(false);
    expect(convert(z.object({ amount: z.int() }))).not.toHaveProperty('additionalProperties');
  });

  it('lists the values of a refinement that has a list', () => {
    expect(convert(currency).enum).toContain('EUR');
    expect(convert(currency).enum).not.toContain('EURO');
  });

  it('tells a refinement that JSON Schema cannot say by its message', () => {
    const even = z.int().refine((n) => n % 2 === 0, 'must be even');
    const other = z.int().refine((n) => n !== 7, 'is taken');
    const range = z
      .object({ from: z.int(), to: z.int() })
      .refine(({ from, to }) => from <= to, { path: ['to'], message: 'must not be before from' });
    expect(convert(even).description).toBe('It must be even.');
    expect(convert(other).description).toBe('It is refused when it is taken.');
    expect(convert(range).description).toBe('`to` must not be before from.');
  });

  it('describes a member by what it is in, where it means something else there', () => {
    const data = z.object({ data: z.string().max(9) });
    const properties = JSON.stringify(
      convert(z.object({ logo: data.nullable(), page: data }), { for: 'answer' }).properties,
    );
    expect(properties).toMatch(/"logo":.*The bytes of a PNG or JPEG.*"page":.*The objects of the page\./);
  });

  it('has what is checked behind a pipe', () => {
    expect(convert(z.string().trim().max(254).pipe(z.email()))).toMatchObject({
      maxLength: 254,
      pattern: expect.stringContaining('@'),
    });
  });

  it('says of a member that may be null both in one', () => {
    expect(convert(z.string().max(3).nullable())).toMatchObject({ type: ['string', 'null'], maxLength: 3 });
  });
});

describe('describing stops, with what to do, for', () => {
  it('a refinement without words', () => {
    const unexplained = z.object({ amount: z.int().refine((n) => n % 2 === 0) });
    expect(refusal(unexplained)).toContain(
      'Thing/properties/amount has a refinement that JSON Schema cannot say',
    );
    const silent = z.object({ amount: z.int() }).superRefine(() => {});
    expect(refusal(silent)).toContain('The schema Thing has a refinement that JSON Schema cannot say');
    expect(refusal(silent, { notes: new Map([[silent, 'The sum counts.']]) })).toBe('expressed');
  });

  it('a transform in what is answered', () => {
    const schema = z.object({ amount: z.string().transform(Number) });
    expect(refusal(schema, { for: 'answer' })).toContain('is a transform: declare what goes over the wire');
    expect(refusal(schema)).toBe('expressed');
  });

  it('a pattern with flags, which would refuse what the code accepts', () => {
    expect(refusal(z.string().regex(/^abc$/i))).toContain('/^abc$/i: JSON Schema has no flags');
  });

  it('a type that JSON does not have', () => {
    expect(refusal(z.object({ amount: z.bigint() }))).toContain('properties/amount cannot be expressed');
  });
});

describe('the pattern of a text, with and without the flag u,', () => {
  const patterns = (source: string) => ['', 'u'].map((flags) => new RegExp(source, flags));
  const characters = fc.string({ unit: codePoint, maxLength: 3 }).filter((text) => text.isWellFormed());

  it('accepts just what the code accepts', () => {
    fc.assert(
      fc.property(characters, (text) => {
        for (const fit of patterns(fitText))
          expect(fit.test(text)).toBe(unfitCharactersOf(text) === undefined);
      }),
      { examples: [[''], [' '], ['a\u0007'], ['\u202e'], ['\ue000'], ['\ufffe'], ['\u{1f600}']] },
    );
  });

  it('accepts what can be seen, and of the rest only what is beyond U+FFFF', () => {
    fc.assert(
      fc.property(characters, (text) => {
        const expected =
          unfitCharactersOf(text) === undefined && (isVisible(text) || /[\u{10000}-\u{10ffff}]/u.test(text));
        for (const visible of patterns(visibleText)) expect(visible.test(text)).toBe(expected);
      }),
      {
        examples: [
          [''],
          [' '],
          ['\u00a0'],
          ['\u{e0041}'],
          ['\u2800'],
          ['\u{1d159}x'],
          ['\u{1f600}'],
          ['\ue000'],
        ],
      },
    );
  });
});
