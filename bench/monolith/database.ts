import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { Pool, type PoolClient } from 'pg';

/** What runs statements: each answers its rows. */
export type Rows = { query<Row>(statement: string, parameters?: unknown[]): Promise<Row[]> };

export type Database = Rows & {
  /** All or nothing: what `work` throws takes everything back that it has written. */
  transaction<Result>(work: (rows: Rows) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

/**
 * A PostgreSQL database with the tables of schema.sql.
 *
 * @param url of a server; without it PostgreSQL runs in this process, in memory, one transaction after another
 */
export async function openDatabase(url: string | undefined): Promise<Database> {
  const schema = await readFile(new URL('schema.sql', import.meta.url), 'utf8');
  return url === undefined ? inProcess(schema) : onServer(url, schema);
}

async function inProcess(schema: string): Promise<Database> {
  const engine = await PGlite.create();
  await engine.exec(schema);
  return {
    ...rowsOf(engine),
    transaction: (work) => engine.transaction((transaction) => work(rowsOf(transaction))),
    close: () => engine.close(),
  };
}

async function onServer(url: string, schema: string): Promise<Database> {
  const pool = new Pool({ connectionString: url });
  await pool.query(schema);
  return {
    ...rowsOf(pool),
    transaction: async (work) => {
      const client = await pool.connect();
      try {
        return await inTransaction(client, work);
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

async function inTransaction<Result>(
  client: PoolClient,
  work: (rows: Rows) => Promise<Result>,
): Promise<Result> {
  await client.query('begin');
  try {
    const result = await work(rowsOf(client));
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

const rowsOf = (on: {
  query(statement: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
}): Rows => ({
  query: async <Row>(statement: string, parameters: unknown[] = []) =>
    (await on.query(statement, parameters)).rows as Row[],
});
