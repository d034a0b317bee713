import type { EventDefinition } from '@fanfold/contracts/event';
import { currency, customer, line, totals } from '@fanfold/contracts/fields';
import { dayTotals } from '@fanfold/contracts/payments';
import * as z from 'zod';
import { type Conversion, componentSchemas, type JsonSchema, jsonSchemaOf } from '../jsonSchema.ts';
import type { Messaging, Queue, Subscription } from './messaging.ts';

export type AsyncApiParts = {
  /** The version of the service. */
  version: string;
  messaging: Messaging;
  /** The events that exist. */
  definitions: EventDefinition[];
  /** A real event of each type, by type. */
  examples: Record<string, unknown>;
};

/**
 * The AsyncAPI 3.0 document of a service (https://www.asyncapi.com/docs/reference/specification/v3.0.0): the events that
 * it sends to the topic, and those that it receives from its queue.
 *
 * The versions of the bindings are those that @asyncapi/parser knows, not the newest. Payloads are in AsyncAPI's own
 * format of schemas, because the parser does not look at those in another; so they have only keywords that mean the same
 * in JSON Schema draft-07 and 2020-12.
 */
export function asyncApiOf({ version, messaging, definitions, examples }: AsyncApiParts): object {
  const { service, topic, publisher, subscription } = messaging;
  const sent = publisher ? definitions.filter(({ source }) => source === `/${service}`) : [];
  const received = subscription ? definitions.filter(({ type }) => receives(subscription, type)) : [];
  const described = definitions.filter((each) => sent.includes(each) || received.includes(each));
  return {
    asyncapi: '3.0.0',
    info: {
      title: `Fanfold ${service} events`,
      version,
      description:
        'Events are CloudEvents 1.0 in structured JSON, published to one SNS topic and delivered raw to the queue of each ' +
        'subscriber: at least once, and in any order. `id` is the same in each delivery of an event, and `sequence` gives ' +
        'the order of the events of a subject. New fields may come at any time, so ignore what you do not know; a type keeps ' +
        'the meaning of all its fields for ever, and what would change one gets a new version of the type.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/cloudevents+json',
    servers: {
      ...(publisher && { sns: serverOf('sns', 'Amazon SNS') }),
      ...(subscription && { sqs: serverOf('sqs', 'Amazon SQS') }),
    },
    channels: {
      ...(publisher && { topic: topicChannel(topic, sent) }),
      ...(subscription && { queue: queueChannel(subscription, received) }),
    },
    operations: {
      ...(publisher && {
        [publisher.name]: {
          action: 'send',
          channel: { $ref: '#/channels/topic' },
          summary: publisher.description,
          messages: referencesTo('topic', sent),
          'x-handler': publisher.handler,
        },
      }),
      ...(subscription && {
        [subscription.consumer.name]: {
          action: 'receive',
          channel: { $ref: '#/channels/queue' },
          summary: subscription.consumer.description,
          messages: referencesTo('queue', received),
          bindings: { sns: subscriptionBinding(topic, subscription) },
          'x-handler': subscription.consumer.handler,
        },
      }),
    },
    components: componentsOf(
      Object.fromEntries(
        described.map((definition) => [definition.type, messageOf(definition, examples[definition.type])]),
      ),
    ),
  };
}

/** Whether a subscription's filter lets a type through. */
export const receives = ({ types }: Subscription, type: string): boolean => types?.includes(type) ?? true;

const serverOf = (protocol: 'sns' | 'sqs', title: string) => ({
  host: `${protocol}.{region}.amazonaws.com`,
  protocol,
  title,
  variables: { region: { description: 'The region of AWS that the stage is in.' } },
});

const stageParameter = { stage: { description: 'The stage, such as `production`.' } };

const topicChannel = (topic: string, definitions: EventDefinition[]) => ({
  address: topic,
  title: 'The topic of all events',
  description: 'The SNS topic that all services publish to.',
  servers: [{ $ref: '#/servers/sns' }],
  parameters: stageParameter,
  messages: messagesOf(definitions),
  bindings: { sns: { name: topic, bindingVersion: snsBinding } },
});

const queueChannel = (
  { queue, deadLetters, maxReceiveCount }: Subscription,
  received: EventDefinition[],
) => ({
  address: queue.name,
  title: 'The queue of the service',
  description: 'The SQS queue that the topic delivers the events to.',
  servers: [{ $ref: '#/servers/sqs' }],
  parameters: stageParameter,
  messages: messagesOf(received),
  bindings: {
    sqs: {
      queue: {
        ...queueBinding(queue),
        redrivePolicy: { deadLetterQueue: { name: deadLetters.name }, maxReceiveCount },
      },
      deadLetterQueue: queueBinding(deadLetters),
      bindingVersion: '0.2.0',
    },
  },
});

const queueBinding = ({ name, retentionSeconds, visibilityTimeoutSeconds }: Queue) => ({
  name,
  fifoQueue: false,
  visibilityTimeout: visibilityTimeoutSeconds,
  messageRetentionPeriod: retentionSeconds,
});

const snsBinding = '0.1.0';

const subscriptionBinding = (topic: string, { queue, types, undelivered }: Subscription) => ({
  topic: { name: topic },
  consumers: [
    {
      protocol: 'sqs',
      endpoint: { name: queue.name },
      ...(types && { filterPolicy: { type: types } }),
      rawMessageDelivery: true,
      redrivePolicy: { deadLetterQueue: { name: undelivered } },
    },
  ],
  bindingVersion: snsBinding,
});

const messagesOf = (definitions: EventDefinition[]) =>
  Object.fromEntries(definitions.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }]));

