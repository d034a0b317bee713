import * as z from 'zod';

// What the page asks its server, and what it is answered. The page imports types only, and so no zod.

/** A text that somebody typed: what it may be is looked at as the commands look at their arguments. */
const typed = z.string().max(300);

/** What each call is asked with. */
export const questions = {
  place: z.strictObject({}),
  pay: z.strictObject({ merchant: typed, what: z.enum(['payment', 'declined', 'timeout', 'refund']) }),
  switchTrigger: z.strictObject({
    service: typed,
    functionKey: typed,
    kind: z.enum(['queue', 'stream', 'schedule']),
    on: z.boolean(),
  }),
  switchTopic: z.strictObject({ on: z.boolean() }),
} as const;

export type Call = keyof typeof questions;
export type Asked<Name extends Call> = z.output<(typeof questions)[Name]>;

/** What each call is answered with. */
export type Answers = {
  place: PlaceOfConsole;
  /** What came of it, as a sentence, and whose flow shows more. */
  pay: { sentence: string; paymentId: string };
  switchTrigger: { operationId: string | null };
  switchTopic: { on: boolean };
};

/** What the page is for. */
export type PlaceOfConsole = {
  stage: string;
  region: string;
  account: string;
  /** Who does what is done here. */
  operator: string;
  /** Whether it is the stack of `dev`, where events of all merchants are seen and payments can be made. */
  isLocal: boolean;
  /** Whether SNS can be taken away: only by the process that runs it. */
  hasTopicSwitch: boolean;
  /** Whose objects are meant while nobody says otherwise. */
  merchant: string | null;
  /** At most so many calls a second are made while nobody asks for more; without a limit on a laptop. */
  callsPerSecond: number | null;
};

/** What runs functions of a service. */
export type TriggerShown = {
  functionKey: string;
  kind: 'queue' | 'stream' | 'schedule' | 'api';
  source: string;
  state: 'on' | 'off' | 'changing';
};

/** Who publishes, who subscribes to what, and where dead letters lie. */
export type Picture = {
  topic: string;
  isTopicAvailable: boolean;
  services: { name: string; publishes: boolean; triggers: TriggerShown[] }[];
  queues: {
    name: string;
    /** Null for a queue that is no service's. */
    service: string | null;
    /** `all`, or `others` if its filter is no list of types. */
    types: string[] | 'all' | 'others';
  }[];
  deadLetters: { name: string; service: string; kind: 'events' | 'subscription' | 'stream' }[];
};

/** How much there is at a queue, or at a bucket of dead letters. */
export type Depth = {
  name: string;
  waiting: number;
  inFlight: number;
  /** When the oldest of them was sent; null if none is there or nobody can tell. */
  oldestSince: string | null;
};

/** An event as it went by. */
export type SeenEvent = {
  id: string;
  type: string;
  source: string;
  subject: string;
  merchantId: string;
  time: string;
  correlationId: string;
};

/** What an open page is sent as it happens. */
export type LiveMessage =
  | { picture: Picture }
  | { depths: Depth[] }
  | { events: SeenEvent[] }
  /** What keeps it from being told more, in sentences; none when all is well. */
  | { troubles: string[] };
