import * as z from 'zod';
import { inOrder } from './inOrder.ts';
import { nonPersonal } from './personal.ts';

/**
 * The envelope of every event: CloudEvents 1.0 in structured JSON
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md) with the extensions
 * `correlationid`, `causationid`, `sequence` and `traceparent` of that project, and `merchantid`, because all data
 * belongs to a merchant.
 */
export type Event<Type extends string = string, Data = unknown> = {
  specversion: '1.0';
  /** `<subject>:<n>`, where n counts the subject's events from 1. So a duplicate always has the same id. */
  id: string;
  /** The publisher, such as `/payments`. */
  source: string;
  type: Type;
  /** The aggregate that the event is about, such as `pay_…`. */
  subject: string;
  /** When it happened, RFC 3339 in UTC. */
  time: string;
  datacontenttype: 'application/json';
  /** n of `id`, zero-padded to ten digits, so that it sorts as text. Contiguous per subject. */
  sequence: string;
  merchantid: string;
  /** The Request-Id of the HTTP request, or the id of the scheduled run, in which the flow began. */
  correlationid: string;
  /** The direct cause: an event's id, a Request-Id, or the id of a scheduled run. */
  causationid: string;
  /** https://www.w3.org/TR/trace-context/#traceparent-header */
  traceparent: string;
  data: Data;
};

/** The definition of an event: its type, its publisher, when it is published, and its schema. */
export type EventDefinition<Type extends string = string, Data extends z.ZodType = z.ZodType> = {
  type: Type;
  source: string;
  /** One sentence: when it is published. */
  description: string;
  schema: z.ZodType<Event<Type, z.output<Data>>>;
};

/** The identifiers that each step of a flow passes on, so that its events can be found together. */
export type Trace = Pick<Event, 'correlationid' | 'causationid' | 'traceparent'>;

/**
 * The largest event, encoded. Of the limits on its way the smallest is that of an entry in the audit log (65,535
 * bytes, https://c2sp.org/tlog-tiles); SNS takes 256 KiB, and CloudEvents asks intermediaries to forward 64 KiB.
 */
export const maxEventBytes = 48 * 1024;

/** As UTF-8. Browsers read events too, and have no `Buffer`. */
export const bytesIn = (text: string): number => new TextEncoder().encode(text).length;

/** The maximum lengths of ids and of names of types. An event's id is its subject's with a number. */
export const maxLength = { eventId: 160, subject: 128, correlationId: 128, type: 64 } as const;

/** The id of an object. One check only, because it runs for every event that is read. */
export const identifier = (maxLength: number) =>
  nonPersonal(
    z
      .string()
      .regex(
        new RegExp(`^[\\x21-\\x7e]{1,${maxLength}}$`),
        `must be 1 to ${maxLength} characters of printable ASCII without spaces`,
      ),
  );

/**
 * The subject of an event. An operator can order its erasure, so it may have no form that such an order could not
 * have.
 */
export const subjectId = identifier(maxLength.subject);

/** A merchant's id, as in the `merchant_id` claim of an access token, or a reserved one. */
export const merchantId = nonPersonal(
  z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -'),
);

/** The first character of reserved ids, which belong to no merchant. */
const reserved = '_';

/** No access token may name such a merchant. */
export const isReservedMerchantId = (id: string): boolean => id.startsWith(reserved);

/** The merchant id of operators' events: they concern messages of many merchants, and belong to none of them. */
export const operatorMerchantId = `${reserved}operator`;

/** Whose an id must be, whatever merchant is given: operators' records have a merchant id of their own. */
export const ownerOf = (id: string): string | undefined =>
  id.startsWith('op_') ? operatorMerchantId : undefined;

/** Any type, not only those of the catalog: the log has events of types that are not published any more. */
export const eventType = nonPersonal(
  z
    .string()
    .max(maxLength.type)
    .regex(/^[a-z][a-z.-]*\.v\d+$/, 'must be an event type such as "payment.captured.v1"'),
);

export const envelope = z.object({
  specversion: z.literal('1.0'),
  id: identifier(maxLength.eventId),
  source: identifier(64),
  type: identifier(maxLength.type),
  subject: subjectId,
  // At most nanoseconds.
  time: nonPersonal(z.iso.datetime().max(30)),
  datacontenttype: z.literal('application/json'),
  sequence: nonPersonal(z.string().regex(/^(?!0{10})\d{10}$/, 'must be ten digits and count from 1')),
  merchantid: merchantId,
  correlationid: identifier(maxLength.correlationId),
  causationid: identifier(maxLength.eventId),
  traceparent: nonPersonal(
    z.string().regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'must be a W3C traceparent'),
  ),
});

/**
 * Declares an event. Its schema accepts unknown fields, because a newer publisher may send more.
 *
 * The schema is made at its first use. To make all schemas of the catalog took a tenth of a function's cold start.
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

/**
 * The data subject of an event, within its merchant. If the event belongs to a payment, that payment: it stands for
 * the customer who paid, as it has the customer's details. Otherwise, or if the payment's id could not be in an order
 * to erase, the event's own subject.
 */
export function dataSubjectOf({ subject, data }: Event): string {
  const { paymentId } = Object(data) as { paymentId?: unknown };
  const payment = subjectId.safeParse(paymentId);
  return payment.success ? payment.data : subject;
}

export const eventId = (subject: string, n: number): string => `${subject}:${n}`;

export const sequenceOf = (n: number): string => String(n).padStart(10, '0');

/**
 * The n-th event of a subject, validated against its definition.
 *
 * Publishers call this before they write, so that an event that no consumer could read is never stored.
 *
 * @throws z.ZodError when it does not fit its definition
 * @throws RangeError when it is larger than {@link maxEventBytes}
 */
export function makeEvent<Type extends string, Data extends z.ZodType>(
  definition: EventDefinition<Type, Data>,
  facts: { subject: string; n: number; time: string; merchantid: string; trace: Trace; data: z.output<Data> },
): Event<Type, z.output<Data>> {
  const { subject, n, time, merchantid, trace, data } = facts;
  const parsed = definition.schema.parse({
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
  // Published again it has to be the same to the letter: the log has its hash.
  const event = inOrder(definition.schema, parsed);
  const bytes = bytesIn(JSON.stringify(event));
  if (bytes > maxEventBytes) {
    throw new RangeError(
      `${definition.type} of ${subject} is ${bytes} bytes; an event may have ${maxEventBytes}`,
    );
  }
  return event;
}
