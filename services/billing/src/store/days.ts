import { type AttributeValue, QueryCommand, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import type { Document } from '../reconciliation.ts';
import { beginningOfNumber } from '../series.ts';
import { documentsOf, type Indexed } from './items.ts';
import { tableName } from './table.ts';

/** The consumer has 30 s. Reading so many takes about five seconds at 5,000 documents a page. */
const maxDocumentsRead = 500_000;

/**
 * A merchant's documents of a kind that may have been issued for events of a day. Sorted by number, dates of issue
 * never decrease within a prefix, and nothing is issued before it has happened. So of each prefix the newest are read first, until
 * the day is passed, with a day more for clocks that differ.
 *
 * @throws Unprocessable when there are too many since that day
 */
export async function documentsFor(
  merchantId: string,
  kind: 'invoice' | 'credit-note',
  date: string,
): Promise<Document[]> {
  const documents: Document[] = [];
  const earliest = new Date(Date.parse(date) - 86_400_000).toISOString().slice(0, 10);
  let [read, isMore] = [0, false];
  let start: Record<string, AttributeValue> | undefined;
  /** Where the numbers begin of which the rest is too old. */
  let passed: string | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        IndexName: 'ByMerchant',
        KeyConditionExpression: `#documents = :documents${passed === undefined ? '' : ' AND #number < :passed'}`,
        ExpressionAttributeNames: {
          '#documents': 'documents',
          ...(passed !== undefined && { '#number': 'number' }),
        },
        ExpressionAttributeValues: marshall({
          ':documents': documentsOf(merchantId, kind),
          ...(passed !== undefined && { ':passed': passed }),
        }),
        ScanIndexForward: false,
        ExclusiveStartKey: start,
      }),
    );
    const page = Items.map((item) => unmarshall(item) as Indexed);
    documents.push(...page.filter(({ happenedOn }) => happenedOn === date));
    read += page.length;
    const last = page.at(-1);
    // Behind the last one are only older ones of its prefix, and then those of other prefixes.
    const isPassed = last !== undefined && last.issueDate < earliest;
    if (isPassed) passed = beginningOfNumber(last.number);
    start = isPassed ? undefined : LastEvaluatedKey;
    isMore = isPassed || start !== undefined;
    if (isMore && read >= maxDocumentsRead) {
      throw new Unprocessable(
        'too-many-documents',
        `${merchantId} has more than ${maxDocumentsRead} documents since ${date}: compare that day by hand`,
      );
    }
  } while (isMore);
  return documents;
}

/**
 * The documents issued on a day (UTC), of one merchant or of all, page by page, by their keys. Only operators need
 * it, rarely: it scans the index of all documents, about 200 bytes each.
 */
export async function* issuedOn(date: string, merchantId?: string): AsyncGenerator<{ id: string }[]> {
  let start: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new ScanCommand({
        TableName: tableName(),
        IndexName: 'ByMerchant',
        FilterExpression: `issueDate = :date${merchantId === undefined ? '' : ' AND begins_with(pk, :merchant)'}`,
        ExpressionAttributeValues: marshall(
          { ':date': date, ':merchant': merchantId && `${merchantId}#` },
          { removeUndefinedValues: true },
        ),
        ExclusiveStartKey: start,
      }),
    );
    yield Items.map(({ pk }) => ({ id: pk?.S ?? '' }));
    start = LastEvaluatedKey;
  } while (start);
}

/**
 * The findings whose last event is of a day (UTC), the PDFs that were made on it and the sellers put on it, in the same way. They
 * are in no index, so it scans the table, about a kilobyte for a document.
 */
export async function* foundOrRenderedOn(
  date: string,
  merchantId?: string,
): AsyncGenerator<{ id: string }[]> {
  let start: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new ScanCommand({
        TableName: tableName(),
        FilterExpression: `(begins_with(finding.foundAt, :date) OR begins_with(rendering.renderedAt, :date) OR (begins_with(changedAt, :date) AND attribute_exists(said)))${merchantId === undefined ? '' : ' AND merchantId = :merchant'}`,
        ProjectionExpression: 'pk',
        ExpressionAttributeValues: marshall(
          { ':date': date, ':merchant': merchantId },
          { removeUndefinedValues: true },
        ),
        ExclusiveStartKey: start,
      }),
    );
    yield Items.map(({ pk }) => ({ id: pk?.S ?? '' }));
    start = LastEvaluatedKey;
  } while (start);
}

/** Makes the table's stream carry the event of a document, finding or PDF again. Nothing else changes, and no PDF is made. */
export async function republishDocument({ id }: { id: string }, now: Date): Promise<void> {
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(),
      Key: { pk: { S: id } },
      // Without a change there would be no record in the stream. The attributes' names are those of stored items.
      UpdateExpression: 'SET said = :said, saidAgainAt = :now REMOVE renders',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: marshall({ ':said': true, ':now': now.toISOString() }),
    }),
  );
}
