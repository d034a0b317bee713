import type { EventOfType } from '@fanfold/contracts/catalog';

export type Captured = EventOfType<'payment.captured.v1'>;

/** A way to get events from a publisher to a consumer, through one topic and one queue. */
export type Way = {
  /** What it is, in a line. */
  about: string;
  /** Connects to a topic and a queue of that name, which nobody else has, and begins to consume. */
  start(options: WayOptions): Promise<RunningWay>;
};

export type WayOptions = {
  /** Of the emulator of SNS and SQS. */
  endpoint: string;
  name: string;
  /** Called for each event that its handler got. */
  handled: (event: { id: string }) => void;
};

export type RunningWay = {
  /** Publishes events as fast as it can; resolves when all are at the topic. */
  publish(events: Captured[]): Promise<void>;
  /** Receives nothing more, and resolves when what was received is deleted. */
  stop(): Promise<void>;
};

/** How many publishers there are, and how many batches are handled at once. */
export const concurrency = 4;
