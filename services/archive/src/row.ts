import { catalog, type EventOfType } from '@fanfold/contracts/catalog';
import type { Event } from '@fanfold/contracts/event';
import { withoutPersonal } from '@fanfold/contracts/personal';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { firstDay } from '../partitions.js';
import { type Column, columnsOf } from './columns.ts';

/** An event as it is in the files. */
export type Row = {
  event: EventOfType;
  /** On which it happened, UTC. */
  day: string;
  /** Its JSON. */
  line: string;
  /** In the order of its columns, as Parquet takes them. */
  values: unknown[];
};

/** @throws Unprocessable for an event that a file cannot have, or that no query would find there */
export function rowOf(event: EventOfType): Row {
  const day = event.time.slice(0, 10);
  if (day < firstDay) {
    throw new Unprocessable(
      'not-archivable',
      `${event.id} is of ${day}, and the first day of tables is ${firstDay}`,
    );
  }
  const line = JSON.stringify(withoutPersonal(catalog[event.type].schema, event));
  if (loneSurrogate.test(line)) {
    throw new Unprocessable('not-archivable', `${event.id} has a lone surrogate, which no UTF-8 has`);
  }
  return { event, day, line, values: valuesOf(event, columnsOf(event.type)) };
}

/** As JSON writes it: one such line makes readers refuse the whole file. */
const loneSurrogate = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** @throws Unprocessable for a value that its column cannot have */
export const valuesOf = (event: Event, columns: Column[]): unknown[] =>
  columns.map((column) => columnValue(event, column));

function columnValue(event: Event, { name, type, valueIn }: Column): unknown {
  const value = valueIn(event);
  if (value === null) return null;
  switch (type) {
    case 'bigint':
      if (Number.isSafeInteger(value)) return BigInt(value as number);
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'timestamp': {
      const time = new Date(String(value));
      if (!Number.isNaN(time.getTime())) return time;
      break;
    }
    case 'json':
      return JSON.stringify(value);
    case 'string':
      if (typeof value === 'string') return value;
  }
  throw new Unprocessable(
    'not-archivable',
    `The column ${name} is a ${type}, and ${event.id} has something else`,
  );
}
