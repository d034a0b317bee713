import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { type EventType, eventTypes } from '@fanfold/contracts/catalog';
import type { Event } from '@fanfold/contracts/event';
import captured from '@fanfold/contracts/examples/payment.captured.v1.json' with { type: 'json' };
import { type Mappings, startMappings } from '@fanfold/local-cloud/mappings';
import { namesOfStack, templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import type { Resource } from '@fanfold/local-cloud/template';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { columnsOf } from '../services/archive/src/columns.ts';
import { parquetOf } from '../services/archive/src/parquet.ts';
import { valuesOf } from '../services/archive/src/row.ts';
import { find } from '../services/audit/src/store/queries.ts';
import { type Service, startService } from '../services/payments/fixtures/service.ts';
import { deadLettersOf, queues, Wire } from './wire.ts';

/**
 * The archive beside the other services, all of them in this process: what it has of a day with duplicates, asked as
 * docs/archive.md asks. DuckDB stands for Athena.
 */
const archiveQueue = 'fanfold-local-archive-events';
const merchants = ['acme', 'globex'];
const customer = {
  name: 'Ada Byron-Lovelace',
  email: 'ada@lovelace.example',
  vatId: 'BE0403019261',
  address: { line1: 'Analytical Street 1843', city: 'Ghent', postalCode: '9000', country: 'BE' },
};
/** What can be found of a person, or of what somebody wrote about one. */
const personalTexts = [
  'Byron-Lovelace',
  'lovelace.example',
  'BE0403019261',
  'Analytical Street',
  'order-of-ada',
  'engine for Ada',
  'Ada was not content',
];
const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);

let service: Service;
let wire: Wire;
let mappings: Mappings;
/** Where the files of the archive are, as they are in its bucket. */
let folder: string;
let erasedPayment: string;
const s3 = () =>
  new S3Client({
    endpoint: service.endpoints.aws,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    forcePathStyle: true,
  });
captureLog();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanfold-archive-'));
  service = await startService();
  wire = new Wire(service.endpoints.aws);
  const { TOKEN_ISSUER } = process.env;
  const resources: Record<string, Resource> = {};
  for (const name of ['billing', 'archive', 'audit', 'payments'] as const) {
    const own = name === 'payments' ? service.resources : await templateOf(name, service.endpoints.aws);
    await provision(own, service.endpoints);
    for (const [logicalId, resource] of Object.entries(own)) resources[`${name}${logicalId}`] = resource;
    for (const { Type, Properties } of Object.values(own)) {
      if (Type !== 'AWS::Lambda::Function') continue;
      Object.assign(process.env, (Properties.Environment as { Variables: object }).Variables);
    }
  }
  Object.assign(process.env, { TOKEN_ISSUER });
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(`${yesterday}T12:00:00Z`) });
  for (const merchantId of merchants) {
    const client = await service.clientOf(merchantId);
    const { body } = await client.pay({
      customer,
      orderId: 'order-of-ada-1',
      description: 'An engine for Ada',
    });
    await client.refund(body.id, { amount: 1000, reason: 'Ada was not content' });
    await client.pay({ captureMethod: 'manual', amount: 500 });
    await client.pay({ currency: 'JPY', amount: 900, paymentMethod: 'pm_card_declined' });
    await client.pay({ currency: 'JPY', amount: 900 });
    erasedPayment = body.id;
  }
  vi.useRealTimers();

  mappings = await startMappings({ resources, endpoints: service.endpoints, invoke });
  await mappings.idle();
  await service.tick('dayClose');
  await mappings.idle();

  // Once more: all of what payments said, and two events alone.
  await service.run('republish', { date: yesterday });
  await mappings.idle();
  const [first, second] = await recordedTexts();
  for (const body of [first, second]) await wire.send(archiveQueue, body ?? '');
  await mappings.idle();
  await download();
}, 60_000);

