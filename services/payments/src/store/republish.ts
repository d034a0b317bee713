import { type AttributeValue, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import type { DayClosing } from '../days/day.ts';
import type { Payment } from '../payment/payment.ts';
import { keyOf } from './items.ts';
import { tableName } from './table.ts';

/**
 * Makes the table's stream carry events of a payment again, by their numbers. Nothing else changes, so it needs no
 * condition: the events stay the same whatever is written meanwhile, and every other write has an image of its own.
 */
export const republishEvents = ({ merchantId, id }: Payment, numbers: number[], now: Date): Promise<void> =>
  touch(
    keyOf(merchantId, id),
    'SET said = :said, saidAgainAt = :now REMOVE saysNothing',
    { ':said': numbers },
    now,
  );

/** Makes the stream carry the closing of a merchant's day again, or a difference from the provider. */
export const republishWhole = (
  { merchantId, subject }: Pick<DayClosing, 'merchantId' | 'subject'>,
  now: Date,
): Promise<void> => touch(keyOf(merchantId, subject), 'SET saidAgainAt = :now REMOVE saysNothing', {}, now);

/** @throws ConditionalCheckFailedException when there is no such item */
async function touch(
  Key: Record<string, AttributeValue>,
  UpdateExpression: string,
  values: Record<string, unknown>,
  now: Date,
): Promise<void> {
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(),
      Key,
      UpdateExpression,
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: marshall({ ...values, ':now': now.toISOString() }),
    }),
  );
}
