import { ConditionalCheckFailedException, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type Seller, type SellerVersion, seller } from '@fanfold/contracts/seller';
import { defaultSeller } from '@fanfold/runtime/defaultSeller';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { tableName } from './table.ts';

/**
 * Notes the seller that a merchant has put in billing. Of several the one with the highest version stays, whatever order they
 * arrive in.
 */
export async function noteSeller(merchantId: string, { seller, version }: SellerVersion): Promise<void> {
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: tableName(),
        Key: { pk: { S: sellerKey(merchantId) } },
        // The write has no event.
        UpdateExpression: 'SET seller = :seller, version = :version, saysNothing = :true',
        ConditionExpression: 'attribute_not_exists(pk) OR version < :version',
        ExpressionAttributeValues: marshall({ ':seller': seller, ':version': version, ':true': true }),
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

/** Who issues a merchant's documents, as far as payments knows; null when it is not known. */
export async function sellerOf(merchantId: string): Promise<Seller | null> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: { pk: { S: sellerKey(merchantId) } } }),
  );
  if (Item) return seller.parse(unmarshall(Item).seller);
  return defaultSeller()?.seller ?? null;
}

/** The key of the item with a merchant's seller. */
export const sellerKey = (merchantId: string): string => `${merchantId}#seller`;
