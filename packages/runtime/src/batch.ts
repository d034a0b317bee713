/** SNS PublishBatch and SQS SendMessageBatch take ten entries, */
const maxEntries = 10;
/** and SNS 256 KiB for all of them together, attributes included. */
const maxBatchBytes = 256 * 1024;

/** Splits a list by what one batch call takes, in count and in bytes. */
export function chunksOf<Item>(items: Item[], bytesOf: (item: Item) => number): Item[][] {
  const chunks: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const last = chunks.at(-1);
    if (!last || last.length === maxEntries || bytes + size > maxBatchBytes) {
      chunks.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return chunks;
}
