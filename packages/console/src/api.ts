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
  lookAtDeadLetters: z.strictObject({}),
  deadLettersOf: z.strictObject({
    lookId: typed,
    group: z.int().min(0),
    from: z.int().min(0),
    limit: z.int().min(1).max(100),
  }),
  deadLetter: z.strictObject({ lookId: typed, messageId: typed }),
  actOnDeadLetters: z.strictObject({
    lookId: typed,
    chosen: z.union([
      z.strictObject({ messageId: typed }),
      z.strictObject({ group: z.int().min(0) }),
      z.strictObject({ all: z.literal(true) }),
    ]),
    action: z.union([
      z.strictObject({ verb: z.literal('redrive') }),
      z.strictObject({ verb: z.literal('discard'), reason: typed }),
      z.strictObject({ verb: z.literal('edit'), body: z.string().max(300_000), reason: typed }),
      z.strictObject({ verb: z.literal('put-aside'), reason: typed }),
      z.strictObject({ verb: z.literal('restore') }),
    ]),
    /** The oldest ones; null for all that are chosen. */
    count: z.int().min(1).nullable(),
    ratePerSecond: z.int().min(1).max(1000),
  }),
  trace: z.strictObject({
    id: typed,
    /** Empty for who is meant anyway: the merchant of a laptop, or nobody, as with what operators did. */
    merchant: typed,
  }),
  eventSchema: z.strictObject({ type: typed }),
  /** Each empty for all of them. */
  findings: z.strictObject({ date: typed, merchant: typed }),
  proof: z.strictObject({ merchant: typed, event: typed }),
  logKeys: z.strictObject({}),
  logFile: z.strictObject({ path: z.string().regex(/^(checkpoint|tile\/[\w/.]{1,100})$/) }),
  /** Of a payment, or of anything in its flow; the merchant as above. */
  payment: z.strictObject({ id: typed, merchant: typed }),
  /** Of an invoice or credit note. */
  documentFile: z.strictObject({
    id: typed,
    merchant: typed,
    form: z.union([
      z.strictObject({ show: z.literal('pdf') }),
      z.strictObject({
        show: z.enum(['ubl', 'cii']),
        profile: z.enum(['en16931', 'peppol', 'xrechnung']),
      }),
    ]),
  }),
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
  lookAtDeadLetters: Look;
  /** The oldest first. */
  deadLettersOf: { messages: DeadLetterRow[] };
  deadLetter: DeadLetterShown;
  /** It goes on by itself; what comes of it is told as it happens. */
  actOnDeadLetters: { number: number };
  trace: TraceShown;
  /** The JSON Schema of a type of event; null when it is none. */
  eventSchema: { schema: EventSchema | null };
  findings: FindingsShown;
  /** A proof file as audit serves it: https://c2sp.org/tlog-proof */
  proof: { file: string };
  /** The vkeys of the log and of its witness. */
  logKeys: { log: string; witness: string };
  /** A file of the log, in base64; null when there is none. */
  logFile: { base64: string | null };
  payment: PaymentShown;
  /** Where it can be fetched for a while. None as long as it is being made. */
  documentFile: { path: string; fileName: string } | { path: null };
};

