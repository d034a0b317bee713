import { latencyMs } from '../contention/network.ts';
import { callMs } from '../cost/invocations.ts';

/** What a piece of work takes of a whole processor: so much, and so much for each event. */
export type Work = { baseMs: number; perEventMs: number };

/**
 * How long things take. What billing and audit take of a processor was measured (`pnpm bench --only contention`, a batch of 10
 * and one of 49); what the API, the publisher and payments' consumer take is an estimate, of 0.7 to 0.9 ms for each call of
 * the SDK and what they do beside it. A function has the share of a processor that its memory buys. Latencies are assumed.
 */
export type Times = {
  createPayment: Work;
  publish: Work;
  notePayment: Work;
  /** What billing does between reading and writing, which it does again when others came first. */
  bill: Work;
  /** What audit does before it reads the head, and after that. */
  seal: Work;
  append: Work;
  callMs: number;
  readMs: number;
  transactionMs: number;
  /** The payment provider's answer. */
  providerMs: number;
  /** What a queue's mapping takes for a batch beside the function: to receive, invoke and delete. */
  mappingMs: number;
  /** From the topic to the queue. */
  deliveryMs: number;
};

export const measuredTimes: Times = {
  createPayment: { baseMs: 4, perEventMs: 0 },
  publish: { baseMs: 1, perEventMs: 0.2 },
  notePayment: { baseMs: 1, perEventMs: 0.8 },
  bill: { baseMs: 1.5, perEventMs: 0.45 },
  seal: { baseMs: 1.5, perEventMs: 0.4 },
  append: { baseMs: 1, perEventMs: 0.15 },
  callMs,
  readMs: latencyMs.read,
  transactionMs: latencyMs.transaction,
  providerMs: 300,
  mappingMs: 20,
  deliveryMs: 20,
};
