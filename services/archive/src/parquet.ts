import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer';
import type { Column, ColumnType } from './columns.ts';

/**
 * A file with the rows of one type of event, each with its values in the order of the columns. Every column may be null, and is
 * found by its name: an older file lacks those that were added later.
 */
export const parquetOf = (columns: Column[], rows: unknown[][]): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map(({ name, type }, i) => ({
        name,
        type: parquetTypes[type],
        data: rows.map((values) => values[i]),
        nullable: true,
      })),
      createdBy: 'fanfold',
    }),
  );

const parquetTypes: Record<ColumnType, BasicType> = {
  string: 'STRING',
  // Not Parquet's own mark for JSON, which not all readers know.
  json: 'STRING',
  bigint: 'INT64',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP',
};
