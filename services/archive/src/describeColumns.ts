import { eventTypes } from '@fanfold/contracts/catalog';
import { columnsOf } from './columns.ts';

/** The columns of each type of event, by name: what the tables of tables.js are made of. */
export const describeColumns = (): Record<string, Record<string, string>> =>
  Object.fromEntries(
    eventTypes.map((type) => [
      type,
      Object.fromEntries(columnsOf(type).map(({ name, type: columnType }) => [name, columnType])),
    ]),
  );