/** What was found to be wrong, or missing, and what to do. */
export type FindingsShown = {
  /** From when on days were looked at. */
  from: string;
  isAnything: boolean;
  sections: { heading: string; lines: string[] }[];
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
  /** What can be paid, and how: nothing in AWS. */
  payable: Asked<'pay'>['what'][];
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
    /** Whose functions read it. Null for a queue that is no service's. */
    service: string | null;
    /** `all`, or `others` if its filter is no list of types. Null for one that is no subscriber's: its service fills it by itself. */
    types: string[] | 'all' | 'others' | null;
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

/** As much of a JSON Schema as is shown: https://json-schema.org/draft/2020-12 */
export type EventSchema = {
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  format?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  maxLength?: number;
  properties?: Record<string, EventSchema>;
  required?: string[];
  items?: EventSchema;
  anyOf?: EventSchema[];
};

/** Dead letters as they were seen at a time. What is done with a group later is done with these, and with none that came since. */
export type Look = {
  lookId: string;
  seenAt: string;
  total: number;
  groups: {
    queue: string;
    service: string;
    cause: string;
    /** Whether they are put aside. */
    isAside: boolean;
    count: number;
    oldest: string;
    /** How many of each type of event; what is no event has none. */
    types: Record<string, number>;
  }[];
  /** What could not be looked at, and when it can be, in sentences. */
  unseen: string[];
};

export type DeadLetterRow = {
  messageId: string;
  since: string;
  detail: string | null;
  /** Why and since when it is put aside; null if it is not. */
  aside: { reason: string; since: string } | null;
  id: string | null;
  type: string | null;
  subject: string | null;
  merchantId: string | null;
};

/** All there is to know of a dead letter. */
export type DeadLetterShown = DeadLetterRow & {
  queue: string;
  service: string;
  cause: string;
  /** Of the message in its service's queue, as its consumer's log names it. */
  sourceMessageId: string | null;
  attributes: Record<string, string>;
  body: string;
  /** Whether it may be sent with another body. */
  isEditable: boolean;
  /** What keeps it from being an event of its type, each with a JSON Pointer to its place in the body. */
  problems: { pointer: string; detail: string }[];
};

/** What something had part in: everything that followed from a request, or from a run of a scheduled function. */
export type TraceShown = {
  /** If the id is of one. The flow is of its event, if audit has that. */
  deadLetter: {
    messageId: string;
    queue: string;
    cause: string;
    detail: string | null;
    since: string;
    event: string | null;
  } | null;
  /** When what is recorded of it was made unreadable; null if it was not. */
  erasedAt: string | null;
  isErased: boolean;
  flows: { correlationId: string; startedAt: string; events: TracedEvent[] }[];
};

/** An event of a flow, after the one that caused it. */
export type TracedEvent = {
  id: string;
  type: string;
  source: string;
  subject: string;
  merchantId: string;
  time: string;
  recordedAt: string;
  /** How many causes it has in the flow, one behind the other. */
  depth: number;
  /** When its cause happened; when the flow started if that is not an event. */
  causedAt: string;
  isErased: boolean;
  /** As audit's API shows it. */
  event: unknown;
};

/** What the services know of a payment. */
export type PaymentShown = {
  merchantId: string;
  /** Further payments that what was asked for had part in. */
  others: string[];
  payment: PaymentFacts;
  /** Its own one, and those that reverse a credit note. */
  invoices: InvoiceShown[];
  /** The oldest first. */
  creditNotes: CreditNoteShown[];
  /** What is recorded of it, the oldest first. */
  history: { id: string; type: string; time: string; data: Record<string, unknown>; isErased: boolean }[];
};

/** What is shown of a payment, as payments' API describes it in services/payments/openapi.json. */
export type PaymentFacts = {
  id: string;
  status: string;
  amount: number;
  amountCaptured: number;
  amountRefunded: number;
  currency: string;
  paymentMethod: string;
  orderId: string;
  description: string | null;
  customer: { name: string; email: string | null };
  failure: { code: string; message: string } | null;
  cancellationReason: string | null;
  expiresAt: string | null;
  refunds: {
    id: string;
    amount: number;
    reason: string | null;
    status: string;
    creditNoteNumber: string | null;
    createdAt: string;
  }[];
  /** What the customer has to do before it goes on; only some providers ask for that. */
  nextAction?: unknown;
  /** At the bank; only some providers tell of them. */
  disputes?: unknown[];
  createdAt: string;
};

/** What is shown of an invoice or credit note, as billing's API describes it in services/billing/openapi.json. */
type DocumentFacts = {
  id: string;
  number: string;
  issueDate: string;
  currency: string;
  documents?: { format: 'ubl' | 'cii'; profile: 'en16931' | 'peppol' | 'xrechnung' }[];
};
export type InvoiceShown = DocumentFacts & { status: string; totals: { gross: number } };
export type CreditNoteShown = DocumentFacts & { refundId: string; amount: number; reason: string | null };

/** What is being done with dead letters, or was since the console started. */
export type Operation = {
  number: number;
  verb: 'redrive' | 'discard' | 'edit' | 'put-aside' | 'restore';
  /** What was chosen, for people. */
  what: string;
  startedAt: string;
  state: 'looking' | 'running' | 'done' | 'failed';
  total: number;
  done: number;
  /** The first ones of those that it could not be done with. */
  failed: { messageId: string; why: string }[];
  failedCount: number;
  /** How many of the chosen ones were not there any more. */
  goneCount: number;
  /** In the audit trail; null before it was ordered. */
  operationId: string | null;
  /** Why it ended before it was done. */
  sentence: string;
};

/** What an open page is sent as it happens. */
export type LiveMessage =
  | { picture: Picture }
  | { depths: Depth[] }
  | { events: SeenEvent[] }
  /** The newest first. */
  | { operations: Operation[] }
  /** What keeps it from being told more, in sentences; none when all is well. */
  | { troubles: string[] };
