import { defineEvent } from '@fanfold/contracts/event';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { definitions, documentOf, messagingFor } from '../events/messagingFixtures.ts';
import type { Consumer } from './consumers.ts';
import { type Descriptions, descriptionChanges } from './descriptionChanges.ts';

const services = [
  messagingFor('audit'),
  messagingFor('billing', ['payment.captured.v1', 'payment.refunded.v1']),
  messagingFor('payments', ['invoice.issued.v1']),
];
const describedBy = (defined = definitions, taking = services): Descriptions =>
  new Map(taking.map((messaging) => [messaging.service, { asyncApi: documentOf(messaging, defined) }]));

/** The catalog with other data of `payment.captured.v1`. */
function withCaptured(change: (data: z.ZodObject) => z.ZodType) {
  return definitions.map((definition) => {
    if (definition.type !== 'payment.captured.v1') return definition;
    const { shape } = definition.schema as unknown as z.ZodObject<{ data: z.ZodObject }>;
    return defineEvent({ ...definition, data: () => change(shape.data) });
  });
}

const audit = 'audit (services/audit/src/functions/consumer.handler)';
const billing = 'billing (services/billing/src/functions/consumer.handler)';

describe('An event', () => {
  test('without a field that it had is a break, with the handlers of those who subscribe', () => {
    const without = withCaptured((data) => data.omit({ customer: true }));
    expect(descriptionChanges(describedBy(), describedBy(without), [])).toEqual([
      {
        of: 'payment.captured.v1',
        pointer: '/data/customer',
        what: 'removed',
        effect: 'breaking',
        consumers: [audit, billing],
      },
    ]);
  });

  test('with a new optional field is compatible', () => {
    const added = withCaptured((data) => data.extend({ invoiceNumber: z.string().optional() }));
    expect(descriptionChanges(describedBy(), describedBy(added), [])).toEqual([
      {
        of: 'payment.captured.v1',
        pointer: '/data/invoiceNumber',
        what: 'added, optional',
        effect: 'compatible',
        consumers: [],
      },
    ]);
  });

  test('with a new required field is a break: it is not in the events of the log', () => {
    const added = withCaptured((data) => data.extend({ invoiceNumber: z.string() }));
    expect(descriptionChanges(describedBy(), describedBy(added), [])).toMatchObject([
      {
        pointer: '/data/invoiceNumber',
        what: 'added, required',
        effect: 'breaking',
        consumers: [audit, billing],
      },
    ]);
  });

  test('that nobody asks for any more can go, and one that somebody asks for cannot', () => {
    const without = (type: string) => definitions.filter((definition) => definition.type !== type);
    const gone = (type: string) => descriptionChanges(describedBy(), describedBy(without(type)), []);
    expect(gone('payment.failed.v1')).toMatchObject([
      { what: 'no longer published, and nobody asked for it', effect: 'compatible' },
    ]);
    expect(gone('payment.captured.v1')).toMatchObject([
      { what: 'no longer published', effect: 'breaking', consumers: [billing] },
    ]);
  });

  test('that is new, and a new subscriber, are compatible', () => {
    const payments = messagingFor('payments', []);
    const before = describedBy(
      definitions.filter(({ type }) => type !== 'payment.failed.v1'),
      [payments],
    );
    const after = describedBy(definitions, [
      payments,
      messagingFor('new-subscriber', ['payment.captured.v1']),
    ]);
    expect(descriptionChanges(before, after, [])).toMatchObject([
      {
        of: 'payment.captured.v1',
        what: 'new-subscriber (services/new-subscriber/src/functions/consumer.handler) subscribes',
        effect: 'compatible',
      },
      { of: 'payment.failed.v1', what: 'added', effect: 'compatible' },
    ]);
  });

  test('of another type in its attributes is a break for those who filter by them', () => {
    const [before, after] = [describedBy(), describedBy()];
    for (const { asyncApi } of after.values()) {
      const attributes = asyncApi.components.messages['payment.captured.v1']?.headers;
      delete attributes?.properties.subject;
      attributes?.required.splice(2, 1);
    }
    const changes = descriptionChanges(before, after, []);
    expect(changes).toMatchObject([
      { of: 'payment.captured.v1 message attributes', pointer: '/subject', consumers: [audit, billing] },
    ]);
  });
});

