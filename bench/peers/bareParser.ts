import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent } from 'aws-lambda';

/** What no consumer can do without: a message is parsed and routed by its type, and what fails is reported alone. */
export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const batchItemFailures: SQSBatchItemFailure[] = [];
  for (const { messageId, body } of Records) {
    try {
      await route(JSON.parse(body));
    } catch {
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
};

async function route(event: { type: string }): Promise<void> {
  switch (event.type) {
    case 'payment.captured.v1':
      return doNothing(event);
    case 'payment.refunded.v1':
      return doNothing(event);
    case 'invoice.issued.v1':
      return doNothing(event);
    case 'credit-note.issued.v1':
      return doNothing(event);
    default:
      throw new Error('unknown type');
  }
}

const doNothing = async (_event: unknown): Promise<void> => {};
