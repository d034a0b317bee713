import diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startFauxqs } from 'fauxqs';
import { credentials, region, signatureFor } from '../account.ts';
import { isForeign } from '../foreign.ts';
import { damaged } from '../stack/dataFolder.ts';
import { freePort } from '../stack/ports.ts';
import { dynoxideBinary } from './dynoxide.ts';
import { type Child, spawnEndingWithParent } from './endWithParent.ts';
import { startKms } from './kms.ts';

/** Base URLs: `aws` answers for SNS, SQS and S3, `dynamodb` for DynamoDB and DynamoDB Streams, `kms` for KMS and Secrets Manager. */
export type Endpoints = { aws: string; dynamodb: string; kms: string };

export type Emulators = {
  endpoints: Endpoints;
  /** Rejects when an emulator ends that was not stopped; never resolves. */
  failed: Promise<never>;
  topic: Topic;
  stop(): Promise<void>;
};

/** SNS, which can be taken away, to see what becomes of events meanwhile: every call to it is then answered 503. */
export type Topic = { isAvailable: boolean };

/**
 * Starts fauxqs (SNS, SQS, S3) and KMS in this process and dynoxide (DynamoDB) as a child, all on 127.0.0.1.
 * Ports that are 0 or left out are chosen freely, and KMS's always is. Data is gone when they stop, or kept below
 * `dataFolder` if given.
 * FANFOLD_DYNAMODB_ENDPOINT names a DynamoDB endpoint to be used instead of dynoxide.
 *
 * @throws when a port is taken, when no endpoint is named and there is no dynoxide for this platform or it cannot be
 *   installed, when the named endpoint does not answer as DynamoDB does, or when a file below `dataFolder` cannot be opened.
 */
export async function startEmulators(
  options: { port?: number; dynamodbPort?: number; dataFolder?: string } = {},
): Promise<Emulators> {
  if (options.dataFolder) await mkdir(options.dataFolder, { recursive: true });
  const started: { stop(): Promise<unknown> }[] = [];
  const stop = async () => {
    await Promise.all(started.map((emulator) => emulator.stop()));
  };
  try {
    const kms = await startKms(options.dataFolder);
    started.push(kms);
    const dynamodb = await startDynamodb(options.dynamodbPort ?? 0, options.dataFolder);
    started.push(dynamodb);
    const topic: Topic = { isAvailable: true };
    const fauxqs = await refusing(topic, () =>
      startFauxqs({
        port: options.port ?? 0,
        logger: false,
        defaultRegion: region,
        ...(options.dataFolder && { dataDir: options.dataFolder }),
      }),
    ).catch((error: NodeJS.ErrnoException) => {
      if (!options.dataFolder || error.code === 'EADDRINUSE') throw error;
      throw damaged(join(options.dataFolder, 'fauxqs.db'), error);
    });
    started.push(fauxqs);
    const aws = `http://127.0.0.1:${fauxqs.port}`;
    return {
      endpoints: { aws, dynamodb: dynamodb.endpoint, kms: kms.endpoint },
      failed: dynamodb.failed,
      topic,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type FastifyApp = {
  addHook(
    name: 'onRequest',
    hook: (
      request: { raw: IncomingMessage },
      reply: { code(status: number): { send(body: string): unknown } },
    ) => Promise<unknown>,
  ): void;
};

/**
 * Starts a server that takes nothing from web pages, as a form of any page could otherwise publish events, and nothing for the
 * topic while that is away. fauxqs does not hand out its server; Fastify tells of each that it makes.
 */
async function refusing<Server>(topic: Topic, start: () => Promise<Server>): Promise<Server> {
  const refuse = (message: unknown) => {
    (message as { fastify: FastifyApp }).fastify.addHook('onRequest', async ({ raw }, reply) => {
      if (isForeign(raw)) return reply.code(403).send('Requests come from this machine only.');
      const isForTopic = raw.headers.authorization?.includes('/sns/aws4_request') ?? false;
      return isForTopic && !topic.isAvailable ? reply.code(503).send('SNS was taken away.') : undefined;
    });
  };
  diagnosticsChannel.subscribe('fastify.initialization', refuse);
  try {
    return await start();
  } finally {
    diagnosticsChannel.unsubscribe('fastify.initialization', refuse);
  }
}

/** Makes every AWS SDK client of this process, and of the children it starts, use the emulators. */
export function useEndpoints(endpoints: Endpoints): void {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoints.aws,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoints.dynamodb,
    AWS_ENDPOINT_URL_KMS: endpoints.kms,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.kms,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  // Either of them would take precedence over the dummy credentials.
  delete process.env.AWS_PROFILE;
  delete process.env.AWS_SESSION_TOKEN;
}

type Dynamodb = { endpoint: string; failed: Promise<never>; stop(): Promise<void> };

async function startDynamodb(port: number, dataFolder: string | undefined): Promise<Dynamodb> {
  const endpoint = process.env.FANFOLD_DYNAMODB_ENDPOINT;
  if (endpoint) return attachToDynamodb(endpoint);
  const binary = await dynoxideBinary();
  // Another process can take the free port before dynoxide binds it. Then another port is tried.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await spawnDynoxide(binary, port || (await freePort()), dataFolder);
    } catch (error) {
      if (port !== 0 || attempt === 5) throw error;
    }
  }
}

async function attachToDynamodb(endpoint: string): Promise<Dynamodb> {
  const advice = 'start DynamoDB there, or unset the variable.';
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.ListTables',
        ...signatureFor('dynamodb'),
      },
      body: '{}',
      signal: AbortSignal.timeout(5_000),
    });
  } catch (error) {
    throw new Error(`FANFOLD_DYNAMODB_ENDPOINT=${endpoint} does not answer: ${advice}`, { cause: error });
  }
  const text = await response.text();
  if (!response.ok || !text.includes('"TableNames"')) {
    const answer = `${response.status} ${text.slice(0, 200)}`.trim();
    throw new Error(
      `FANFOLD_DYNAMODB_ENDPOINT=${endpoint} does not list tables, but answers ${answer}: ${advice}`,
    );
  }
  return { endpoint, failed: new Promise(() => {}), stop: async () => {} };
}

