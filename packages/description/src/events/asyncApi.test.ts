import asyncApiSchema from '@asyncapi/specs/schemas/3.0.0-without-$id.json' with { type: 'json' };
import { eventTypes } from '@fanfold/contracts/catalog';
import { defineEvent } from '@fanfold/contracts/event';
import { eventsOfType } from '@fanfold/contracts/eventArbitraryFixtures';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import * as z from 'zod';
import { dereferenced, type JsonSchema } from '../compare/schemaChanges.ts';
import { documentOf, examples, messagingFor } from './messagingFixtures.ts';

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
const isAsyncApi = ajv.compile(asyncApiSchema);

const audit = documentOf(messagingFor('audit'));
const payloadOf = (type: string) =>
  dereferenced(audit, audit.components.messages[type].payload) as JsonSchema;

describe('The AsyncAPI document', () => {
  it.each([
    ['that receives all events', messagingFor('audit')],
    ['that receives some', messagingFor('billing', ['payment.captured.v1'])],
    ['that only publishes', { ...messagingFor('payments'), subscription: undefined }],
    ['that only subscribes', { ...messagingFor('loyalty', ['payment.captured.v1']), publisher: undefined }],
  ])('of a service %s is valid, bindings included', (_, messaging) => {
    const document = documentOf(messaging as ReturnType<typeof messagingFor>);
    expect(isAsyncApi(document), JSON.stringify(isAsyncApi.errors?.slice(0, 5))).toBe(true);
  });

  it('says what the service sends to the topic, and what its filter lets into its queue', () => {
    const { operations, channels, components } = documentOf(messagingFor('billing', ['payment.captured.v1']));
    const sent = [
      ...['invoice.issued.v1', 'invoice.rendered.v1', 'credit-note.issued.v1', 'credit-note.rendered.v1'],
      'seller.changed.v1',
      'billing.reconciliation-failed.v1',
    ];
    expect(operations.publisher.messages).toEqual(
      sent.map((type) => ({ $ref: `#/channels/topic/messages/${type}` })),
    );
    expect(operations.consumer).toMatchObject({
      action: 'receive',
      'x-handler': 'services/billing/src/functions/consumer.handler',
      messages: [{ $ref: '#/channels/queue/messages/payment.captured.v1' }],
      bindings: { sns: { consumers: [{ filterPolicy: { type: ['payment.captured.v1'] } }] } },
    });
    expect(channels.queue.bindings.sqs.queue).toMatchObject({
      name: 'fanfold-{stage}-billing-events',
      redrivePolicy: { maxReceiveCount: 20 },
    });
    expect(Object.keys(components.messages)).toEqual(['payment.captured.v1', ...sent]);
    expect(Object.keys(components.schemas)).toEqual(['Currency', 'Customer', 'Line', 'Totals', 'DayTotals']);
  });

  it('has no schemas that none of its messages refers to', () => {
    const { components } = documentOf(messagingFor('loyalty', ['payment.authorized.v1']));
    expect(Object.keys(components.schemas)).toEqual(['Currency']);
  });
});

test('An event that cannot be expressed stops the description with its type', () => {
  const points = defineEvent({
    type: 'points.given.v1',
    source: '/loyalty',
    description: 'Points were given.',
    data: () => z.object({ amount: z.string().transform(Number) }),
  });
  expect(() => documentOf(messagingFor('loyalty'), [points])).toThrow(
    'The schema points.given.v1/properties/amount is a transform: declare what goes over the wire.',
  );
});

describe.each(eventTypes)('The schema of %s', (type) => {
  const accepts = ajv.compile(payloadOf(type));

  test('accepts its example, which is in the document', () => {
    expect(accepts(examples[type]), JSON.stringify(accepts.errors)).toBe(true);
    expect(audit.components.messages[type].examples[0].payload).toEqual(examples[type]);
  });

  test('accepts every event that can be published', () => {
    fc.assert(
      fc.property(eventsOfType(type), (event) => {
        expect(accepts(event), JSON.stringify(accepts.errors)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('is open: whoever validates by it accepts fields that come later', () => {
    const extended = withUnknownFields(payloadOf(type), examples[type]);
    expect(JSON.stringify(extended)).toContain('addedLater');
    expect(accepts(extended), JSON.stringify(accepts.errors)).toBe(true);
  });
});

/** A value with a field more in each object that is no map. */
function withUnknownFields(schema: JsonSchema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withUnknownFields(schema.items as JsonSchema, item));
  if (typeof value !== 'object' || value === null) return value;
  const { properties, additionalProperties } = schema as Record<string, Record<string, JsonSchema>>;
  const members = Object.entries(value).map(([name, inner]) => [
    name,
    withUnknownFields((properties?.[name] ?? additionalProperties ?? {}) as JsonSchema, inner),
  ]);
  return { ...Object.fromEntries(members), ...(properties ? { addedLater: { deep: [1] } } : {}) };
}
