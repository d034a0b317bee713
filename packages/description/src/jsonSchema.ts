import { isDeepStrictEqual } from 'node:util';
import { currencyCodes, isCurrency } from '@fanfold/contracts/currency';
import { isVisible } from '@fanfold/contracts/text';
import * as z from 'zod';
import { fieldDescriptions } from './fields.ts';
import { longestMatch } from './longest.ts';
import { fitText, visibleText } from './text.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export type Conversion = {
  /**
   * Who is bound by it. `request` and `query`: callers, whose texts may be transformed when they are read, and in a body are
   * refused when they have unfit characters. `answer`: this service, in what it answers and publishes.
   */
  for: 'request' | 'query' | 'answer';
  /** Schemas that are referred to by name, as `#/components/schemas/<name>`. */
  components?: Record<string, z.core.$ZodType> | undefined;
  /** The JSON Schema of a refinement, by its function. */
  refinements?: Map<unknown, JsonSchema> | undefined;
  /** A sentence for the readers of a schema that has a refinement without message. */
  notes?: Map<z.core.$ZodType, string> | undefined;
  /** The most characters of a text, and entries of a list, whose schema has no limit. */
  unlimited?: { characters: number; entries: number } | undefined;
};

/** A schema that cannot be expressed; the message names it and says what to do. */
export class InexpressibleSchema extends Error {
  override name = 'InexpressibleSchema';
}

const sharedRefinements: [refinement: unknown, JsonSchema][] = [
  [isCurrency, { enum: currencyCodes() }],
  [isVisible, { pattern: visibleText }],
];

/**
 * The JSON Schema (2020-12) of a zod schema. Objects stay open for more members unless they are strict, so that a new
 * member is no break for those who validate by it. Members have their descriptions from `fields.ts`.
 *
 * A refinement is expressed by its entry in `refinements`, or told in the description: by its message, or by the
 * schema's entry in `notes`.
 *
 * @param name how the schema is called when it cannot be expressed
 * @throws InexpressibleSchema for what JSON Schema cannot say and nobody has put into words
 */
export function jsonSchemaOf(name: string, schema: z.core.$ZodType, conversion: Conversion): JsonSchema {
  const { $schema, $defs, ...json } = convert(name, schema, conversion);
  return finished(name, json, conversion) as JsonSchema;
}

/** The JSON Schemas of the components themselves, by name. */
export const componentSchemas = (conversion: Conversion): Record<string, JsonSchema> =>
  Object.fromEntries(
    Object.entries(conversion.components ?? {}).map(([name, schema]) => {
      const { [name]: _itself, ...components } = conversion.components ?? {};
      return [name, jsonSchemaOf(name, schema, { ...conversion, components })];
    }),
  );

function convert(name: string, schema: z.core.$ZodType, conversion: Conversion): JsonSchema {
  const metadata = z.registry<{ id?: string }>();
  for (const [id, component] of Object.entries(conversion.components ?? {})) metadata.add(component, { id });
  return z.toJSONSchema(schema, {
    io: 'input',
    metadata,
    unrepresentable: ({ path, message }) => {
      throw inexpressible(name, path, `cannot be expressed (${message}): use a type that JSON has.`);
    },
    override: ({ zodSchema, jsonSchema, path }) => {
      const { def } = zodSchema._zod;
      if (isTransformed(zodSchema) && conversion.for === 'answer') {
        throw inexpressible(name, path, 'is a transform: declare what goes over the wire.');
      }
      if (def.type === 'pipe') joinPipe(name, def, jsonSchema, conversion);
      expressChecks(name, zodSchema, jsonSchema, path, conversion);
    },
  }) as JsonSchema;
}

/** What is checked behind a pipe holds for the input too, unless it was transformed on the way. */
function joinPipe(name: string, def: z.core.$ZodPipeDef, json: JsonSchema, conversion: Conversion): void {
  if (isTransformed(def.in) || isTransformed(def.out)) return;
  const { $schema, $defs, ...behind } = convert(name, def.out, conversion);
  const merged = merge({ ...json }, behind);
  if (merged) Object.assign(json, merged);
  else json.allOf = [...(json.allOf ?? []), behind];
}

function isTransformed(schema: z.core.$ZodType): boolean {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  return (
    def.type === 'transform' || (def.type === 'pipe' && (isTransformed(def.in) || isTransformed(def.out)))
  );
}

/** Both schemas in one; undefined when a keyword is in both with different values. */
function merge(one: Record<string, unknown>, other: Record<string, unknown>): JsonSchema | undefined {
  const merged = { ...one };
  for (const [keyword, value] of Object.entries(other)) {
    const mine = merged[keyword];
    if (mine === undefined || isDeepStrictEqual(mine, value)) merged[keyword] = value;
    else if (isObject(mine) && isObject(value)) {
      const both = merge(mine, value);
      if (!both) return undefined;
      merged[keyword] = both;
    } else return undefined;
  }
  return merged;
}

