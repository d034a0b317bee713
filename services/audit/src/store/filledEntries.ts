import {
  type AttributeValue,
  PutItemCommand,
  type PutItemCommandInput,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { reasonsOf } from '@fanfold/runtime/failure';
import { issuedIn } from '../compare/series.ts';
import type { Received } from '../record/received.ts';
import type { DataKey } from '../record/seal.ts';
import { type EventItem, erasedItemOf, indexedItem, itemOf, storedEvent } from './eventItems.ts';
import { decodeIssued, encodeIssued, entriesWith } from './log.ts';
import { type OpenItem, openKey } from './openEntries.ts';
import { countedKey } from './series.ts';
import { tableName } from './tables.ts';

/**
 * What came of adding an event: the entry has it; or the event is recorded elsewhere in the log; or somebody else has written
 * meanwhile, and what waits has to be read again.
 */
type Filled = 'filled' | 'recorded' | 'raced';

/**
 * Writes the event of an entry that waits for it, both or nothing. When it gives a document its number, the entry says so
 * again, and all numbers are counted anew.
 */
export async function fill(open: OpenItem, received: Received, key: DataKey): Promise<Filled> {
  const { position, entry } = open;
  const item = itemOf(received, key, position, JSON.parse(entry).recordedtime);
  return writeFilled(open, item, await numbering(received, position));
}

/** Writes that an event is recorded which nobody may read any more. */
export async function fillErased(open: OpenItem, received: Received): Promise<Filled> {
  const { position, entry } = open;
  return writeFilled(open, erasedItemOf(received, position, JSON.parse(entry).recordedtime), []);
}

async function writeFilled(open: OpenItem, item: EventItem, more: TransactWriteItem[]): Promise<Filled> {
  const put = {
    Put: {
      TableName: tableName(),
      Item: storedEvent(indexedItem(item)),
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [put, markFilled(open), ...more] }));
    return 'filled';
  } catch (error) {
    const reasons = reasonsOf(error);
    if (reasons.some(({ cause }) => cause === 'refused' || cause === 'unknown')) throw error;
    return reasons[0]?.cause === 'condition' ? 'recorded' : 'raced';
  }
}

/** Puts an event over the same event, which was recorded at another position. */
export const putMoved = (item: Record<string, AttributeValue>, from: number): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: item,
    ConditionExpression: '#position = :from',
    ExpressionAttributeNames: { '#position': 'position' },
    ExpressionAttributeValues: marshall({ ':from': from }),
  },
});

/**
 * Has the indexes find an event whose listing is gone, with the entries that it was appended with: a log that was restored has
 * others in their place, without listings.
 */
export async function indexAgain(item: EventItem): Promise<void> {
  const { Put } = putMoved(storedEvent(indexedItem(item)), item.position);
  await dynamodb.send(new PutItemCommand(Put as PutItemCommandInput));
}

/** That an entry waits no more. */
export const markFilled = (open: Pick<OpenItem, 'position' | 'entry'>): TransactWriteItem => ({
  Update: {
    TableName: tableName(),
    Key: marshall(openKey(open)),
    UpdateExpression: 'SET isFilled = :true',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(isFilled)',
    ExpressionAttributeValues: marshall({ ':true': true }),
  },
});

async function numbering({ event }: Received, position: number): Promise<TransactWriteItem[]> {
  const issued = issuedIn(event);
  if (!issued) return [];
  const { sk, issued: deflated } = await entriesWith(position);
  const known = decodeIssued(deflated);
  const all = [...known, [position - Number(sk), issued.merchantId, issued.number] as (typeof known)[number]];
  return [
    {
      Update: {
        TableName: tableName(),
        Key: marshall({ pk: 'entries', sk }),
        UpdateExpression: 'SET issued = :issued',
        ConditionExpression: deflated ? 'issued = :known' : 'attribute_not_exists(issued)',
        ExpressionAttributeValues: marshall({
          ':issued': encodeIssued(all.sort(([a], [b]) => a - b)),
          ...(deflated && { ':known': deflated }),
        }),
      },
    },
    {
      Update: {
        TableName: tableName(),
        Key: marshall(countedKey),
        UpdateExpression:
          'SET #size = :zero, version = if_not_exists(version, :zero) + :one, generation = if_not_exists(generation, :zero) + :one',
        ExpressionAttributeNames: { '#size': 'size' },
        ExpressionAttributeValues: marshall({ ':zero': 0, ':one': 1 }),
      },
    },
  ];
}
