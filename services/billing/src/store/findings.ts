import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type Finding, ifFindingUnchanged, type Noted } from '@fanfold/runtime/finding';
import { orUnprocessable } from '@fanfold/runtime/unprocessable';
import type { Difference } from '../reconciliation.ts';
import { eventsOfItem, type FindingItem, findingItem, findingKey } from './items.ts';
import { readAll, tableName } from './table.ts';

/** The finding of a merchant's day, if its documents ever differed from the counts of payments. */
export async function loadFinding(
  merchantId: string,
  date: string,
): Promise<Finding<Difference> | undefined> {
  const [item] = (await readAll([findingKey(merchantId, date)])) as FindingItem[];
  return item?.finding;
}

/**
 * Writes the finding of a merchant's day, in place of the known one.
 *
 * @throws when another consumer has written meanwhile: the day has to be compared again; Unprocessable when it does
 *   not fit into an event
 */
export async function saveFinding(
  { finding, isNew }: Noted<Difference>,
  known: Finding<Difference> | undefined,
): Promise<void> {
  const item = findingItem(finding, isNew);
  orUnprocessable('unpublishable', () => eventsOfItem(item));
  await dynamodb.send(
    new PutItemCommand({
      TableName: tableName(),
      Item: marshall(item),
      ...ifFindingUnchanged(known),
    }),
  );
}

/**
 * Marks a finding as mended.
 *
 * @returns whether it did: not when another run has written it since it was read
 */
export async function saveMended(known: Finding<Difference>, now: Date): Promise<boolean> {
  try {
    await saveFinding({ finding: { ...known, mendedAt: now.toISOString() }, isNew: false }, known);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