afterAll(async () => {
  vi.useRealTimers();
  await mappings?.stop();
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function invoke(name: string, event: unknown): Promise<unknown> {
  const [, owner = '', key = ''] = /^fanfold-([a-z]+)-local-([a-zA-Z]+)$/.exec(name) ?? [];
  return run(owner, key, event);
}

async function run(owner: string, key: string, event: unknown): Promise<unknown> {
  const { handler } = await import(`../services/${owner}/src/functions/${key}.ts`);
  return handler(event, contextWith());
}

/** What audit has recorded of both merchants, as it came. */
async function recordedTexts(): Promise<string[]> {
  const pages = await Promise.all(
    merchants.map((merchantId) => find(merchantId, { limit: 100 }, () => false)),
  );
  return pages.flatMap(({ items }) => items.map(({ text = '' }) => text));
}

async function download(): Promise<void> {
  const client = s3();
  const Bucket = process.env.ARCHIVE_BUCKET_NAME;
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket })) {
    for (const { Key = '' } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      await mkdir(dirname(join(folder, Key)), { recursive: true });
      await writeFile(join(folder, Key), (await Body?.transformToByteArray()) ?? '');
    }
  }
  client.destroy();
}

/** Asks the files by the names of the tables that Athena has, as far as there are files. */
async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  try {
    const files = async (pattern: string) =>
      (await connection.runAndReadAll(`SELECT count(*) FROM glob('${folder}/${pattern}')`)).getRows()[0]?.[0];
    for (const type of eventTypes) {
      const pattern = `parquet/type=${type}/*/*.parquet`;
      if ((await files(pattern)) === 0n) continue;
      await connection.run(
        `CREATE VIEW ${type.replace(/[.-]/g, '_')} AS
         SELECT * FROM read_parquet('${folder}/${pattern}', hive_partitioning = true, hive_types_autocast = false, union_by_name = true)`,
      );
    }
    await connection.run(
      `CREATE VIEW events AS
       SELECT * FROM read_json('${folder}/ndjson/*/*/*.ndjson.gz', hive_partitioning = true, hive_types_autocast = false, format = 'newline_delimited',
         columns = { id: 'VARCHAR', merchantid: 'VARCHAR', data: 'VARCHAR' })`,
    );
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
  }
}

