import { ChangeMessageVisibilityBatchCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { invoiceIssued } from '@fanfold/contracts/billing';
import { makeEvent } from '@fanfold/contracts/event';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, vi } from 'vitest';
import { byType, consume } from '../consume.ts';
import { contextWith, queueEvent } from '../invocationFixtures.ts';
import { captureOutput } from '../logFixtures.ts';

export const sqs = mockClient(SQSClient);
export const { logged, measured } = captureOutput();

beforeEach(() => {
  vi.stubEnv('EVENTS_QUEUE_URL', 'http://127.0.0.1/events');
  vi.stubEnv('EVENTS_DEAD_LETTER_QUEUE_URL', 'http://127.0.0.1/dead-letters');
  sqs.reset();
  sqs.on(SendMessageBatchCommand).callsFake(({ Entries }) => ({
    Successful: Entries.map(({ Id }: { Id: string }) => ({ Id })),
    Failed: [],
  }));
  sqs.on(ChangeMessageVisibilityBatchCommand).resolves({});
});
afterEach(() => {
  vi.unstubAllEnvs();
});

export const trace = {
  correlationid: 'req_1',
  causationid: 'pay_1:1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
export const totals = { net: 100, tax: 0, gross: 100, taxByRate: [] };
export const issued = (n: number) =>
  makeEvent(invoiceIssued, {
    subject: `inv_${n}`,
    n: 1,
    time: '2026-11-23T10:00:00.000Z',
    merchantid: 'acme',
    trace,
    data: {
      invoiceId: `inv_${n}`,
      number: `INV-2026-00000${n}`,
      issueDate: '2026-11-23',
      paymentId: `pay_${n}`,
      orderId: 'Ada’s order',
      currency: 'EUR',
      totals,
    },
  });
export const invoice = (n: number, changes: Record<string, unknown> = {}) =>
  JSON.stringify({ ...issued(n), ...changes });

export const succeeds = async () => {};
export const subscribedTypes = ['invoice.issued.v1'] as const;
export type Handle = (invoiceId: string) => Promise<void>;

/** Runs a consumer of invoices over a batch. */
export const run = (bodies: string[], handle: Handle = succeeds, remainingTimeMs?: number) =>
  consume(subscribedTypes, byType({ 'invoice.issued.v1': ({ data }) => handle(data.invoiceId) }))(
    queueEvent(bodies),
    contextWith(remainingTimeMs),
  );

export const failing =
  (...invoiceIds: string[]): Handle =>
  async (invoiceId) => {
    if (invoiceIds.includes(invoiceId)) throw new Error(`${invoiceId} failed`);
  };

export const failures = (...messages: number[]) => ({
  batchItemFailures: messages.map((n) => ({ itemIdentifier: `message-${n}` })),
});

/** The messages sent to the dead-letter queue: bodies with reasons. */
export const quarantined = () =>
  sqs.commandCalls(SendMessageBatchCommand).flatMap(({ args: [{ input }] }) =>
    (input.Entries ?? []).map(({ MessageBody, MessageAttributes }) => ({
      body: MessageBody,
      reason: MessageAttributes?.['quarantine-reason']?.StringValue,
      detail: MessageAttributes?.['quarantine-detail']?.StringValue,
    })),
  );