describe('A consumer of another repository', () => {
  const reads = (...pointers: string[]): Consumer[] => [
    { name: 'shop', reads: { 'payment.captured.v1': pointers } },
  ];
  const without = describedBy(withCaptured((data) => data.omit({ customer: true })));
  const hit = (consumers: Consumer[]) => descriptionChanges(describedBy(), without, consumers)[0]?.consumers;

  test('is named when a field that it reads is hit', () => {
    expect(hit(reads('/data/customer/name'))).toEqual([audit, billing, 'shop (consumers/shop.json)']);
  });

  test('is not named when it reads others', () => {
    expect(hit(reads('/data/amount', '/data/lines/0/taxRate'))).toEqual([audit, billing]);
  });

  test('keeps the event that it reads', () => {
    const failed = 'payment.failed.v1';
    const gone = describedBy(definitions.filter(({ type }) => type !== failed));
    const consumers = [{ name: 'shop', reads: { [failed]: ['/data/reason/code'] } }];
    expect(descriptionChanges(describedBy(), gone, consumers)).toMatchObject([
      { of: failed, effect: 'breaking', consumers: ['shop (consumers/shop.json)'] },
    ]);
  });

  test('that reads what neither state has is an error', () => {
    expect(() => hit(reads('/data/customers'))).toThrow('consumers/shop.json reads /data/customers');
  });
});

