import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { clientConfiguration } from '../account.ts';
import type { Endpoints } from '../emulators/emulators.ts';
import { type Call, jsonApi } from '../emulators/jsonApi.ts';
import { openCheckpoints } from '../mappings/checkpoints.ts';
import { eventSourceMapping } from '../mappings/eventSourceMapping.ts';
import { namesOfStack, templateOf } from '../templates/packagedTemplates.ts';
import { provision } from '../templates/provision.ts';
import type { Resource } from '../templates/template.ts';
import type { StackDescription } from './stack.ts';

/** A table of a stack on this machine, as it is called without the stage: `billing`, `audit-keys`. */
export type LocalTable = {
  name: string;
  service: string;
  resources: Record<string, Resource>;
  /** The names of the functions that read its stream. */
  readers: string[];
};

/** All tables of a stack. The first time after a change it takes some seconds. */
export async function tablesOf({ endpoints }: StackDescription): Promise<LocalTable[]> {
  const tables = await Promise.all(
    (await namesOfStack()).map(async (service) => {
      const resources = await templateOf(service, endpoints.aws);
      return Object.entries(resources)
        .filter(([, { Type }]) => Type === 'AWS::DynamoDB::Table')
        .map(([id, resource]) => {
          const { TableName } = resource.Properties;
          return {
            name: String(TableName).slice(prefix.length),
            service,
            resources: { [id]: resource },
            readers: readersOf(String(TableName), resources),
          };
        });
    }),
  );
  return tables.flat();
}

const readersOf = (tableName: string, resources: Record<string, Resource>): string[] =>
  Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
    .map(({ Properties }) => eventSourceMapping(Properties))
    .filter(({ source, eventSourceArn }) => source === 'stream' && eventSourceArn.split('/')[1] === tableName)
    .map(({ functionName }) => functionName);

const prefix = 'fanfold-local-';

type Item = Record<string, AttributeValue>;

/**
 * Writes what a table has into a new file, an item in each line.
 *
 * @returns how many items
 * @throws when the file is there already
 */
export async function saveTable(
  { endpoints }: StackDescription,
  { name }: LocalTable,
  file: string,
): Promise<number> {
  const client = new DynamoDBClient(clientConfiguration(endpoints.dynamodb));
  // Nobody else may read it: there are names and addresses in it.
  const written = await open(file, 'wx', 0o600);
  try {
    let count = 0;
    await written.write(`${JSON.stringify({ table: name })}\n`);
    const pages = paginateScan({ client }, { TableName: prefix + name, ConsistentRead: true });
    for await (const { Items = [] } of pages) {
      await written.write(Items.map((item) => `${JSON.stringify(item, bytesAsText)}\n`).join(''));
      count += Items.length;
    }
    return count;
  } finally {
    await written.close();
    client.destroy();
  }
}

/**
 * Puts a table back to what a file has, as a point-in-time recovery of AWS does: it is another table of the same name, from whose
 * stream nothing is read that was written until now.
 *
 * @returns how many items it has
 * @throws when the file is not of this table; then the table is as it was
 */
export async function putTableBack(
  { endpoints }: StackDescription,
  { name, resources, readers }: LocalTable,
  file: string,
): Promise<number> {
  const lines = createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]();
  const { value: first = '' } = await lines.next();
  if (first !== JSON.stringify({ table: name }))
    throw new Error(`${file} is no file that \`fanfold table save ${name}\` has written.`);
  const client = new DynamoDBClient(clientConfiguration(endpoints.dynamodb));
  const TableName = prefix + name;
  try {
    await client.send(new DeleteTableCommand({ TableName }));
    await provision(resources, endpoints);
    let count = 0;
    let items: Item[] = [];
    const write = async () => {
      const requests = items.map((Item) => ({ PutRequest: { Item } }));
      if (requests.length > 0)
        await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
      count += items.length;
      items = [];
    };
    for await (const line of lines) {
      items.push(JSON.parse(line, textAsBytes));
      if (items.length === itemsPerWrite) await write();
    }
    await write();
    await readFromNowOn(endpoints, TableName, readers);
    return count;
  } finally {
    client.destroy();
  }
}

/**
 * The emulator's stream of the new table has the records of the old one, and of what was put back, which in AWS no stream has:
 * the functions that read it begin behind them.
 */
async function readFromNowOn({ dynamodb }: Endpoints, TableName: string, readers: string[]): Promise<void> {
  const [tables, streams] = [jsonApi(dynamodb, 'dynamodb'), jsonApi(dynamodb, 'streams')];
  try {
    const { Table } = await tables.call<{ Table: { LatestStreamArn?: string } }>('DescribeTable', {
      TableName,
    });
    const { LatestStreamArn: StreamArn } = Table;
    if (StreamArn === undefined) return;
    const { StreamDescription } = await streams.call<StreamAnswer>('DescribeStream', { StreamArn });
    for (const { ShardId } of StreamDescription.Shards) {
      const last = await lastRecordOf(streams.call, { StreamArn, ShardId });
      if (last === undefined) continue;
      for (const reader of readers) {
        await (await openCheckpoints(tables.call, reader, StreamArn)).save(ShardId, last);
      }
    }
  } finally {
    for (const api of [tables, streams]) api.close();
  }
}

type StreamAnswer = { StreamDescription: { Shards: { ShardId: string }[] } };

/** The number of the last record. The emulator does not give it in the description: there numbers are compared as texts. */
async function lastRecordOf(
  streams: Call,
  shard: { StreamArn: string; ShardId: string },
): Promise<string | undefined> {
  const from = { ...shard, ShardIteratorType: 'TRIM_HORIZON' };
  let { ShardIterator } = await streams<{ ShardIterator?: string | undefined }>('GetShardIterator', from);
  let last: string | undefined;
  while (ShardIterator) {
    const { Records = [], NextShardIterator }: RecordsAnswer = await streams('GetRecords', { ShardIterator });
    if (Records.length === 0) break;
    last = Records.at(-1)?.dynamodb.SequenceNumber;
    ShardIterator = NextShardIterator;
  }
  return last;
}

type RecordsAnswer = { Records?: { dynamodb: { SequenceNumber: string } }[]; NextShardIterator?: string };

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html. The emulator leaves none of them out. */
const itemsPerWrite = 25;

/** Bytes are Base64, as DynamoDB has them on the wire. */
const bytesAsText = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;

function textAsBytes(name: string, value: unknown): unknown {
  if (name === 'B' && typeof value === 'string') return Buffer.from(value, 'base64');
  if (name === 'BS' && Array.isArray(value)) return value.map((each) => Buffer.from(each, 'base64'));
  return value;
}
