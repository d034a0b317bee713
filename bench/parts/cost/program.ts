import type { MeteredCloud } from './meteredCloud.ts';
import type { Used } from './prices.ts';

/** A design whose bill is reckoned: it takes payments, issues invoices and records what happened. */
export type Program = {
  name: string;
  /** What it is made of, in a line. */
  about: string;
  /** What of it is asked for, and runs, when nothing happens. Fanfold's is read from its templates. */
  standing?: { queues: number; clockRunsPerMonth: number };
  /** @param merchants take turns */
  start(cloud: MeteredCloud, merchants: number): Promise<RunningProgram>;
};

/** Everything that is used comes back, by the calls that it made and by the functions that were run. */
export type RunningProgram = {
  /** Low load: each payment is through before the next one comes, a second later. */
  payOneByOne(payments: number): Promise<Used[]>;
  /** Payments so far apart that nothing gathers, where that differs from low load. */
  payAlone?(payments: number): Promise<Used[]>;
  /** The best case of high load: all payments at once, so that every batch is full. */
  payTogether(payments: number): Promise<Used[]>;
  /** What the clocks of a minute use that has seen payments. */
  everyMinute?(): Promise<Used[]>;
  stop(): Promise<void>;
};

/** What so many payments used together. */
export type MeasuredLoad = { payments: number; used: Used[] };

export type MeasuredProgram = {
  alone?: MeasuredLoad;
  low: MeasuredLoad;
  high: MeasuredLoad;
  minute: Used[];
};