describe('An API', () => {
  // biome-ignore lint/suspicious/noExplicitAny: tests change it anywhere
  const api = (change: (document: any) => void = () => {}): Descriptions => {
    const document = {
      openapi: '3.1.1',
      info: { version: '1.2.0' },
      paths: {
        '/payments': {
          post: {
            operationId: 'createPayment',
            security: [{ accessToken: ['payments:write'] }],
            parameters: [
              {
                name: 'Idempotency-Key',
                in: 'header',
                required: true,
                schema: { type: 'string', maxLength: 9 },
              },
              { name: 'expand', in: 'query', schema: { type: 'string' } },
            ],
            requestBody: {
              content: { 'application/json': { schema: { $ref: '#/components/schemas/PaymentRequest' } } },
            },
            responses: {
              201: {
                headers: { 'Request-Id': { required: true, schema: { type: 'string' } } },
                content: { 'application/json': { schema: { $ref: '#/components/schemas/Payment' } } },
              },
              409: { description: 'A conflict.' },
            },
          },
        },
      },
      components: {
        schemas: {
          PaymentRequest: {
            type: 'object',
            properties: { amount: { type: 'integer' }, note: { type: 'string' } },
            required: ['amount'],
            additionalProperties: false,
          },
          Payment: {
            type: 'object',
            properties: { status: { enum: ['captured', 'failed'] } },
            required: ['status'],
          },
        },
      },
    };
    change(document);
    return new Map([['payments', { openApi: document }]]);
  };
  // biome-ignore lint/suspicious/noExplicitAny: tests change it anywhere
  type Change = (operation: any, document: any) => void;
  const changesOf = (change: Change) =>
    descriptionChanges(
      api(),
      api((document) => change(document.paths['/payments'].post, document)),
      [],
    ).map(({ of, pointer, what, effect }) => `${effect}: ${of} ${pointer} ${what}`);

  const post = 'POST /payments';
  const cases: [what: string, change: Change, expected: string[]][] = [
    ['the same', () => {}, []],
    [
      'no route',
      (_, document) => {
        document.paths = {};
      },
      [`breaking: ${post}  removed`],
    ],
    [
      'another route',
      (operation, document) => {
        document.paths['/payments'].get = operation;
      },
      ['compatible: GET /payments  added'],
    ],
    [
      'no status',
      ({ responses }) => {
        delete responses[409];
      },
      [`breaking: ${post} 409  removed`],
    ],
    [
      'another status',
      ({ responses }) => {
        responses[429] = {};
      },
      [`compatible: ${post} 429  added`],
    ],
    [
      'another name for the operation',
      (operation) => {
        operation.operationId = 'pay';
      },
      [`breaking: ${post}  operationId was createPayment, is pay`],
    ],
    [
      'another scope',
      ({ security }) => {
        security[0].accessToken.push('payments:read');
      },
      [
        `breaking: ${post}  security was {"accessToken":["payments:write"]}, is {"accessToken":["payments:write","payments:read"]}`,
      ],
    ],
    [
      'no access token needed',
      (operation) => {
        operation.security = [];
      },
      [`compatible: ${post}  security was {"accessToken":["payments:write"]}, is none`],
    ],
    [
      'a parameter less',
      ({ parameters }) => parameters.pop(),
      [`breaking: ${post} query parameter expand  removed`],
    ],
    [
      'a parameter that is required now',
      ({ parameters }) => {
        parameters[1].required = true;
      },
      [`breaking: ${post} query parameter expand  is required now`],
    ],
    [
      'an optional parameter more',
      ({ parameters }) => parameters.push({ name: 'limit', in: 'query', schema: {} }),
      [`compatible: ${post} query parameter limit  added, optional`],
    ],
    [
      'a required parameter more',
      ({ parameters }) => parameters.push({ name: 'limit', in: 'query', required: true, schema: {} }),
      [`breaking: ${post} query parameter limit  added, required`],
    ],
    [
      'a shorter header',
      ({ parameters }) => {
        parameters[0].schema.maxLength = 8;
      },
      [`breaking: ${post} header parameter Idempotency-Key  maxLength was 9, is 8`],
    ],
    [
      'a body that is required now',
      ({ requestBody }) => {
        requestBody.required = true;
      },
      [`breaking: ${post} request body  is required now`],
    ],
    [
      'no body',
      (operation) => {
        delete operation.requestBody;
      },
      [`breaking: ${post} request body  removed`],
    ],
    [
      'an optional field more in the body',
      (_, { components }) => {
        components.schemas.PaymentRequest.properties.reference = {};
      },
      [`compatible: ${post} request body /reference added, optional`],
    ],
    [
      'a field less in the body',
      (_, { components }) => {
        delete components.schemas.PaymentRequest.properties.note;
      },
      [`breaking: ${post} request body /note removed`],
    ],
    [
      'a value more in the answer, and one less',
      (_, { components }) => {
        components.schemas.Payment.properties.status.enum = ['captured', 'canceled'];
      },
      [
        `compatible: ${post} 201 /status can no longer be "failed"`,
        `breaking: ${post} 201 /status can also be "canceled"`,
      ],
    ],
    [
      'another media type in the answer',
      ({ responses }) => {
        responses[201].content = { 'application/xml': {} };
      },
      [`breaking: ${post} 201  application/json removed`, `breaking: ${post} 201  application/xml added`],
    ],
    [
      'no header in the answer',
      ({ responses }) => {
        responses[201].headers = {};
      },
      [`breaking: ${post} 201 header Request-Id  removed`],
    ],
    [
      'a header in the answer that can be absent now',
      ({ responses }) => {
        responses[201].headers['Request-Id'].required = false;
      },
      [`breaking: ${post} 201 header Request-Id  can be absent now`],
    ],
  ];

  test.each(cases)('with %s', (_, change, expected) => {
    expect(changesOf(change)).toEqual(expected);
  });

  test.each([
    ['1.3.0', 'breaking'],
    ['2.0.0', 'declared'],
    ['0.9.0', 'breaking'],
  ])('with a break in version %s after 1.2.0 is %s', (version, effect) => {
    const changes = changesOf((_, document) => {
      document.paths = {};
      document.info.version = version;
    });
    expect(changes).toEqual([`${effect}: ${post}  removed`]);
  });

  test('before its first release declares a break with the second number', () => {
    const version = (number: string) => api((document) => Object.assign(document.info, { version: number }));
    const after = api((document) => Object.assign(document, { info: { version: '0.2.0' }, paths: {} }));
    expect(descriptionChanges(version('0.1.9'), after, [])).toMatchObject([{ effect: 'declared' }]);
  });

  test('that is gone, and one that is new', () => {
    expect(descriptionChanges(api(), new Map(), [])).toMatchObject([{ of: post, effect: 'breaking' }]);
    expect(descriptionChanges(new Map(), api(), [])).toMatchObject([
      { of: 'API of payments', what: 'described now', effect: 'compatible' },
    ]);
  });
});
