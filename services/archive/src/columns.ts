import { catalog, type EventType } from '@fanfold/contracts/catalog';
import type { Event } from '@fanfold/contracts/event';
import { isPersonal, withoutPersonal } from '@fanfold/contracts/personal';
import type * as z from 'zod';

/** A column of an event type's table. */
export type Column = {
  /** In snake case, because Athena knows no capital letters. */
  name: string;
  type: ColumnType;
  /** Of an event that has no such member it is null. */
  valueIn: (event: Event) => unknown;
};

/**
 * `json` is a text with a list, or with an object whose members depend on the event: both have a form of their own in each
 * engine that reads Parquet, and the functions for JSON in all of them.
 */
export type ColumnType = 'string' | 'bigint' | 'boolean' | 'timestamp' | 'json';

/**
 * The columns of a type: the members of its envelope and of its data, those of objects inside with the object's name before
 * theirs, as `refund_amount`. They follow from the contract, without what is personal in it.
 *
 * @throws for two members with the same column's name, and for a kind of schema that has no column
 */
export function columnsOf(type: EventType): Column[] {
  const known = columns.get(type);
  if (known) return known;
  const made = derivedColumns(catalog[type].schema);
  columns.set(type, made);
  return made;
}

const columns = new Map<EventType, Column[]>();

/** The same for any contract of an event. */
export function derivedColumns(schema: z.core.$ZodType): Column[] {
  const { data, ...envelope } = shapeOf(schema);
  const made = [
    ...Object.entries(envelope)
      .filter(([name]) => !sameInAll.has(name))
      .flatMap(([name, member]) => columnsOfMember([name], [name], member)),
    ...Object.entries(shapeOf(data as z.core.$ZodType)).flatMap(([name, member]) =>
      columnsOfMember([name], ['data', name], member),
    ),
  ];
  const names = made.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new Error(`Two members would have the column ${twice}: name one of them otherwise.`);
  return made;
}

const sameInAll = new Set(['specversion', 'datacontenttype']);

const shapeOf = (schema: z.core.$ZodType) => (schema as z.core.$ZodObject)._zod.def.shape;

function columnsOfMember(words: string[], path: string[], schema: z.core.$ZodType): Column[] {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  const name = words.map(snakeCase).join('_');
  const valueIn = (event: Event): unknown => valueAt(event, path);
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).flatMap(([member, each]) =>
        columnsOfMember([...words, member], [...path, member], each),
      );
    case 'nullable':
    case 'optional':
    case 'default':
      return columnsOfMember(words, path, def.innerType);
    case 'array':
    case 'record':
      return [{ name, type: 'json', valueIn: (event) => listIn(schema, valueIn(event)) }];
    case 'number':
      if ((def as { format?: string }).format === 'safeint') return [{ name, type: 'bigint', valueIn }];
      break;
    case 'boolean':
      return [{ name, type: 'boolean', valueIn }];
    case 'string':
      if (isPersonal(schema) !== false) return [];
      return [
        { name, type: (def as { format?: string }).format === 'datetime' ? 'timestamp' : 'string', valueIn },
      ];
    case 'enum':
    case 'literal':
      return [{ name, type: 'string', valueIn }];
  }
  throw new Error(`${path.join('.')} is a ${def.type} that has no column: give it one here.`);
}

const listIn = (schema: z.core.$ZodType, value: unknown): unknown =>
  value === undefined || value === null ? null : withoutPersonal(schema, value);

function valueAt(event: Event, path: string[]): unknown {
  let value: unknown = event;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return value ?? null;
}

const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/\W/g, '_');
