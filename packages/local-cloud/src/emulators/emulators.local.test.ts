import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statfsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateKeyCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { type Emulators, startEmulators, useEndpoints } from './emulators.ts';
import { keyKind } from './kms.ts';

beforeEach(() => vi.stubEnv('FANFOLD_DYNAMODB_ENDPOINT', ''));
afterEach(() => vi.unstubAllEnvs());

async function start(options: Parameters<typeof startEmulators>[0] = {}): Promise<Emulators> {
  const emulators = await startEmulators(options);
  onTestFinished(() => emulators.stop());
  return emulators;
}

const portOf = (endpoint: string) => Number(new URL(endpoint).port);

async function canConnect(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fanfold-emulators-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** What is free where Linux shows memory as a folder. */
const memoryFolderBytes = ((): number => {
  if (!existsSync('/dev/shm')) return 0;
  const { bavail, bsize } = statfsSync('/dev/shm');
  return bavail * bsize;
})();

/** Process id of the DynamoDB emulator on a port. */
async function processOn(port: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
  const [, pid] = new RegExp(`^ *(\\d+) \\S*dynoxide serve .*--port ${port} `, 'm').exec(stdout) ?? [];
  if (pid === undefined) throw new Error(`No DynamoDB emulator runs on port ${port}.`);
  return Number(pid);
}

describe('The emulators', () => {
  test('answer on free ports of 127.0.0.1, and on no other address', async () => {
    const { endpoints } = await start();
    await new SNSClient(clientConfiguration(endpoints.aws)).send(new CreateTopicCommand({ Name: 'events' }));
    await new DynamoDBClient(clientConfiguration(endpoints.dynamodb)).send(new ListTablesCommand({}));
    for (const endpoint of Object.values(endpoints)) {
      expect(await canConnect('127.0.0.1', portOf(endpoint))).toBe(true);
      expect(await canConnect('127.0.0.2', portOf(endpoint))).toBe(false);
    }
  });

  test('are gone when they have been stopped', async () => {
    const { endpoints, stop } = await startEmulators();
    await stop();
    for (const endpoint of Object.values(endpoints)) {
      expect(await canConnect('127.0.0.1', portOf(endpoint))).toBe(false);
    }
  });

  test('say which port is taken', async () => {
    const { endpoints } = await start();
    const [port, dynamodbPort] = [portOf(endpoints.aws), portOf(endpoints.dynamodb)];
    await expect(startEmulators({ port })).rejects.toThrow(`address already in use 127.0.0.1:${port}`);
    await expect(startEmulators({ dynamodbPort })).rejects.toThrow(`port ${dynamodbPort} is already in use`);
  });

  test('tell when DynamoDB has died', async () => {
    const { endpoints, failed } = await start();
    process.kill(await processOn(portOf(endpoints.dynamodb)), 'SIGKILL');
    await expect(failed).rejects.toThrow(
      `The DynamoDB emulator on port ${portOf(endpoints.dynamodb)} ended: exit code 137.`,
    );
  });

  test('leave nothing behind when what guards DynamoDB has died', async () => {
    const folder = await temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    const { endpoints, failed } = await start();
    const database = await processOn(portOf(endpoints.dynamodb));
    const { stdout: guard } = await promisify(execFile)('ps', ['-o', 'ppid=', '-p', String(database)]);
    process.kill(Number(guard), 'SIGKILL');
    await expect(failed).rejects.toThrow('ended: SIGKILL');
    expect(await readdir(folder)).toEqual([]);
  });

  test('do not outlive a process that is killed, nor does what they kept for it', async () => {
    const folder = await temporaryFolder();
    const script = `
      import { startEmulators } from '${import.meta.dirname}/emulators.ts';
      const { endpoints } = await startEmulators();
      process.send(endpoints);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, TMPDIR: folder },
    });
    const [endpoints] = await once(child, 'message');
    expect(await readdir(folder)).toHaveLength(1);
    const port = portOf(endpoints.dynamodb);
    expect(await canConnect('127.0.0.1', port)).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => canConnect('127.0.0.1', port), { timeout: 10_000 }).toBe(false);
    await expect.poll(() => readdir(folder), { timeout: 10_000 }).toEqual([]);
  });

  test.runIf(memoryFolderBytes >= 2 * 1024 ** 3)('keep in memory what goes with them', async () => {
    vi.stubEnv('TMPDIR', undefined);
    const { endpoints } = await start();
    const pid = await processOn(portOf(endpoints.dynamodb));
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    expect(args).toContainEqual(
      expect.stringMatching(/^\/dev\/shm\/fanfold-dynamodb-\w+\/dynamodb\.sqlite$/),
    );
  });

  test('keep their data below a folder', async () => {
    const dataFolder = await temporaryFolder();
    const first = await startEmulators({ dataFolder });
    const dynamodb = new DynamoDBClient(clientConfiguration(first.endpoints.dynamodb));
    await dynamodb.send(
      new CreateTableCommand({
        TableName: 'things',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
    const Item = { pk: { S: 'one' } };
    await dynamodb.send(new PutItemCommand({ TableName: 'things', Item }));
    const sqs = new SQSClient(clientConfiguration(first.endpoints.aws));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'things' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    const kms = new KMSClient(clientConfiguration(first.endpoints.kms));
    const { KeyMetadata } = await kms.send(new CreateKeyCommand(keyKind));
    const KeyId = KeyMetadata?.KeyId;
    await first.stop();

    const second = await start({ dataFolder });
    const kept = await new DynamoDBClient(clientConfiguration(second.endpoints.dynamodb)).send(
      new GetItemCommand({ TableName: 'things', Key: Item }),
    );
    expect(kept.Item).toEqual(Item);
    const { Messages } = await new SQSClient(clientConfiguration(second.endpoints.aws)).send(
      new ReceiveMessageCommand({ QueueUrl }),
    );
    expect(Messages?.map(({ Body }) => Body)).toEqual(['hello']);
    await new KMSClient(clientConfiguration(second.endpoints.kms)).send(new GetPublicKeyCommand({ KeyId }));
  });

  test('leave nothing behind without a folder', async () => {
    const folder = await temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    const { stop } = await startEmulators();
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^fanfold-dynamodb-/)]);
    await stop();
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ['adds to a stream', 'SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1', ''],
    [
      'reads a stream',
      'SELECT new_image',
      'AND CAST(sequence_number AS INTEGER) > ?2 ORDER BY CAST(sequence_number AS INTEGER)',
    ],
  ])('DynamoDB looks through no other records when it %s', async (_when, select, rest) => {
    const dataFolder = await temporaryFolder();
    await start({ dataFolder });
    const sqlite = new DatabaseSync(join(dataFolder, 'dynamodb.sqlite'));
    const plan = sqlite
      .prepare(`EXPLAIN QUERY PLAN ${select} FROM _stream_records WHERE table_name = ?1 ${rest}`)
      .all();
    sqlite.close();
    expect(plan).toEqual([
      expect.objectContaining({ detail: expect.stringMatching(/^SEARCH .* INDEX fanfold_stream_records/) }),
    ]);
  });
});

describe('A DynamoDB endpoint that is named', () => {
  test('is used, and neither started nor stopped', async () => {
    const { endpoints } = await start();
    vi.stubEnv('FANFOLD_DYNAMODB_ENDPOINT', endpoints.dynamodb);
    const second = await startEmulators();
    expect(second.endpoints.dynamodb).toBe(endpoints.dynamodb);
    await second.stop();
    expect(await canConnect('127.0.0.1', portOf(endpoints.dynamodb))).toBe(true);
  });

  test('has to answer', async () => {
    const { endpoints, stop } = await startEmulators();
    await stop();
    vi.stubEnv('FANFOLD_DYNAMODB_ENDPOINT', endpoints.dynamodb);
    await expect(startEmulators()).rejects.toThrow(
      `FANFOLD_DYNAMODB_ENDPOINT=${endpoints.dynamodb} does not answer`,
    );
  });

  test('has to be one of DynamoDB', async () => {
    const { endpoints } = await start();
    vi.stubEnv('FANFOLD_DYNAMODB_ENDPOINT', endpoints.aws);
    await expect(startEmulators()).rejects.toThrow(
      `FANFOLD_DYNAMODB_ENDPOINT=${endpoints.aws} does not list tables, but answers 400`,
    );
  });

  test('is asked for where the emulator has no binary', async () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor;
    Object.defineProperty(process, 'platform', { ...platform, value: 'sunos' });
    onTestFinished(() => {
      Object.defineProperty(process, 'platform', platform);
    });
    await expect(startEmulators()).rejects.toThrow(/set FANFOLD_DYNAMODB_ENDPOINT to its URL/);
  });
});

test('SDK clients of this process speak to the emulators, whatever profile the developer uses', async () => {
  const { endpoints } = await start();
  for (const name of Object.keys(process.env).filter((name) => name.startsWith('AWS_'))) vi.stubEnv(name, '');
  vi.stubEnv('AWS_PROFILE', 'production');
  useEndpoints(endpoints);
  await new SNSClient().send(new CreateTopicCommand({ Name: 'events' }));
  await new DynamoDBClient().send(new ListTablesCommand({}));
  await new KMSClient().send(new CreateKeyCommand(keyKind));
  const s3 = new S3Client();
  await s3.send(new CreateBucketCommand({ Bucket: 'things' }));
  await s3.send(new PutObjectCommand({ Bucket: 'things', Key: 'one', Body: 'hello' }));
});

test.each<[string, Record<string, string>]>([
  ['a form of a web page', { origin: 'http://page.example' }],
  ['a page whose host name leads here', { host: 'page.example' }],
])('%s publishes nothing, and no key signs for it', async (_who, headers) => {
  const { endpoints } = await start();
  const sns = new SNSClient(clientConfiguration(endpoints.aws));
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'things' }));
  const form = new URLSearchParams({ Action: 'Publish', TopicArn, Message: 'hello' }).toString();
  const statuses = [endpoints.aws, endpoints.kms].map(async (endpoint) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const sent = request(endpoint, { method: 'POST', headers: { ...type, ...headers }, agent: false });
    sent.end(form);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response.statusCode;
  });
  expect(await Promise.all(statuses)).toEqual([403, 403]);
});

test('SNS can be taken away and given back, and queues go on meanwhile', async () => {
  const { endpoints, topic } = await start();
  const settings = { ...clientConfiguration(endpoints.aws), maxAttempts: 1 };
  const sns = new SNSClient(settings);
  await sns.send(new CreateTopicCommand({ Name: 'things' }));
  topic.isAvailable = false;
  await expect(sns.send(new CreateTopicCommand({ Name: 'things' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 503 },
  });
  await new SQSClient(settings).send(new CreateQueueCommand({ QueueName: 'things' }));
  topic.isAvailable = true;
  await sns.send(new CreateTopicCommand({ Name: 'things' }));
});

// What fauxqs is patched for.
describe('fauxqs', () => {
  test('keeps a message whose visibility timeout is set to 0, on disk as in memory (F1)', async () => {
    const dataFolder = await temporaryFolder();
    const { endpoints } = await start({ dataFolder });
    const sqs = new SQSClient(clientConfiguration(endpoints.aws));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'things' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    const receive = new ReceiveMessageCommand({
      QueueUrl,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    });
    const [first] = (await sqs.send(receive)).Messages ?? [];
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: first?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    const [second] = (await sqs.send(receive)).Messages ?? [];
    expect([second?.Body, second?.Attributes?.ApproximateReceiveCount]).toEqual(['hello', '2']);
  });

  test('takes messages with every character that SQS takes', async () => {
    const { endpoints } = await start();
    const sqs = new SQSClient(clientConfiguration(endpoints.aws));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'things' }));
    const MessageBody = 'Zoë 😀 𠮷 \u{10ffff}';
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    const Entries = [{ Id: 'one', MessageBody }];
    const { Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(Failed ?? []).toEqual([]);
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 });
    const { Messages = [] } = await sqs.send(receive);
    expect(Messages.map(({ Body }) => Body)).toEqual([MessageBody, MessageBody]);
    for (const none of ['\u0000', '\uffff']) {
      const refused = new SendMessageCommand({ QueueUrl, MessageBody: none });
      await expect(sqs.send(refused)).rejects.toThrow('Invalid characters found');
    }
  });

  describe('with a condition', () => {
    let s3: S3Client;
    const object = { Bucket: 'things', Key: 'one/of.p/these' };
    const put = async (Body: string, condition: { IfMatch?: string; IfNoneMatch?: string } = {}) =>
      (await s3.send(new PutObjectCommand({ ...object, ...condition, Body }))).ETag as string;
    const content = async () => (await s3.send(new GetObjectCommand(object))).Body?.transformToString();
    const isRefused = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } };

    beforeEach(async () => {
      const emulators = await startEmulators();
      s3 = new S3Client(clientConfiguration(emulators.endpoints.aws));
      await s3.send(new CreateBucketCommand({ Bucket: 'things' }));
      return () => emulators.stop();
    });

    test('does not overwrite an object that must not be there (F3)', async () => {
      await put('first', { IfNoneMatch: '*' });
      await expect(put('second', { IfNoneMatch: '*' })).rejects.toMatchObject(isRefused);
      expect(await content()).toBe('first');
    });

    test('overwrites the object that must be there, and no other', async () => {
      const first = await put('first');
      const second = await put('second', { IfMatch: first });
      await expect(put('third', { IfMatch: first })).rejects.toMatchObject(isRefused);
      expect(await content()).toBe('second');
      await put('third', { IfMatch: second.replaceAll('"', '') });
      expect(await content()).toBe('third');
    });

    test('puts nothing where the object that must be there is not', async () => {
      const isMissing = { name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } };
      await expect(put('first', { IfMatch: '"0"' })).rejects.toMatchObject(isMissing);
      await expect(content()).rejects.toMatchObject(isMissing);
    });

    test('lets one of several win that replace the same object', async () => {
      const IfMatch = await put('first');
      const writers = ['a', 'b', 'c', 'd'];
      const ends = await Promise.allSettled(writers.map((writer) => put(writer, { IfMatch })));
      const winners = writers.filter((_, index) => ends[index]?.status === 'fulfilled');
      expect(winners).toEqual([await content()]);
      const losers = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
      expect(losers).toMatchObject([isRefused, isRefused, isRefused]);
    });
  });
});