const referencesTo = (channel: string, definitions: EventDefinition[]) =>
  definitions.map(({ type }) => ({ $ref: `#/channels/${channel}/messages/${type}` }));

/** What several events have in common. */
const conversion: Conversion = {
  for: 'answer',
  components: { Currency: currency, Customer: customer, Line: line, Totals: totals, DayTotals: dayTotals },
};

/** The messages, with the schemas that they refer to. */
function componentsOf(messages: Record<string, object>): object {
  const schemas = new Map(Object.entries(componentSchemas(conversion)));
  const used = new Set<string>();
  const use = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      use(schemas.get(name));
    }
  };
  use(messages);
  return { messages, schemas: Object.fromEntries([...schemas].filter(([name]) => used.has(name))) };
}

function messageOf(definition: EventDefinition, example: unknown): object {
  const { type, description } = definition;
  const payload = payloadOf(definition);
  const { source, subject, merchantid } = payload.properties as Record<string, JsonSchema>;
  return {
    name: type,
    title: type,
    summary: description,
    contentType: 'application/cloudevents+json',
    correlationId: { location: '$message.payload#/correlationid' },
    headers: {
      type: 'object',
      description: 'The attributes of the message, by which subscriptions filter.',
      properties: {
        type: (payload.properties as Record<string, JsonSchema>).type,
        source,
        subject,
        merchantid,
      },
      required: ['type', 'source', 'subject', 'merchantid'],
    },
    payload,
    examples: [{ name: 'event', summary: `A real ${type}.`, payload: example }],
  };
}

/** The schema of a whole event: what is said of the envelope is the same for all types. */
function payloadOf({ type, schema }: EventDefinition): JsonSchema {
  const { shape, checks = [] } = schema._zod.def as unknown as z.core.$ZodObjectDef;
  const data = jsonSchemaOf(type, shape.data as z.ZodType, conversion);
  const envelope = z.object({ ...shape, data: z.null() }).check(...(checks as []));
  const event = jsonSchemaOf('Event', envelope, conversion);
  return { ...event, properties: { ...event.properties, data: { ...data, description: 'The facts.' } } };
}