/** The example of docs/archive.md that begins with a comment, for a day. */
async function example(comment: string): Promise<string> {
  const page = await readFile(new URL('../docs/archive.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => sql);
  const found = blocks.find((sql) => sql.startsWith(`-- ${comment}`));
  if (!found) throw new Error(`docs/archive.md has no query "${comment}"`);
  return found.replaceAll('2026-11-29', yesterday);
}

const countBy = (keys: string[]) =>
  Object.fromEntries([...Map.groupBy(keys, (key) => key)].map(([key, all]) => [key, all.length]));

describe('the archive', () => {
  it('has each event that audit has recorded once, by type, when duplicates are left out', async () => {
    const recorded = (await recordedTexts()).map((text) => JSON.parse(text) as Event);
    const expected = countBy(recorded.map(({ type }) => type));
    const rows = await ask(await example('How many events of each type'));
    const found = Object.fromEntries(rows.map(({ type, events }) => [type, Number(events)]));
    expect(found).toEqual(expected);
    expect(Object.keys(found).length).toBeGreaterThanOrEqual(9);

    const tables = await Promise.all(
      Object.keys(expected).map(async (type) => {
        const [row] = await ask(`SELECT count(DISTINCT id) AS events FROM ${type.replace(/[.-]/g, '_')}`);
        return [type, Number(row?.events)];
      }),
    );
    expect(Object.fromEntries(tables)).toEqual(expected);

    const [all] = await ask('SELECT count(*) AS lines FROM events');
    expect(Number(all?.lines)).toBeGreaterThan(recorded.length);
  });

  it('adds a day up to what payments said when it closed it', async () => {
    const closed = (await recordedTexts())
      .map((text) => JSON.parse(text))
      .filter(({ type }) => type === ('payments.day-closed.v1' satisfies EventType));
    expect(closed.map(({ data }) => data.date)).toEqual([yesterday, yesterday]);
    const expected = closed.flatMap(({ merchantid, data }) =>
      Object.entries(data.totals as Record<string, { captured: number; refunded: number }>).map(
        ([of, { captured, refunded }]) => ({ merchantid, currency: of, captured, refunded }),
      ),
    );
    expect(expected).toContainEqual({
      merchantid: 'acme',
      currency: 'EUR',
      captured: 12_100,
      refunded: 1000,
    });
    const rows = await ask(await example('What was captured and refunded'));
    const found = rows.map(({ captured, refunded, ...row }) => ({
      ...row,
      captured: Number(captured),
      refunded: Number(refunded),
    }));
    const byCurrency = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    expect(found.sort(byCurrency)).toEqual(expected.sort(byCurrency));
  });

  it('refused nothing', async () => {
    for (const queue of [archiveQueue, ...Object.values(queues)]) {
      expect(await wire.depth(deadLettersOf(queue))).toBe(0);
    }
  });

  it('is in no stack that nobody gave it to, and no file of another service knows of it', async () => {
    const stack = await namesOfStack();
    expect(stack).not.toContain('archive');
    const services = join(import.meta.dirname, '../services');
    const read: string[] = [];
    for await (const path of glob(`{${stack.join(',')}}/**/*.{ts,js,yml,json}`, {
      cwd: services,
      exclude: (name) => name === 'node_modules',
    })) {
      read.push(path);
      expect(
        /archive|fanfold-stream|services.stream/i.test(await readFile(join(services, path), 'utf8')),
        path,
      ).toBe(false);
    }
    expect(read.length).toBeGreaterThan(200);
  });
});

describe('a person who is erased', () => {
  const found = (texts: string[]) =>
    personalTexts.filter((each) => texts.some((text) => text.includes(each)));

  it('is gone from what audit has recorded, and was never in the archive', async () => {
    const merchantId = 'globex';
    const texts = async () =>
      (await find(merchantId, { limit: 100 }, () => false)).items.map(({ text = '' }) => text);
    expect(found(await texts())).toEqual(personalTexts);
    await run('audit', 'eraseSubject', {
      merchantId,
      subject: erasedPayment,
      reason: null,
      operationId: 'op_1',
    });
    await mappings.idle();
    expect(found(await texts())).toEqual([]);

    await download();
    const archived: string[] = [];
    for await (const path of glob(join(folder, 'ndjson/*/*/*.ndjson.gz'))) {
      archived.push(gunzipSync(await readFile(path)).toString());
    }
    const rows = await Promise.all(
      ['payment_captured_v1', 'payment_refunded_v1', 'invoice_issued_v1', 'invoice_rendered_v1'].map(
        async (table) => (await ask(`SELECT * FROM ${table}`)).map((row) => JSON.stringify(row)),
      ),
    );
    expect(archived.some((text) => text.includes(erasedPayment))).toBe(true);
    expect(rows.every((table) => table.some((text) => text.includes(erasedPayment)))).toBe(true);
    expect(found([...archived, ...rows.flat()])).toEqual([]);
  });
});

it('a contract that gains fields keeps the files of before readable', async () => {
  const events = [captured, { ...captured, id: 'pay_another:1' }] as unknown as Event[];
  const columns = columnsOf('payment.captured.v1');
  const before = columns.filter(({ name }) => !/^(order_|amount_captured)/.test(name));
  expect(columns.length - before.length).toBeGreaterThan(5);
  for (const [name, known] of Object.entries({ older: before, newer: columns })) {
    const rows = events.map((event) => valuesOf(event, known));
    await writeFile(join(folder, `${name}.parquet`), parquetOf(known, rows));
  }
  const [row] = await ask(
    `SELECT count(*) AS files, count(amount_captured) AS known, sum(amount) AS amount
     FROM read_parquet('${folder}/*.parquet', union_by_name = true)`,
  );
  const sum = events.reduce((total, { data }) => total + (data as { amount: number }).amount, 0);
  expect(row).toEqual({
    files: String(2 * events.length),
    known: String(events.length),
    amount: String(2 * sum),
  });
});
