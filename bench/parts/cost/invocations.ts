import { subscribe } from 'node:diagnostics_channel';
import type { MeteredCloud } from './meteredCloud.ts';
import type { Unit, Used } from './prices.ts';

/**
 * Lambda gives a function a share of a processor by its memory, and a whole one at 1,769 MB.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
const wholeProcessorMb = 1769;

/** What a call takes from a function to an AWS service in its region. An assumption, not measured here. */
export const callMs = 5;

/** A line of the platform for each run: START, END and REPORT. An assumption, from what Lambda prints. */
const platformLogBytes = 350;

let calls = 0;
subscribe('http.client.request.created', () => {
  calls += 1;
});

/**
 * Runs functions one at a time and reckons what each run is billed: the processor's time that it takes here at the share
 * that its memory buys, and the time that its calls would take. What functions log is counted and not shown.
 */
export class Invocations {
  #used: Used[] = [];
  #logBytes = 0;
  #before: Promise<unknown> = Promise.resolve();
  readonly #cloud: MeteredCloud;

  constructor(cloud: MeteredCloud) {
    this.#cloud = cloud;
    process.stdout.write = (chunk: string | Uint8Array) => {
      this.#logBytes += Buffer.byteLength(chunk);
      return true;
    };
  }

  run<Result>(place: string, memoryMb: number, work: () => Promise<Result>): Promise<Result> {
    const turn = this.#before.then(() => this.#runNow(place, memoryMb, work));
    this.#before = turn.catch(() => undefined);
    return turn;
  }

  async #runNow<Result>(place: string, memoryMb: number, work: () => Promise<Result>): Promise<Result> {
    const callsBefore = calls;
    const cpuBefore = process.cpuUsage();
    this.#logBytes = 0;
    try {
      return await work();
    } finally {
      const { user, system } = process.cpuUsage(cpuBefore);
      const cpuMs = (user + system) / 1000;
      const durationMs = Math.ceil((cpuMs * wholeProcessorMb) / memoryMb + (calls - callsBefore) * callMs);
      this.#used.push(
        { unit: 'invocations', place, count: 1 },
        { unit: 'gigabyteSeconds', place, count: (durationMs / 1000) * (memoryMb / 1024) },
        { unit: 'logBytes', place, count: this.#logBytes + platformLogBytes },
      );
    }
  }

  /** What is used beside functions and their calls, such as a request of the API. */
  count(unit: Unit, place: string, count = 1): void {
    this.#used.push({ unit, place, count });
  }

  /** What was used since it was asked last, with what the cloud saw. */
  async take(): Promise<Used[]> {
    const taken = [...this.#used, ...(await this.#cloud.take())];
    this.#used = [];
    return taken;
  }
}

/**
 * What a queue's mapping asks of SQS for a batch: messages are put there, each on its own, and taken and deleted in tens
 * at most. AWS does not say whether what SNS puts into a queue is billed as a request: it is counted.
 *
 * @param arriveApart they came one after another, while a poller waited for each: a long poll ends with the first
 */
export const queueRequests = (place: string, messages: number, arriveApart: boolean): Used[] => [
  { unit: 'sqsRequests', place: `${place} delivered`, count: messages },
  {
    unit: 'sqsRequests',
    place: `${place} received`,
    count: arriveApart ? messages : Math.ceil(messages / 10),
  },
  { unit: 'sqsRequests', place: `${place} deleted`, count: Math.ceil(messages / 10) },
];
