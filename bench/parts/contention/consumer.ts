import { parentPort } from 'node:worker_threads';
import type { Event } from '@fanfold/contracts/event';
import { record } from '../../../services/audit/src/record/record.ts';
import { bill } from '../../../services/billing/src/bill.ts';
import type { BillableEvent } from '../../../services/billing/src/books.ts';

/** A batch for a consumer, and what came of it. */
export type Batch = { service: 'billing' | 'audit'; events: Event[] };
export type Outcome = {
  /** Which of the events have to come again, by their place in the batch. */
  failed: number[];
  /** What it took of a processor. */
  cpuMs: number;
};

// A thread of its own for each consumer, as each instance of a function has its own modules, connections and memory.
parentPort?.on('message', async ({ service, events }: Batch) => {
  const cpuBefore = process.threadCpuUsage();
  const failed = await (service === 'billing' ? billed(events) : recorded(events));
  const { user, system } = process.threadCpuUsage(cpuBefore);
  parentPort?.postMessage({ failed, cpuMs: (user + system) / 1000 } satisfies Outcome);
});

async function billed(events: Event[]): Promise<number[]> {
  const failures = await bill(events as BillableEvent[]);
  return [...failures.keys()].map((event) => events.indexOf(event));
}

async function recorded(events: Event[]): Promise<number[]> {
  const received = events.map((event) => ({ event, text: JSON.stringify(event) }));
  const failures = await record(received);
  return [...failures.keys()].map((each) => received.indexOf(each as (typeof received)[0]));
}
