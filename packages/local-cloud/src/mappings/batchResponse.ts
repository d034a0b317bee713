/**
 * Reads a function's response to a batch with ReportBatchItemFailures, as AWS was recorded to read it, for queues and
 * streams alike (semantics, finding 13):
 *
 * - nothing, `""`, `{}`, `[]`, and `batchItemFailures` that is missing, null or empty: every item succeeded. So a
 *   handler that swallows its errors and returns nothing loses the whole batch;
 * - an item identifier that is missing, empty, null or not in this batch, or a response of another shape: every item
 *   failed.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 *
 * @param itemIdentifiers of the batch: message ids, or sequence numbers.
 * @returns the identifiers of the failed items, or 'all' when the whole batch failed.
 */
export function failedItems(response: unknown, itemIdentifiers: readonly string[]): string[] | 'all' {
  if (response === undefined || response === null || response === '') return [];
  if (typeof response !== 'object') return 'all';
  if (Array.isArray(response)) return response.length === 0 ? [] : 'all';
  const { batchItemFailures } = response as { batchItemFailures?: unknown };
  if (batchItemFailures === undefined || batchItemFailures === null) return [];
  if (!Array.isArray(batchItemFailures)) return 'all';
  const failed = batchItemFailures.map((failure) => failure?.itemIdentifier);
  return failed.every((identifier) => itemIdentifiers.includes(identifier)) ? failed : 'all';
}
