import type * as z from 'zod';

/**
 * Whether a text of events can tell about a person, said where each is declared. What keeps events where an erasure does not
 * reach them leaves personal ones out ({@link withoutPersonal}). A test finds a text that nobody has classified.
 */
const classes = /* @__PURE__ */ new WeakMap<z.core.$ZodType, boolean>();

/**
 * Classifies a text that can tell about a person: names, addresses, numbers that belong to one person or company, and
 * whatever somebody writes freely, such as a reason.
 */
/* @__NO_SIDE_EFFECTS__ */
export function personal<Schema extends z.core.$ZodType>(schema: Schema): Schema {
  classes.set(schema, true);
  return schema;
}

/** Classifies a text whose values are ids of ours, codes, dates, numbers or names of things. */
/* @__NO_SIDE_EFFECTS__ */
export function nonPersonal<Schema extends z.core.$ZodType>(schema: Schema): Schema {
  classes.set(schema, false);
  return schema;
}

/** Of a text; undefined when nobody has classified it. */
export const isPersonal = (schema: z.core.$ZodType): boolean | undefined =>
  isClosed(schema) ? false : classes.get(schema);

/** Values that the contract itself lists. */
const isClosed = ({ _zod: { def } }: z.core.$ZodType): boolean => {
  const { type } = def as z.core.$ZodTypes['_zod']['def'];
  return type === 'enum' || type === 'literal';
};

/**
 * A value without its personal texts, at every depth, for a schema; with its members in the order of the schema. What is left out
 * is missing, not null. A text that nobody has classified counts as personal. In a list or record whose entries are personal,
 * all entries are left out, and so is what the schema does not know.
 */
export const withoutPersonal = (schema: z.core.$ZodType, value: unknown): unknown => {
  const kept = keeperOf(schema)(value);
  return kept === leftOut ? undefined : kept;
};

type Keep = (value: unknown) => unknown;
const leftOut = Symbol('left out');
const leaveOut: Keep = () => leftOut;
const keepers = /* @__PURE__ */ new WeakMap<z.core.$ZodType, Keep>();

/** Made once for each schema: to walk it for each event took half of the time. */
function keeperOf(schema: z.core.$ZodType): Keep {
  const known = keepers.get(schema);
  if (known) return known;
  const keep = newKeeperOf(schema);
  keepers.set(schema, keep);
  return keep;
}

function newKeeperOf(schema: z.core.$ZodType): Keep {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'object': {
      const members = Object.entries(def.shape).map(([name, member]) => [name, keeperOf(member)] as const);
      return (value) => {
        const kept: Record<string, unknown> = {};
        for (const [name, keep] of members) {
          const member = (value as Record<string, unknown>)[name];
          const keptMember = member === undefined ? leftOut : keep(member);
          if (keptMember !== leftOut) kept[name] = keptMember;
        }
        return kept;
      };
    }
    case 'record': {
      const [keepName, keep] = [keeperOf(def.keyType), keeperOf(def.valueType)];
      return (value) =>
        Object.fromEntries(
          Object.entries(value as object)
            .map(([name, entry]) => [keepName(name), keep(entry)] as const)
            .filter(([name, entry]) => name !== leftOut && entry !== leftOut),
        );
    }
    case 'array': {
      const keep = keeperOf(def.element);
      return (value) => (value as unknown[]).map(keep).filter((entry) => entry !== leftOut);
    }
    case 'nullable':
    case 'optional':
    case 'default': {
      const keep = keeperOf(def.innerType);
      // That there is none would be told of a person, too.
      return keep === leaveOut ? leaveOut : (value) => (value === null ? null : keep(value));
    }
    case 'number':
    case 'boolean':
      return (value) => value;
    default:
      return isPersonal(schema) === false ? (value) => value : leaveOut;
  }
}
