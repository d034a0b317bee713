import { isDeepStrictEqual } from 'node:util';
import { longestMatch } from '../longest.ts';

/** A schema as JSON Schema has it. */
export type JsonSchema = { [keyword: string]: unknown };

/**
 * Who reads what a schema describes. A `request` is written by clients that know the schema before the change and read by a
 * service that knows the one after; a `response` is the other way round. An `event` is both: a subscriber that knows the
 * schema before the change reads what is published after it, and one that knows the schema after it reads what was
 * published before, when that is replayed or published again.
 */
export type Reading = 'request' | 'response' | 'event';

/** Stands in a path for each item of an array, and for each member of an object that is a map. */
export const each = '*';

/** A change of a schema. */
export type SchemaChange = {
  /** The names of members from the value to what has changed. */
  path: string[];
  isBreaking: boolean;
  /** What happened, as a phrase. */
  what: string;
};

/**
 * The changes between two schemas without references (`dereferenced`).
 *
 * If none of them is breaking, the reader's schema accepts whatever a writer may write: all values of the writer's schema
 * that have no members except those it declares. That an object is open says what a reader ignores, and not what a
 * writer writes. What cannot be decided is called breaking, as is a field that is gone, even if it was optional: some reader
 * knows what it means.
 */
export function schemaChanges(before: JsonSchema, after: JsonSchema, reading: Reading): SchemaChange[] {
  return new Comparison(reading).compare(before, after, []);
}

/** How the set of values changed. */
type Effect = 'narrowed' | 'widened' | 'changed';

const breaking: Record<Reading, Effect[]> = {
  request: ['narrowed', 'changed'],
  response: ['widened', 'changed'],
  event: ['narrowed', 'widened', 'changed'],
};

