import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import type { Rendering } from '../files/rendering.ts';
import { type RenderingItem, renderingItem, renderingKey } from './items.ts';
import { tableName } from './table.ts';

/** The PDF of a document; undefined as long as there is none. */
export async function readRendering(merchantId: string, documentId: string): Promise<Rendering | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({
      TableName: tableName(),
      Key: marshall({ pk: renderingKey(merchantId, documentId) }),
      ConsistentRead: true,
    }),
  );
  return (Item && (unmarshall(Item) as RenderingItem).rendering) ?? undefined;
}

/** Says for ever which PDF a document has, and so publishes it. If another run was faster, its PDF is the document's. */
export const saveRendering = (merchantId: string, rendering: Rendering): Promise<boolean> =>
  put(renderingItem(merchantId, rendering), 'attribute_not_exists(rendering)', {});

/**
 * Has the table's stream carry the event of a document's issue to the renderer, unless it has a PDF, or somebody asked for it
 * since `askedBefore`.
 */
export const askForRendering = (issued: Event, now: Date, askedBefore: Date): Promise<boolean> =>
  put(
    {
      pk: renderingKey(issued.merchantid, issued.subject),
      merchantId: issued.merchantid,
      asked: JSON.stringify(issued),
      askedAt: now.toISOString(),
      said: false,
    },
    'attribute_not_exists(rendering) AND (attribute_not_exists(pk) OR askedAt < :askedBefore)',
    { ':askedBefore': askedBefore.toISOString() },
  );

/** @returns whether its condition was true */
async function put(
  item: RenderingItem,
  ConditionExpression: string,
  values: Record<string, string>,
): Promise<boolean> {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall(item),
        ConditionExpression,
        ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: marshall(values) }),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
