import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Endpoints } from '@fanfold/local-cloud/emulators';
import { type Answer, forward, listen } from '../../measuring/http.ts';
import type { Used } from './prices.ts';

/** Stands between programs and emulators, and counts what AWS would bill of each call. */
export type Meter = {
  endpoints: Endpoints;
  /**
   * What was used since it was asked last.
   *
   * @throws when there was a call of which it does not know what it is billed
   */
  take(): Used[];
  stop(): void;
};

/**
 * DynamoDB is asked to say of every call what it consumed, which the emulator reckons by AWS's rules: per item rounded up,
 * twice for transactions, and for each index whose entry changes.
 */
export async function startMeter(endpoints: Endpoints): Promise<Meter> {
  let used: Used[] = [];
  let unmetered: Error | undefined;
  const servers: { stop(): void }[] = [];
  const metered = async (endpoint: string): Promise<string> => {
    const server = await listen((incoming, response) => {
      meter(incoming, response, endpoint).then(
        (each) => used.push(...each),
        (error: Error) => {
          unmetered ??= error;
          response.destroy(error);
        },
      );
    });
    servers.push(server);
    return server.url;
  };
  return {
    endpoints: {
      aws: await metered(endpoints.aws),
      dynamodb: await metered(endpoints.dynamodb),
      kms: await metered(endpoints.kms),
    },
    take() {
      if (unmetered) throw unmetered;
      const taken = used;
      used = [];
      return taken;
    },
    stop() {
      for (const server of servers) server.stop();
    },
  };
}

async function meter(incoming: IncomingMessage, response: ServerResponse, endpoint: string): Promise<Used[]> {
  const { method = '', url = '', headers } = incoming;
  const target = String(headers['x-amz-target'] ?? '');
  const sent = await buffer(incoming);
  const isDynamodb = target.startsWith('DynamoDB_');
  const body = isDynamodb
    ? Buffer.from(JSON.stringify({ ...JSON.parse(sent.toString()), ReturnConsumedCapacity: 'INDEXES' }))
    : sent;
  const answer = await forward(endpoint, incoming, body);
  response.writeHead(answer.status, answer.headers).end(answer.body);
  if (isDynamodb) return consumed(target, sent, answer);
  if (target.startsWith('AmazonSQS.')) return sqsUsed(target, sent);
  if (target.startsWith('TrentService.')) return kmsUsed(target);
  if (target !== '') throw new Error(`${target} is not metered`);
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return snsUsed(sent);
  return [{ unit: method === 'PUT' ? 's3Puts' : 's3Gets', place: url.split('/')[1] ?? '', count: 1 }];
}

type Capacity = {
  TableName: string;
  Table?: { CapacityUnits: number };
  GlobalSecondaryIndexes?: Record<string, { CapacityUnits: number }>;
};

const reading = /\.(GetItem|BatchGetItem|Query|Scan|TransactGetItems)$/;

function consumed(target: string, sent: Buffer, { status, body }: Answer): Used[] {
  const unit = reading.test(target) ? 'readUnits' : 'writeUnits';
  const { ConsumedCapacity } = JSON.parse(body.toString()) as { ConsumedCapacity?: Capacity | Capacity[] };
  // A write whose condition failed consumes what the write would have consumed, and the error does not say it: one unit
  // is counted for each item.
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
  if (status !== 200 && unit === 'writeUnits') {
    if (!/ConditionalCheckFailed|TransactionCanceled/.test(body.toString())) return [];
    const { TableName, TransactItems = [] } = JSON.parse(sent.toString());
    const [first = {}] = TransactItems as Record<string, { TableName: string }>[];
    const table = TableName ?? Object.values(first)[0]?.TableName;
    return [{ unit, place: `${table} refused`, count: TransactItems.length * 2 || 1 }];
  }
  return [ConsumedCapacity ?? []].flat().flatMap(({ TableName, Table, GlobalSecondaryIndexes = {} }) => [
    { unit, place: TableName, count: Table?.CapacityUnits ?? 0 },
    ...Object.entries(GlobalSecondaryIndexes).map(([index, { CapacityUnits }]) => ({
      unit,
      place: `${TableName} ${index}`,
      count: CapacityUnits,
    })),
  ]) as Used[];
}

/** A request is billed for each 64 KB that it carries. https://aws.amazon.com/sqs/pricing/ */
const chunkBytes = 64 * 1024;

const sqsUsed = (target: string, sent: Buffer): Used[] => [
  {
    unit: 'sqsRequests',
    place: /\.SendMessage/.test(target) ? `${queueOf(sent)} sent` : target.replace('AmazonSQS.', ''),
    count: Math.ceil(sent.length / chunkBytes),
  },
];

const queueOf = (sent: Buffer): string =>
  String(JSON.parse(sent.toString()).QueueUrl).split('/').at(-1) ?? '';

/** A request, whether of one message or of ten, is billed for each 64 KB. https://aws.amazon.com/sns/pricing/ */
const snsUsed = (sent: Buffer): Used[] => {
  const form = new URLSearchParams(sent.toString());
  const bytes = [...form]
    .filter(([name]) => /(^|\.)(Message|StringValue)$/.test(name))
    .reduce((sum, [, value]) => sum + Buffer.byteLength(value), 0);
  return [{ unit: 'snsRequests', place: form.get('Action') ?? '', count: Math.ceil(bytes / chunkBytes) }];
};

const kmsUsed = (target: string): Used[] => [
  { unit: 'signatures', place: target.replace('TrentService.', ''), count: 1 },
];