function expressChecks(
  name: string,
  schema: z.core.$ZodTypes,
  json: JsonSchema,
  path: (string | number)[],
  { refinements, notes }: Conversion,
): void {
  const known = new Map([...sharedRefinements, ...(refinements ?? [])]);
  const note = notes?.get(schema);
  const sentences = note === undefined ? [] : [note];
  for (const check of schema._zod.def.checks ?? []) {
    const def = check._zod.def as z.core.$ZodCheckDef & Partial<z.core.$ZodCustomDef> & { pattern?: RegExp };
    if (def.pattern?.flags) {
      const { source, flags } = def.pattern;
      throw inexpressible(
        name,
        path,
        `has the pattern /${source}/${flags}: JSON Schema has no flags, write it without.`,
      );
    }
    if (def.check !== 'custom') continue;
    const expressed = def.fn && known.get(def.fn);
    if (expressed) {
      Object.assign(json, expressed);
      continue;
    }
    const message = def.fn && def.error?.({ code: 'custom', input: undefined, path: [] } as never);
    const text = typeof message === 'object' ? message?.message : message;
    if (text) sentences.push(sentenceOf(text, def.path));
    else if (note === undefined) {
      throw inexpressible(
        name,
        path,
        'has a refinement that JSON Schema cannot say: give it a message, an entry in `refinements` with its JSON Schema, or the schema a sentence in `notes`.',
      );
    }
  }
  if (sentences.length > 0) json.description = sentences.join(' ');
}

/** `must not be before from` of the member `to`: "`to` must not be before from." */
function sentenceOf(message: string, path: PropertyKey[] | undefined): string {
  const rule = message.startsWith('must ') ? message : `is refused when it ${message}`;
  const member = path && path.length > 0 ? `\`${path.map(String).join('.')}\`` : 'it';
  const text = `${member.charAt(0).toUpperCase()}${member.slice(1)} ${rule}`;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

const inexpressible = (name: string, path: (string | number)[], fault: string): InexpressibleSchema =>
  new InexpressibleSchema(`The schema ${[name, ...path].join('/')} ${fault}`);

/** With the descriptions of members, references to components, and what every text and number has. */
function finished(name: string, value: unknown, conversion: Conversion): unknown {
  if (Array.isArray(value)) return value.map((entry) => finished(name, entry, conversion));
  if (!isObject(value)) return value;
  const json = nullable(
    Object.fromEntries(
      Object.entries(value).map(([keyword, inner]) => {
        if (keyword === 'properties')
          return [keyword, members(name, inner as Record<string, JsonSchema>, conversion)];
        if (dataKeywords.has(keyword)) return [keyword, inner];
        if (keyword === '$ref') return [keyword, String(inner).replace('#/$defs/', '#/components/schemas/')];
        return [keyword, finished(name, inner, conversion)];
      }),
    ),
  );
  const types = [json.type].flat();
  if (types.includes('integer')) json.format ??= 'int64';
  if (types.includes('string') && !('enum' in json || 'const' in json)) {
    if (json.format === 'date-time') json.maxLength ??= maxTimeLength;
    if (conversion.for === 'request' && json.pattern === undefined && json.format === undefined)
      json.pattern = fitText;
    if (json.format === 'date') json.maxLength ??= 'YYYY-MM-DD'.length;
    // zod's own pattern is wider than what validators take for an address.
    if (json.format === 'email' && json.pattern) delete json.format;
    const longest = json.maxLength ?? longestMatch(json.pattern ?? '') ?? conversion.unlimited?.characters;
    if (longest !== undefined) json.maxLength = longest;
  }
  if (types.includes('array') && conversion.unlimited) json.maxItems ??= conversion.unlimited.entries;
  return json;
}

/** With nanoseconds and an offset. */
const maxTimeLength = 35;

/** Keywords whose values are data, not schemas. */
const dataKeywords = new Set(['enum', 'const', 'default', 'examples', 'required']);

const members = (name: string, properties: Record<string, JsonSchema>, conversion: Conversion) =>
  Object.fromEntries(
    Object.entries(properties).map(([member, inner]) => {
      const json = finished(`${name}.${member}`, inner, conversion) as JsonSchema;
      // Without a text a change can still be compared. A test demands one of what is committed.
      const own = descriptionOf(`${name}.${member}`);
      const texts = [own, json.description].filter((text) => text !== undefined);
      return [member, texts.length === 0 ? json : { ...json, description: texts.join(' ') }];
    }),
  );

/** Of the names that end a path, the longest that has one: `Seller.logo.data`, then `logo.data`, then `data`. */
function descriptionOf(path: string): string | undefined {
  const known = fieldDescriptions[path];
  const dot = path.indexOf('.');
  return known !== undefined || dot < 0 ? known : descriptionOf(path.slice(dot + 1));
}

/** `anyOf` a type and null as one schema of both types. */
function nullable(json: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = json;
  const [only, none, another] = anyOf ?? [];
  if (!isObject(only) || another !== undefined || !isDeepStrictEqual(none, { type: 'null' })) return json;
  const { type, enum: values, const: value } = only as JsonSchema;
  if (typeof type !== 'string' || values !== undefined || value !== undefined) return json;
  return { ...only, ...rest, type: [type, 'null'] } as unknown as JsonSchema;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
