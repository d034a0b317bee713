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
import { serviceNames, templateOf } from '../templates/packagedTemplates.ts';
import { provision } from '../templates/provision.ts';
import type { Resource } from '../templates/template.ts';
import type { StackDescription } from './stack.ts';

/** A table of a stack on this machine, as it is called without the stage: `billing`, `audit-keys`. */
export type LocalTable = { name: string; service: string; resources: Record<string, Resource> };

/** All tables of a stack. The first time after a change it takes some seconds. */
export async function tablesOf({ endpoints }: StackDescription): Promise<LocalTable[]> {
  const tables = await Promise.all(
    (await serviceNames()).map(async (service) =>
      Object.entries(await templateOf(service, endpoints.aws))
        .filter(([, { Type }]) => Type === 'AWS::DynamoDB::Table')
        .map(([id, resource]) => ({
          name: String(resource.Properties.TableName).slice(prefix.length),
          service,
          resources: { [id]: resource },
        })),
    ),
  );
  return tables.flat();
}

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
 * Puts a table back to what a file has, as a point-in-time recovery of AWS does: it is another table of the same name, whose
 * stream has nothing.
 *
 * @returns how many items it has
 * @throws when the file is not of this table; then the table is as it was
 */
export async function putTableBack(
  { endpoints }: StackDescription,
  { name, resources }: LocalTable,
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
    return count;
  } finally {
    client.destroy();
  }
}

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
