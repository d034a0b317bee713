import * as z from 'zod';

/**
 * The envelope of every event: CloudEvents 1.0 in structured JSON
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md) with the extensions
 * `correlationid`, `causationid`, `sequence` and `traceparent` of that project, and `merchantid`, because
 * everything that Fanfold keeps belongs to one merchant.
 */
export type Event<Type extends string = string, Data = unknown> = {
  specversion: '1.0';
  /** `<subject>:<n>`, where n counts the subject's events from 1: a duplicate has nowhere to go. */
  id: string;
  /** Who said it, such as `/payments`. */
  source: string;
  type: Type;
  /** The aggregate that it is about, such as `pay_…`. */
  subject: string;
  /** When it happened, RFC 3339 in UTC. */
  time: string;
  datacontenttype: 'application/json';
  /** n of `id`, zero-padded to ten digits so that text order is number order. Contiguous per subject. */
  sequence: string;
  merchantid: string;
  /** The Request-Id of the HTTP request, or the id of the clock's run, that it all began with. */
  correlationid: string;
  /** What caused it directly: an event's id, a Request-Id, or a clock's run. */
  causationid: string;
  /** https://www.w3.org/TR/trace-context/#traceparent-header */
  traceparent: string;
  data: Data;
};

/** Everything that an event can be, declared once: its type, who says it, when, and what it carries. */
export type EventDefinition<Type extends string = string, Data extends z.ZodType = z.ZodType> = {
  type: Type;
  source: string;
  /** One sentence: when it is said. */
  description: string;
  schema: z.ZodType<Event<Type, z.output<Data>>>;
};

/** What a flow of work passes on from step to step, so that its events can be found together. */
export type Trace = Pick<Event, 'correlationid' | 'causationid' | 'traceparent'>;

/**
 * The largest event, encoded. The smallest limit of the way is the audit log's entry (65,535 bytes,
 * https://c2sp.org/tlog-tiles); SNS takes 256 KiB and CloudEvents asks carriers for 64 KiB.
 */
export const maxEventBytes = 48 * 1024;

/** How long ids may be, and names of types. An event's id is its subject's with a number. */
export const maxLength = { eventId: 160, subject: 128, correlationId: 128, type: 64 } as const;

/** Of an object of Fanfold's own. One check for all: each is run for every event that is read. */
export const identifier = (maxLength: number) =>
  z
    .string()
    .regex(
      new RegExp(`^[\\x21-\\x7e]{1,${maxLength}}$`),
      `must be 1 to ${maxLength} characters of printable ASCII without spaces`,
    );

/** What an event is about. As such it can be erased: nothing else may ever be taken for whom an event is about. */
export const subjectId = identifier(maxLength.subject);

/** A merchant's id, as in the `merchant_id` claim of an access token, or a reserved one. */
export const merchantId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');

/** Begins the ids of whom events can belong to without being a merchant. */
const reserved = '_';

/** No access token may name such a merchant. */
export const isReservedMerchantId = (id: string): boolean => id.startsWith(reserved);

/** Whose the operations of operators are: they concern the messages of many merchants, and belong to none of them. */
export const operatorMerchantId = `${reserved}operator`;

/** Not only what is said today: a log has events of types that are not said any more. */
export const eventType = z
  .string()
  .max(maxLength.type)
  .regex(/^[a-z][a-z.-]*\.v\d+$/, 'must be an event type such as "payment.captured.v1"');

const envelope = z.object({
  specversion: z.literal('1.0'),
  id: identifier(maxLength.eventId),
  source: identifier(64),
  type: identifier(maxLength.type),
  subject: subjectId,
  // To the nanosecond at most.
  time: z.iso.datetime().max(30),
  datacontenttype: z.literal('application/json'),
  sequence: z.string().regex(/^(?!0{10})\d{10}$/, 'must be ten digits and count from 1'),
  merchantid: merchantId,
  correlationid: identifier(maxLength.correlationId),
  causationid: identifier(maxLength.eventId),
  traceparent: z
    .string()
    .regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'must be a W3C traceparent'),
});

/**
 * Declares an event. Unknown fields are tolerated wherever its schema is used: a newer producer may send more.
 *
 * A schema is made when it is used: to make all of the catalog's took a tenth of a function's start.
 */
export function defineEvent<Type extends string, Data extends z.ZodType>(definition: {
  type: Type;
  source: string;
  description: string;
  data: () => Data;
}): EventDefinition<Type, Data> {
  const { type, source, description, data } = definition;
  let schema: EventDefinition<Type, Data>['schema'] | undefined;
  return {
    type,
    source,
    description,
    get schema() {
      schema ??= envelope
        .extend({ type: z.literal(type), source: z.literal(source), data: data() })
        .refine((event) => event.id === eventId(event.subject, Number(event.sequence)), {
          path: ['id'],
          message: 'must be the subject, a colon and the sequence number',
        }) as unknown as EventDefinition<Type, Data>['schema'];
      return schema;
    },
  };
}

/** The event that a definition describes. */
export type EventOf<Definition> =
  Definition extends EventDefinition<infer Type, infer Data> ? Event<Type, z.output<Data>> : never;

export const eventId = (subject: string, n: number): string => `${subject}:${n}`;

export const sequenceOf = (n: number): string => String(n).padStart(10, '0');

/**
 * The n-th event of a subject, checked against its definition and ready to be sent.
 *
 * Producers call this before they write: an event that no consumer could read is never stored.
 *
 * @throws z.ZodError when it does not fit its definition
 * @throws RangeError when it is larger than {@link maxEventBytes}
 */
export function makeEvent<Type extends string, Data extends z.ZodType>(
  definition: EventDefinition<Type, Data>,
  facts: { subject: string; n: number; time: string; merchantid: string; trace: Trace; data: z.output<Data> },
): Event<Type, z.output<Data>> {
  const { subject, n, time, merchantid, trace, data } = facts;
  const event = definition.schema.parse({
    specversion: '1.0',
    id: eventId(subject, n),
    source: definition.source,
    type: definition.type,
    subject,
    time,
    datacontenttype: 'application/json',
    sequence: sequenceOf(n),
    merchantid,
    ...trace,
    data,
  });
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes > maxEventBytes) {
    throw new RangeError(
      `${definition.type} of ${subject} is ${bytes} bytes; an event may have ${maxEventBytes}`,
    );
  }
  return event;
}