async function spawnDynoxide(
  binary: string,
  port: number,
  dataFolder: string | undefined,
): Promise<Dynamodb> {
  const temporary = dataFolder ? '' : await mkdtemp(join(await temporaryFolder(), 'fanfold-dynamodb-'));
  const database = join(dataFolder ?? temporary, 'dynamodb.sqlite');
  const serve = ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', database];
  const child = spawnEndingWithParent(binary, serve, temporary);
  let stopped = false;
  const output = outputUntilClosed(child).then(async (lastOutput) => {
    // The guard removes it, unless it was itself killed.
    if (temporary) await rm(temporary, { recursive: true, force: true });
    return lastOutput;
  });
  const died = async (): Promise<never> => {
    const lastOutput = await output;
    if (stopped) return new Promise(() => {});
    throw new Error(`The DynamoDB emulator on port ${port} ended: ${lastOutput}`);
  };
  try {
    await Promise.race([listening(child), died()]);
    indexStreamRecords(database);
  } catch (error) {
    child.stdin.end();
    const lastOutput = await output;
    if (!dataFolder || /address (already )?in use/i.test(lastOutput)) throw error;
    throw damaged(database, error);
  }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    failed: died(),
    async stop() {
      stopped = true;
      child.stdin.end();
      await output;
    },
  };
}

/** Linux shows memory as a folder, of which a container often has 64 MB. */
const memoryFolder = '/dev/shm';
const enoughMemoryBytes = 2 * 1024 ** 3;

/**
 * Where data goes that is not kept. On a disk dynoxide waits for it at each write, one write after another: in memory it makes
 * twice as many, for half the processor time. TMPDIR has it elsewhere.
 */
async function temporaryFolder(): Promise<string> {
  if (process.env.TMPDIR || !existsSync(memoryFolder)) return tmpdir();
  const { bavail, bsize } = await statfs(memoryFolder);
  return bavail * bsize >= enoughMemoryBytes ? memoryFolder : tmpdir();
}

/**
 * For every record that dynoxide 1.2.1 adds to a stream, and for every read, it scans all records of all streams, and
 * it never deletes any: after 3,000 records a put takes about six times as long. With this index it finds the last
 * number, and those after a number, directly. An in-memory database cannot have the index, so there is always a file.
 */
function indexStreamRecords(database: string): void {
  const sqlite = new DatabaseSync(database);
  sqlite.exec(
    'CREATE INDEX IF NOT EXISTS fanfold_stream_records ON _stream_records (table_name, CAST(sequence_number AS INTEGER))',
  );
  sqlite.close();
}

function listening(child: Child): Promise<void> {
  return new Promise((resolve) => {
    child.stderr.on('data', (chunk) => {
      if (String(chunk).includes('listening on')) resolve();
    });
  });
}

async function outputUntilClosed(child: Child): Promise<string> {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      tail = `${tail}${chunk}`.slice(-2_000);
    });
  }
  const [code, signal] = await once(child, 'close');
  return `${signal ?? `exit code ${code}`}. ${tail.trim()}`;
}
