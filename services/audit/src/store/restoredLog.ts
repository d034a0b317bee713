import { deflateRawSync } from 'node:zlib';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type Edge, encodeEdge } from '@fanfold/tlog/merkle';
import { encodeBundle } from '@fanfold/tlog/tile';
import { markFilled } from './filledEntries.ts';
import { type EntriesItem, entriesKey, headKey } from './log.ts';
import { lastOpenTime, type OpenEntry } from './openEntries.ts';
import { tableName } from './tables.ts';

// What a restoration writes, while nobody appends.

/** Moves the head to a state of the published tree, and notes from which times on events may have an entry that waits. */
export async function moveHeadTo(edge: Edge): Promise<void> {
  const openUntil = await lastOpenTime();
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(),
      Key: headKey,
      UpdateExpression: `SET #size = :size, edge = :edge, completesTile = :false${openUntil ? ', openUntil = :openUntil' : ''}`,
      ExpressionAttributeNames: { '#size': 'size' },
      ExpressionAttributeValues: marshall({
        ':size': Number(edge.size),
        ':edge': encodeEdge(edge),
        ':false': false,
        ...(openUntil && { ':openUntil': openUntil }),
      }),
    }),
  );
}

export async function putEntriesAgain(index: number, entries: Uint8Array[], root: Uint8Array): Promise<void> {
  const item: EntriesItem = {
    ...entriesKey(index),
    count: entries.length,
    deflated: deflateRawSync(encodeBundle(entries)),
    root,
  };
  await dynamodb.send(new PutItemCommand({ TableName: tableName(), Item: marshall(item) }));
}

/**
 * Takes out what the table has as entries from a position on, the last ones first: it was appended to a log that had been
 * put back, and never published. This is the only delete of anything in the log's table.
 */
export async function removeEntriesFrom(position: number): Promise<void> {
  for (;;) {
    const { Items = [] } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ProjectionExpression: 'pk, sk',
        ExpressionAttributeValues: marshall({
          ':pk': 'entries',
          ':first': entriesKey(position).sk,
          ':last': entriesKey(Number.MAX_SAFE_INTEGER).sk,
        }),
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: 100,
      }),
    );
    if (Items.length === 0) return;
    for (const Key of Items) {
      await dynamodb.send(new DeleteItemCommand({ TableName: tableName(), Key }));
    }
  }
}

/** Notes from where on events may be at the positions of others, if that is not noted yet; or that none is any more. */
export async function setForkedFrom(position: number | undefined): Promise<void> {
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(),
      Key: headKey,
      ...(position === undefined
        ? { UpdateExpression: 'REMOVE forkedFrom' }
        : {
            UpdateExpression: 'SET forkedFrom = if_not_exists(forkedFrom, :position)',
            ExpressionAttributeValues: marshall({ ':position': position }),
          }),
    }),
  );
}

/** Notes that the event of an entry is there, if the entry waits for it. */
export async function entryWaitsNoMore(open: OpenEntry): Promise<void> {
  try {
    await dynamodb.send(new UpdateItemCommand(markFilled(open).Update as UpdateItemCommandInput));
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
