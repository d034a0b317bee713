import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { auditGapFound } from '@fanfold/contracts/audit';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type Finding, ifFindingUnchanged, type Noted } from '@fanfold/runtime/finding';
import { orUnprocessable } from '@fanfold/runtime/unprocessable';
import type { Gap } from '../compare/completeness.ts';
import { tableName } from './tables.ts';

/** A finding for each day with missing events. */
export type FindingItem = {
  /** `finding:<merchant>`. The keys of events always have a `#`. */
  pk: string;
  /** The day. */
  sk: string;
  finding: Finding<Gap>;
  /** Whether the publisher has an event for this write: the name that stored items and the stream's filter have. */
  said: boolean;
};

const findingKey = (merchantId: string, date: string) => ({ pk: `finding:${merchantId}`, sk: date });

/** The finding of a merchant's day, if there ever was one. */
export async function loadFinding(merchantId: string, date: string): Promise<Finding<Gap> | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({
      TableName: tableName(),
      Key: marshall(findingKey(merchantId, date)),
      ConsistentRead: true,
    }),
  );
  return Item && (unmarshall(Item) as FindingItem).finding;
}

/**
 * Writes the finding of a merchant's day, in place of the known one.
 *
 * @throws when another consumer has written meanwhile: the day has to be checked again; Unprocessable when it does
 *   not fit into an event
 */
export async function saveFinding(
  { finding, isNew }: Noted<Gap>,
  known: Finding<Gap> | undefined,
): Promise<void> {
  const item: FindingItem = { ...findingKey(finding.merchantId, finding.date), finding, said: isNew };
  // A finding that no consumer could read is never written.
  orUnprocessable('unpublishable', () => findingEventOf(finding));
  await dynamodb.send(
    new PutItemCommand({
      TableName: tableName(),
      Item: marshall(item),
      ...ifFindingUnchanged(known),
    }),
  );
}

export const findingEventOf = ({ merchantId, date, difference, n, foundAt, trace }: Finding<Gap>): Event =>
  makeEvent(auditGapFound, {
    subject: `gap_${date}_${merchantId}`,
    n,
    time: foundAt,
    merchantid: merchantId,
    trace,
    data: { date, ...difference },
  });
