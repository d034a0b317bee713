import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type Finding, type Noted, stillFound } from '@fanfold/runtime/finding';
import { orUnprocessable } from '@fanfold/runtime/unprocessable';
import type { Difference } from '../reconciliation.ts';
import { eventsOfItem, type FindingItem, findingSubject } from './items.ts';
import { readAll, tableName } from './table.ts';

const findingKey = (merchantId: string, date: string): string =>
  `${merchantId}#${findingSubject(date, merchantId)}`;

/** What was found of a merchant's day, if ever its documents differed from what payments said. */
export async function loadFinding(
  merchantId: string,
  date: string,
): Promise<Finding<Difference> | undefined> {
  const [item] = (await readAll([findingKey(merchantId, date)])) as FindingItem[];
  return item?.finding;
}

/**
 * Writes what was found of a merchant's day, in the place of what was known.
 *
 * @throws when another consumer wrote in between: the day has to be compared again; Unprocessable when it is more than
 *   an event can say
 */
export async function saveFinding(
  { finding, isNew }: Noted<Difference>,
  known: Finding<Difference> | undefined,
): Promise<void> {
  const { merchantId, date } = finding;
  const item: FindingItem = { pk: findingKey(merchantId, date), merchantId, finding, said: isNew };
  orUnprocessable('unpublishable', () => eventsOfItem(item));
  await dynamodb.send(
    new PutItemCommand({
      TableName: tableName(),
      Item: marshall(item),
      ...stillFound(known),
    }),
  );
}
