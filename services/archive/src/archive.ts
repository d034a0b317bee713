import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { EventOfType } from '@fanfold/contracts/catalog';
import { environmentVariable } from '@fanfold/runtime/env';
import { writeObject } from '@fanfold/runtime/objects';
import { columnsOf } from './columns.ts';
import { parquetOf } from './parquet.ts';
import { type Row, rowOf } from './row.ts';

/**
 * Writes the events of a batch, by type and day, as newline-delimited JSON and as Parquet. For each event, a promise that is
 * fulfilled when it is in both files; one that cannot be in a file is rejected alone.
 *
 * The key follows from what is in the file: a batch that is delivered again writes the same object, or none, as it is there
 * already. Messages that come again with others are in two files. An event's id tells them.
 */
export function archive(events: EventOfType[]): Promise<void>[] {
  const rows = events.map((event) => orError(() => rowOf(event)));
  const partitions = Map.groupBy(
    rows.filter((row): row is Row => !(row instanceof Error)),
    partitionOf,
  );
  const written = new Map(
    [...partitions].map(([partition, ofPartition]) => [partition, writeFiles(partition, ofPartition)]),
  );
  return rows.map(async (row) => {
    if (row instanceof Error) throw row;
    await written.get(partitionOf(row));
  });
}

function orError<T>(make: () => T): T | Error {
  try {
    return make();
  } catch (error) {
    return error as Error;
  }
}

const partitionOf = ({ event, day }: Row): string => `type=${event.type}/day=${day}`;

async function writeFiles(partition: string, rows: Row[]): Promise<void> {
  const inOrder = rows.toSorted((a, b) => (a.event.id < b.event.id ? -1 : 1));
  const [
    {
      event: { type },
    },
  ] = inOrder as [Row];
  const parquet = parquetOf(
    columnsOf(type),
    inOrder.map(({ values }) => values),
  );
  const lines = inOrder.map(({ line }) => `${line}\n`).join('');
  const name = createHash('sha256').update(lines).digest('hex').slice(0, 32);
  await Promise.all([
    write(`ndjson/${partition}/${name}.ndjson.gz`, 'application/gzip', gzipSync(lines)),
    write(`parquet/${partition}/${name}.parquet`, 'application/vnd.apache.parquet', parquet),
  ]);
}

async function write(key: string, contentType: string, bytes: Uint8Array): Promise<void> {
  await writeObject(
    environmentVariable('ARCHIVE_BUCKET_NAME'),
    key,
    { bytes, contentType },
    { ifMissing: true },
  );
}