class Comparison {
  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  compare(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange[] {
    if (isDeepStrictEqual(before, after)) return [];
    const texts = annotations.filter((keyword) => !isDeepStrictEqual(before[keyword], after[keyword]));
    return [
      ...this.#alternatives(alternativesOf(before), alternativesOf(after), path),
      ...(before.default !== undefined && !isDeepStrictEqual(before.default, after.default)
        ? [this.#default(before, after, path)]
        : []),
      ...(texts.length > 0 ? [{ path, isBreaking: false, what: `${texts.join(', ')} changed` }] : []),
    ];
  }

  #effect(path: string[], effect: Effect, what: string): SchemaChange {
    return { path, isBreaking: breaking[this.#reading].includes(effect), what };
  }

  /** Requests that leave the field out mean something else now. */
  #default(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange {
    const isBreaking = this.#reading === 'request';
    return { path, isBreaking, what: `default was ${shown(before.default)}, is ${shown(after.default)}` };
  }

  /** Each alternative is compared with the one of its kind: if it only narrowed, and none came, so did the whole. */
  #alternatives(before: JsonSchema[], after: JsonSchema[], path: string[]): SchemaChange[] {
    const [first, second] = [before[0], after[0]];
    if (before.length === 1 && after.length === 1 && first && second)
      return this.#keywords(first, second, path);
    const rest = [...after];
    const changes: SchemaChange[] = [];
    const take = (fits: (alternative: JsonSchema) => boolean) => {
      const position = rest.findIndex(fits);
      return position < 0 ? undefined : rest.splice(position, 1)[0];
    };
    const unchanged = new Set(
      before.filter((alternative) => take((other) => isDeepStrictEqual(other, alternative))),
    );
    for (const alternative of before) {
      if (unchanged.has(alternative)) continue;
      const other = take((each) => kindOf(each) === kindOf(alternative));
      if (other) changes.push(...this.#keywords(alternative, other, path));
      else changes.push(this.#effect(path, 'narrowed', `can no longer be ${describedKind(alternative)}`));
    }
    for (const other of rest)
      changes.push(this.#effect(path, 'widened', `can also be ${describedKind(other)}`));
    return changes;
  }

  #keywords(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange[] {
    const type = typeEffect(before.type, after.type);
    const what = `was ${describedType(before)}, is ${describedType(after)}`;
    if (type === 'changed') return [this.#effect(path, type, what)];
    return [
      ...(type ? [this.#effect(path, type, what)] : []),
      ...this.#values(before, after, path),
      ...this.#limits(before, after, path),
      ...this.#forms(before, after, path),
      ...this.#undecided(before, after, path),
      ...this.#allOf(before, after, path),
      ...this.compare(schemaOf(before.items), schemaOf(after.items), [...path, each]),
      ...this.compare(schemaOf(before.propertyNames), schemaOf(after.propertyNames), [...path, each]),
      ...this.#members(before, after, path),
      ...this.#otherMembers(before.additionalProperties ?? true, after.additionalProperties ?? true, path),
    ];
  }

  #values(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange[] {
    const [old, current] = [valuesOf(before), valuesOf(after)];
    if (!old && !current) return [];
    if (!old) return [this.#effect(path, 'narrowed', `can only be ${current?.map(shown).join(' or ')}`)];
    if (!current) return [this.#effect(path, 'widened', `can be more than ${old.map(shown).join(' or ')}`)];
    const without = (values: unknown[], others: unknown[]) =>
      values.filter((value) => !others.some((other) => isDeepStrictEqual(other, value)));
    return [
      ...without(old, current).map((value) =>
        this.#effect(path, 'narrowed', `can no longer be ${shown(value)}`),
      ),
      ...without(current, old).map((value) => this.#effect(path, 'widened', `can also be ${shown(value)}`)),
    ];
  }

  #limits(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange[] {
    const changed = [...lowerLimits, ...upperLimits].filter((keyword) => before[keyword] !== after[keyword]);
    const ofLimits = changed.flatMap((keyword) => {
      const isLower = lowerLimits.includes(keyword);
      const excludes = (limit: JsonSchema, values: JsonSchema) =>
        isLower
          ? limitOf(keyword, limit) > limitOf(keyword, values)
          : limitOf(keyword, limit) < reachOf(keyword, values);
      const what = wasAndIs(keyword, before, after);
      if (excludes(after, before)) return [this.#effect(path, 'narrowed', what)];
      if (excludes(before, after)) return [this.#effect(path, 'widened', what)];
      return [{ path, isBreaking: false, what: `${what}, as its pattern says` }];
    });
    const { multipleOf: old, uniqueItems: wasUnique = false } = before as Numbers;
    const { multipleOf: current, uniqueItems: isUnique = false } = after as Numbers;
    if (old !== current) {
      const isMultiple = (a?: number, b?: number) =>
        b === undefined || (Number.isInteger(a) && Number.isInteger(b) && Number(a) % b === 0);
      const effect = isMultiple(current, old) ? 'narrowed' : isMultiple(old, current) ? 'widened' : 'changed';
      ofLimits.push(this.#effect(path, effect, wasAndIs('multipleOf', before, after)));
    }
    if (wasUnique !== isUnique) {
      const what = isUnique ? 'may not have equal items any more' : 'may have equal items';
      ofLimits.push(this.#effect(path, isUnique ? 'narrowed' : 'widened', what));
    }
    return ofLimits;
  }

  /** What either is the same, or is not comparable. */
  #forms(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange[] {
    return forms
      .filter((keyword) => !isDeepStrictEqual(before[keyword], after[keyword]))
      .map((keyword) => {
        const [old, current] = [before[keyword], after[keyword]];
        const effect = old === undefined ? 'narrowed' : current === undefined ? 'widened' : 'changed';
        return this.#effect(path, effect, wasAndIs(keyword, before, after));
      });
  }

  /** Keywords that this comparison does not understand, because no description has them. */
  #undecided(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange[] {
    const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keywords]
      .filter((keyword) => !understood.has(keyword) && !keyword.startsWith('x-'))
      .filter((keyword) => !isDeepStrictEqual(before[keyword], after[keyword]))
      .map((keyword) => this.#effect(path, 'changed', `${keyword} changed, which is not compared further`));
  }

  #allOf(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange[] {
    const [old, current] = [(before.allOf ?? []) as JsonSchema[], (after.allOf ?? []) as JsonSchema[]];
    const length = Math.max(old.length, current.length);
    return Array.from({ length }, (_, i) => this.compare(old[i] ?? {}, current[i] ?? {}, path)).flat();
  }

  #members(before: JsonSchema, after: JsonSchema, path: string[]): SchemaChange[] {
    const [old, current] = [membersOf(before), membersOf(after)];
    return [...new Set([...old.keys(), ...current.keys()])].flatMap((name) => {
      const [was, is] = [old.get(name), current.get(name)];
      const place = [...path, name];
      if (!is) return [{ path: place, isBreaking: true, what: 'removed' }];
      if (!was) return [this.#added(before, is.isRequired, place)];
      const presence = is.isRequired ? 'is required now' : 'can be absent now';
      return [
        ...(was.isRequired === is.isRequired
          ? []
          : [this.#effect(place, is.isRequired ? 'narrowed' : 'widened', presence)]),
        ...this.compare(was.schema, is.schema, place),
      ];
    });
  }

  /**
   * A new field is compatible for readers who ignore what they do not know, and for those who can do without it. In a map any
   * member had a meaning before.
   */
  #added({ additionalProperties = true }: JsonSchema, isRequired: boolean, path: string[]): SchemaChange {
    const isRefused = additionalProperties === false && this.#reading !== 'request';
    const isMissed = isRequired && this.#reading !== 'response';
    const wasInMap = typeof additionalProperties === 'object';
    const what = `added, ${isRequired ? 'required' : 'optional'}`;
    return { path, isBreaking: isRefused || isMissed || wasInMap, what };
  }

  /** Of members that the properties do not name. */
  #otherMembers(before: unknown, after: unknown, path: string[]): SchemaChange[] {
    if (before !== false && after !== false) {
      return this.compare(schemaOf(before), schemaOf(after), [...path, each]);
    }
    if (before === after) return [];
    return after === false
      ? [this.#effect(path, 'narrowed', 'refuses fields that it does not name')]
      : [this.#effect(path, 'widened', 'allows fields that it does not name')];
  }
}

type Numbers = { multipleOf?: number; uniqueItems?: boolean };

const annotations = ['title', 'description', 'examples', 'deprecated'];
const lowerLimits = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const upperLimits = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const forms = ['pattern', 'format', 'contentEncoding', 'contentMediaType', 'not'];
const understood = new Set([
  ...annotations,
  ...lowerLimits,
  ...upperLimits,
  ...forms,
  ...['type', 'enum', 'const', 'multipleOf', 'uniqueItems', 'allOf', 'items', 'default', '$schema', '$id'],
  ...['properties', 'required', 'additionalProperties', 'propertyNames'],
]);

/** Keywords that say something of values of one type only. */
const ofType: Record<string, Set<string>> = {
  string: new Set(['minLength', 'maxLength', 'pattern', 'format', 'contentEncoding', 'contentMediaType']),
  number: new Set(['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum', 'multipleOf', 'format']),
  array: new Set(['items', 'minItems', 'maxItems', 'uniqueItems']),
  object: new Set([
    ...['properties', 'required', 'additionalProperties', 'propertyNames'],
    ...['minProperties', 'maxProperties'],
  ]),
};

function limitOf(keyword: string, schema: JsonSchema): number {
  const none = lowerLimits.includes(keyword) ? -Infinity : Infinity;
  return (schema[keyword] as number | undefined) ?? none;
}

/** The limit that values keep: a text is no longer than its pattern lets it be. */
function reachOf(keyword: string, schema: JsonSchema): number {
  const { pattern } = schema;
  const longest = keyword === 'maxLength' && typeof pattern === 'string' ? longestMatch(pattern) : undefined;
  return Math.min(limitOf(keyword, schema), longest ?? Infinity);
}

/** Without the references into a document, which begin with `#/`. */
export function dereferenced(document: unknown, schema: unknown, within: string[] = []): unknown {
  if (Array.isArray(schema)) return schema.map((entry) => dereferenced(document, entry, within));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, ...siblings } = schema as JsonSchema;
  if (typeof $ref !== 'string') {
    return Object.fromEntries(
      Object.entries(schema).map(([name, value]) => [name, dereferenced(document, value, within)]),
    );
  }
  if (within.includes($ref)) throw new Error(`${$ref} contains itself, and such schemas are not compared.`);
  const target = $ref
    .slice(2)
    .split('/')
    .map((token) => decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, token) => Object(value)[token], document);
  if (target === undefined || !$ref.startsWith('#/'))
    throw new Error(`${$ref} is not in its own description.`);
  const resolved = dereferenced(document, target, [...within, $ref]) as JsonSchema;
  const others = dereferenced(document, siblings, within) as JsonSchema;
  const areTexts = Object.keys(others).every((keyword) => annotations.includes(keyword));
  return areTexts ? { ...resolved, ...others } : { ...others, allOf: [resolved] };
}

const schemaOf = (value: unknown): JsonSchema =>
  value === undefined || value === true ? {} : value === false ? { not: {} } : (value as JsonSchema);

const isAnything = (schema: object) =>
  Object.keys(schema).every((keyword) => annotations.includes(keyword) || keyword === 'default');

/** The schemas of which a value must fit one, if that is all that a schema says; or itself. */
function alternativesOf(schema: JsonSchema): JsonSchema[] {
  const { anyOf, oneOf, discriminator: _, default: __, ...others } = schema;
  const branches = (anyOf ?? oneOf) as JsonSchema[] | undefined;
  if (branches && !(anyOf && oneOf) && isAnything(others)) {
    const alternatives = branches.flatMap((branch) => alternativesOf(schemaOf(branch)));
    // One of several that exclude each other is any of them.
    if (anyOf || excludeEachOther(alternatives)) return alternatives.map(withoutTexts);
  }
  if (!Array.isArray(schema.type)) return [withoutTexts(schema)];
  return schema.type.map((type: string) => {
    const { const: value, enum: values = value === undefined ? undefined : [value], ...rest } = schema;
    const fitting = (values as unknown[] | undefined)?.filter((each) => isOfType(each, type));
    const own = ofType[type === 'integer' ? 'number' : type];
    const elsewhere = Object.values(ofType).flatMap((keywords) => [...keywords]);
    const matters = Object.entries(rest).filter(
      ([keyword]) => own?.has(keyword) || !elsewhere.includes(keyword),
    );
    return withoutTexts({ ...Object.fromEntries(matters), type, ...(fitting && { enum: fitting }) });
  });
}

/** The texts of the whole are compared before, and those of an alternative do not matter. */
const withoutTexts = (schema: JsonSchema): JsonSchema =>
  Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => !annotations.includes(keyword) && keyword !== 'default'),
  );

function isOfType(value: unknown, type: string): boolean {
  if (value === null) return type === 'null';
  if (Array.isArray(value)) return type === 'array';
  if (typeof value === 'number') return type === 'number' || (type === 'integer' && Number.isInteger(value));
  return typeof value === type;
}

/** Whether no value fits two of the schemas: they differ in the type, or objects in the value of one and the same member. */
function excludeEachOther(schemas: JsonSchema[]): boolean {
  const objects = schemas
    .filter(({ type }) => type === 'object')
    .map((schema) => new Map(constantsOf(schema)));
  const others = schemas.filter(({ type }) => type !== 'object').map(kindOf);
  const areDistinct = (values: unknown[]) => new Set(values).size === values.length && !values.includes('');
  const names = [...(objects[0]?.keys() ?? [])];
  return (
    areDistinct(others) &&
    (objects.length < 2 || names.some((name) => areDistinct(objects.map((each) => each.get(name) ?? ''))))
  );
}

/** The type of values, and of objects the required members that have one value only. */
function kindOf(schema: JsonSchema): string {
  const { type } = schema;
  if (typeof type !== 'string') return '';
  if (type !== 'object') return type === 'integer' ? 'number' : type;
  const constants = constantsOf(schema).map(([name, value]) => `${name} ${value}`);
  return constants.length === 0 ? type : `${type} with ${constants.join(' and ')}`;
}

const constantsOf = (schema: JsonSchema): [name: string, value: string][] =>
  [...membersOf(schema)]
    .filter(([, member]) => member.isRequired && valuesOf(member.schema)?.length === 1)
    .map(([name, member]): [string, string] => [name, shown(valuesOf(member.schema)?.[0])])
    .sort();

const describedKind = (schema: JsonSchema): string => kindOf(schema) || 'anything';
const describedType = ({ type }: JsonSchema): string => (type as string | undefined) ?? 'of any type';

function typeEffect(before: unknown, after: unknown): Effect | undefined {
  if (before === after) return undefined;
  if (before === undefined || (before === 'number' && after === 'integer')) return 'narrowed';
  if (after === undefined || (before === 'integer' && after === 'number')) return 'widened';
  return 'changed';
}

/** The values of a closed list. */
const valuesOf = (schema: JsonSchema): unknown[] | undefined =>
  'const' in schema ? [schema.const] : (schema.enum as unknown[] | undefined);

type Member = { schema: JsonSchema; isRequired: boolean };

function membersOf({ properties = {}, required = [] }: JsonSchema): Map<string, Member> {
  const isRequired = new Set(required as string[]);
  const names = new Set([...Object.keys(properties as object), ...isRequired]);
  const schemas = new Map(Object.entries(properties as object));
  return new Map(
    [...names].map((name) => [
      name,
      { schema: schemaOf(schemas.get(name)), isRequired: isRequired.has(name) },
    ]),
  );
}

const wasAndIs = (keyword: string, before: JsonSchema, after: JsonSchema) =>
  `${keyword} was ${shown(before[keyword])}, is ${shown(after[keyword])}`;

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
