import { type AttributeValue, QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { comparableTime } from '../record/received.ts';
import { putAll } from './putAll.ts';
import { tableName } from './tables.ts';

/**
 * An entry of a log that was restored from its bundles, which waits for its event. The entry names nobody, so it is found by
 * what it says of the event: time, type and number. Which of several it is, the key of the event's data subject tells.
 */
export type OpenEntry = {
  position: number;
  /** The entry's JSON. */
  entry: string;
};

export type OpenItem = OpenEntry & {
  pk: 'open';
  /** `<time>#<type>#<sequence>#<position>` */
  sk: string;
  /** The event is there. Nothing is deleted. */
  isFilled?: true;
};

type Public = Pick<Event, 'time' | 'type' | 'sequence'>;

const prefixOf = ({ time, type, sequence }: Public): string => `${comparableTime(time)}#${type}#${sequence}#`;

export const openKey = ({ position, entry }: OpenEntry): Pick<OpenItem, 'pk' | 'sk'> => ({
  pk: 'open',
  sk: `${prefixOf(JSON.parse(entry) as Public)}${String(position).padStart(16, '0')}`,
});

/** @param start the position of the first one */
export const openEntriesOf = (entries: Uint8Array[], start: number): OpenEntry[] =>
  entries.map((entry, i) => ({ position: start + i, entry: Buffer.from(entry).toString() }));

/** Writes them, some at the same time. Nothing is filled before the log is restored, so none is written over. */
export async function saveOpenEntries(entries: OpenEntry[]): Promise<void> {
  await putAll(entries.map((each) => ({ ...openKey(each), ...each })));
}

/** The entries that wait for an event like this one. Usually one. */
export async function waitingFor(event: Public): Promise<OpenItem[]> {
  const found: OpenItem[] = [];
  const values = { ':pk': 'open', ':sk': prefixOf(event) };
  for await (const items of query('pk = :pk AND begins_with(sk, :sk)', values)) {
    found.push(...items.filter(({ isFilled }) => !isFilled));
  }
  return found;
}

/** All entries that wait for their events, page by page, by time. */
export async function* readOpen(): AsyncGenerator<OpenItem[]> {
  for await (const items of query('pk = :pk', { ':pk': 'open' })) {
    yield items.filter(({ isFilled }) => !isFilled);
  }
}

/** The time of the last one, in the form that can be compared; undefined when there are none. */
export async function lastOpenTime(): Promise<string | undefined> {
  const { Items: [item] = [] } = await dynamodb.send(
    new QueryCommand({ ...inputOf('pk = :pk', { ':pk': 'open' }), ScanIndexForward: false, Limit: 1 }),
  );
  return item && (unmarshall(item) as OpenItem).sk.split('#')[0];
}

async function* query(condition: string, values: Record<string, string>): AsyncGenerator<OpenItem[]> {
  let next: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({ ...inputOf(condition, values), ExclusiveStartKey: next }),
    );
    yield Items.map((item) => unmarshall(item) as OpenItem);
    next = LastEvaluatedKey;
  } while (next);
}

const inputOf = (condition: string, values: Record<string, string>): QueryCommandInput => ({
  TableName: tableName(),
  KeyConditionExpression: condition,
  ExpressionAttributeValues: marshall(values),
  ConsistentRead: true,
});
