import { DynamoDBClient, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach } from 'vitest';
import { receivedOf } from '../record/receivedFixtures.ts';
import { asksFor, dataKey, stubTables } from '../storeFixtures.ts';
import { itemOf, listingOf, storedEvent } from './eventItems.ts';
import { encodeListings, type Listing } from './listings.ts';
import { entriesKey, padded } from './log.ts';

export const dynamodb = mockClient(DynamoDBClient);

beforeEach(() => {
  dynamodb.reset();
  stubTables(dynamodb, ['acme#pay_1']);
});

/** What is asked of the log and not of the keys. */
export const inLog = asksFor('audit');

export const recordedAt = '2026-11-23T10:00:01.000Z';

const eventAt = (position: number) =>
  itemOf(receivedOf('pay_1', position + 1), dataKey, position, recordedAt);

/** An event as the table has it. */
export const itemAt = (position: number) => storedEvent(eventAt(position));

export const listingAt = (position: number, changed: Partial<Listing> = {}): Listing => ({
  ...listingOf(eventAt(position)),
  ...changed,
});

/** A table whose listings are where these say. What is in no place is found by nothing. */
export function stubListings({
  merged = [],
  recent = [],
  unread = [],
  indexed = [],
  mergedUntil = untilOf(merged.flat()),
}: {
  /** Listings of each piece, of each answer. */
  merged?: Listing[][][];
  /** Of each batch that is not merged yet. */
  recent?: Listing[][];
  /** Batches between those that are merged and these, of each answer, when merging has stood still. */
  unread?: Listing[][][];
  /** Of each answer of the index. */
  indexed?: Listing[][];
  /** Less than that when more is merged after it was read. */
  mergedUntil?: number;
}): void {
  const state = { mergedFrom: 0, mergedUntil, unlistedUntil: untilOf(indexed) };
  dynamodb.on(QueryCommand, { KeyConditionExpression: 'pk = :pk', ScanIndexForward: false }).resolves({
    Items: [
      marshall({ sk: 'merged', ...state }),
      ...(unread.length > 0 ? recent.concat(fillers(recent)) : recent).map(batchItem).reverse(),
    ],
  });
  const between = unread.map((batches, i) => ({
    Items: batches.map(batchItem),
    ...(i + 1 < unread.length && { LastEvaluatedKey: next(i) }),
  }));
  dynamodb
    .on(QueryCommand, { KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last' })
    .callsFake(inTurn(between));
  const pages = merged.map((pieces, i) => ({
    Items: pieces.map((listed) =>
      marshall({ sk: padded(listed.at(-1)?.position ?? 0), listed: encodeListings(listed) }),
    ),
    ...(i + 1 < merged.length && { LastEvaluatedKey: next(i) }),
  }));
  dynamodb.on(QueryCommand, { KeyConditionExpression: 'pk = :pk AND sk >= :first' }).callsFake(inTurn(pages));
  const answers = indexed.map((listed, i) => ({
    Items: listed.map(({ merchantId, subject, ...rest }) =>
      marshall({ pk: `${merchantId}#${subject}`, ...rest }),
    ),
    ...(i + 1 < indexed.length && { LastEvaluatedKey: next(i) }),
  }));
  dynamodb.on(QueryCommand, { IndexName: 'ByMerchant' }).callsFake(inTurn(answers));
  dynamodb.on(ScanCommand, { IndexName: 'ByMerchant' }).callsFake(inTurn(answers));
}

/** Batches of another merchant, so that the first read has no more than the last ones. */
const fillers = (recent: Listing[][]): Listing[][] =>
  Array.from({ length: 31 - recent.length }, (_, i) => [
    listingAt(untilOf(recent) + i, { merchantId: 'another' }),
  ]);

const untilOf = (listings: Listing[][]): number =>
  listings.flat().reduce((until, { position }) => Math.max(until, position + 1), 0);

export const batchItem = (listings: Listing[]) => {
  const index = listings[0]?.position ?? 0;
  const listed = encodeListings(listings.map((each) => ({ ...each, position: each.position - index })));
  return marshall({ sk: entriesKey(index).sk, count: listings.length, listed });
};

/** Each answer in the place where the one before ended. */
const inTurn =
  (answers: object[]) =>
  ({ ExclusiveStartKey }: { ExclusiveStartKey?: { position: { N: string } } }) =>
    answers[ExclusiveStartKey ? Number(ExclusiveStartKey.position.N) + 1 : 0] ?? { Items: [] };

export const next = (position: number) => marshall({ position });

export const isNotUp = () => false;
export const isUp = () => true;
