import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Event } from '@fanfold/contracts/event';
import { clientConfiguration, signatureFor } from '@fanfold/local-cloud/account';
import { type Mappings, startMappings } from '@fanfold/local-cloud/mappings';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import type { Resource } from '@fanfold/local-cloud/template';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { witness } from '../../services/audit/src/publish/witness.ts';
import { find } from '../../services/audit/src/store/queries.ts';
import { creditNoteResource, invoiceResource } from '../../services/billing/src/resources.ts';
import { listCreditNotes, listInvoices } from '../../services/billing/src/store/documents.ts';
import { startService } from '../../services/payments/fixtures/service.ts';

/** A stack as a release left it. */
export type StoredStack = {
  version: string;
  /** The day (UTC) on which all of it happened. */
  date: string;
  /** By name: its items, in DynamoDB's JSON. */
  tables: Record<string, object[]>;
  /** By bucket and key. */
  files: Record<string, Record<string, StoredFile>>;
  /** Made for this stack alone: what its log was signed with. */
  kms: object;
  /** What the release showed of it. */
  shown: Shown;
};

type StoredFile = { contentType?: string; base64: string };
/** What all services show to a merchant, as JSON. */
export type Shown = { payments: unknown[]; invoices: Numbered[]; creditNotes: Numbered[]; events: string[] };
type Numbered = { number: string };

/** One line for what is known of the stack as a whole, and one for each item and file. */
type Line =
  | Omit<StoredStack, 'tables' | 'files'>
  | { table: string; item: object }
  | { bucket: string; key: string; file: StoredFile };

export function linesOf({ tables, files, ...whole }: StoredStack): string {
  const lines: Line[] = [
    whole,
    ...Object.entries(tables).flatMap(([table, items]) => items.map((item) => ({ table, item }))),
    ...Object.entries(files).flatMap(([bucket, found]) =>
      Object.entries(found).map(([key, file]) => ({ bucket, key, file })),
    ),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

export function stackOf(lines: string): StoredStack {
  const tables: StoredStack['tables'] = {};
  const files: StoredStack['files'] = {};
  let whole: Omit<StoredStack, 'tables' | 'files'> | undefined;
  for (const text of lines.trimEnd().split('\n')) {
    const line = JSON.parse(text) as Line;
    if ('table' in line) tables[line.table] = [...(tables[line.table] ?? []), line.item];
    else if ('bucket' in line) files[line.bucket] = { ...files[line.bucket], [line.key]: line.file };
    else whole = line;
  }
  if (!whole) throw new Error('The stack has no line that says of which version it is.');
  return { ...whole, tables, files };
}

export const merchantId = 'acme';

/** All services in this process, on emulators whose data is in a folder. */
export async function startWorld(dataFolder: string) {
  const service = await startService(dataFolder);
  const { endpoints, resources: payments } = service;
  const resources: Record<string, Resource> = {};
  const { TOKEN_ISSUER } = process.env;
  for (const name of ['billing', 'audit', 'payments']) {
    const own = name === 'payments' ? payments : await templateOf(name, endpoints.aws);
    await provision(own, endpoints);
    for (const [logicalId, resource] of Object.entries(own)) resources[`${name}${logicalId}`] = resource;
    for (const { Type, Properties } of Object.values(own)) {
      if (Type !== 'AWS::Lambda::Function') continue;
      Object.assign(process.env, (Properties.Environment as { Variables: object }).Variables);
    }
  }
  Object.assign(process.env, { TOKEN_ISSUER });
  const s3 = new S3Client(clientConfiguration(endpoints.aws));
  const namesOf = (type: string, property: string) =>
    Object.values(resources).flatMap(({ Type, Properties }) =>
      Type === type && Properties[property] ? [String(Properties[property])] : [],
    );
  const run = async (owner: string, key: string, event: unknown = {}): Promise<unknown> => {
    const { handler } = await import(`../../services/${owner}/src/functions/${key}.ts`);
    return handler(event, contextWith());
  };
  const client = await service.clientOf(merchantId);
  let mappings: Mappings | undefined;

  return {
    service,
    client,
    run,

    /** From now on events are published and consumed. */
    async connect(): Promise<void> {
      mappings = await startMappings({
        resources,
        endpoints,
        invoke: (name, event) => {
          const [, owner = '', key = ''] = /^fanfold-([a-z]+)-local-([a-zA-Z]+)$/.exec(name) ?? [];
          return run(owner, key, event);
        },
      });
    },

    /** Waits until nothing is left to be published or consumed. */
    idle: async () => mappings?.idle(),

    async shown(): Promise<Shown> {
      const page = { limit: 100 };
      const invoices = await listInvoices(merchantId, page);
      const creditNotes = await listCreditNotes(merchantId, page);
      const found = await find(merchantId, page, () => false);
      return JSON.parse(
        JSON.stringify({
          payments: (await client.list({ limit: '100' })).body.data,
          invoices: invoices.items.map(invoiceResource),
          creditNotes: creditNotes.items.map(creditNoteResource),
          events: found.items.map(({ text = '' }) => text),
        }),
      );
    },

    /** Everything that was ever published, once more, by the tables and by the log. */
    async publishAgain(date: string, events: string[]): Promise<void> {
      for (const owner of ['payments', 'billing']) await run(owner, 'republish', { date });
      for (const text of events) await service.publish(JSON.parse(text) as Event);
    },

    /** Signs the log as it is now. @returns how many entries it has */
    async publishLog(): Promise<number> {
      const { size } = (await run('audit', 'publishLog')) as { size: number };
      await witness(new Date());
      return size;
    },

    async stored(): Promise<Pick<StoredStack, 'tables' | 'files'>> {
      const tables: StoredStack['tables'] = {};
      for (const TableName of namesOf('AWS::DynamoDB::Table', 'TableName')) {
        tables[TableName] = (await dynamodb(endpoints.dynamodb, 'Scan', { TableName })).Items;
      }
      const files: StoredStack['files'] = {};
      for (const Bucket of namesOf('AWS::S3::Bucket', 'BucketName')) {
        const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
        const found: Record<string, StoredFile> = {};
        for (const { Key = '' } of Contents) {
          const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket, Key }));
          const base64 = (await Body?.transformToString('base64')) ?? '';
          found[Key] = { ...(ContentType && { contentType: ContentType }), base64 };
        }
        files[Bucket] = found;
      }
      return { tables, files };
    },

    async load({ tables, files }: StoredStack): Promise<void> {
      for (const [TableName, items] of Object.entries(tables)) {
        for (const Item of items) await dynamodb(endpoints.dynamodb, 'PutItem', { TableName, Item });
      }
      for (const [Bucket, objects] of Object.entries(files)) {
        for (const [Key, { contentType: ContentType, base64 }] of Object.entries(objects)) {
          const Body = Buffer.from(base64, 'base64');
          await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType }));
        }
      }
    },

    async stop(): Promise<void> {
      await mappings?.stop();
      s3.destroy();
      await service.stop();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** Without the SDK, items are JSON already, binary attributes included. */
async function dynamodb(endpoint: string, action: string, input: object): Promise<{ Items: object[] }> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${action}`,
      ...signatureFor('dynamodb'),
    },
    body: JSON.stringify(input),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${action} ${JSON.stringify(input)}: ${text}`);
  return JSON.parse(text);
}
