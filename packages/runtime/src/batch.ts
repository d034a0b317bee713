import type { MessageAttributes } from './messageAttributes.ts';

/** What one call takes, in entries and in bytes of all of them together. */
export type Limits = { entries: number; bytes: number };

/** SNS PublishBatch and SQS SendMessageBatch take ten entries, and SNS 256 KiB, attributes included. */
export const messaging: Limits = { entries: 10, bytes: 256 * 1024 };

/** What a message takes of that; its attributes a little less than their JSON, which has more punctuation. */
export const messageBytes = ({ body, attributes }: { body: string; attributes: MessageAttributes }): number =>
  Buffer.byteLength(body) + Buffer.byteLength(JSON.stringify(attributes));

/** An answer of Lambda's: 6 MB, in which there is plenty of room for the rest of it. */
export const lambdaAnswer: Limits = { entries: Number.POSITIVE_INFINITY, bytes: 4_000_000 };

/** Splits a list by what one call takes: one batch of messages, unless other limits are given. */
export function chunksOf<Item>(
  items: Item[],
  bytesOf: (item: Item) => number,
  limits: Limits = messaging,
): Item[][] {
  const chunks: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const last = chunks.at(-1);
    if (!last || last.length === limits.entries || bytes + size > limits.bytes) {
      chunks.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return chunks;
}
