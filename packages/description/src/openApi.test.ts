import { objectId, problem } from '@fanfold/runtime/answers';
import { listQuery } from '@fanfold/runtime/list';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { InexpressibleSchema } from './jsonSchema.ts';
import { type Exchange, openApiOf, type Route } from './openApi.ts';
import type { ApiDescription, Operation } from './operations.ts';

const thing = z.object({ object: z.literal('thing'), id: objectId('thing') });
const thingRequest = z.strictObject({ reason: z.string().max(10) });
const api = (
  operations: Record<string, Operation>,
  schemas: ApiDescription['schemas'] = {},
): ApiDescription => ({
  title: 'Things',
  description: 'Shows things.',
  schemas: { Thing: thing, Problem: problem, ...schemas },
  operations,
  problems: { thing_broken: { status: 409, when: 'It is broken.', headers: ['Retry-After'] } },
});
const getThing: Route = {
  functionKey: 'getThing',
  routeKey: 'GET /things/{id}',
  summary: 'Shows a thing',
  settings: { scope: 'things:read' },
};
const shown: Operation = {
  description: 'The thing.',
  path: { id: { schema: objectId('thing'), description: 'The id.' } },
  answers: { 200: { when: 'The thing.', schema: thing } },
};

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document has too many forms to name here
const documentOf = (description: ApiDescription, ...routes: Route[]): any =>
  recordedOf([], description, ...routes);

// biome-ignore lint/suspicious/noExplicitAny: as above
const recordedOf = (exchanges: Exchange[], description: ApiDescription, ...routes: Route[]): any =>
  openApiOf({ name: 'things', version: '1.0.0', api: description, routes }, exchanges);

describe('a route', () => {
  it('has what its handler requires: scope, parameters, and the codes of every such route', () => {
    const { get } = documentOf(api({ getThing: { ...shown, problems: ['thing_broken'] } }), getThing).paths[
      '/things/{id}'
    ];
    expect(get).toMatchObject({
      operationId: 'getThing',
      summary: 'Shows a thing',
      security: [{ accessToken: ['things:read'] }],
      parameters: [{ name: 'id', in: 'path', required: true, schema: { maxLength: 38 } }],
    });
    expect(Object.keys(get.responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
    expect(get.responses[409].description).toBe('`thing_broken`: It is broken.');
    expect(Object.keys(get.responses[409].headers)).toContain('Retry-After');
    expect(get.responses[200].content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/Thing',
    });
  });

  it('with a key of idempotency has its header, and the problems that come with it', () => {
    const route: Route = {
      ...getThing,
      functionKey: 'makeThing',
      routeKey: 'POST /things',
      settings: { scope: 'things:write', body: thingRequest, idempotent: true },
    };
    const made = { description: 'Makes it.', answers: { 201: { when: 'The thing.', schema: thing } } };
    const { post } = documentOf(api({ makeThing: made }, { ThingRequest: thingRequest }), route).paths[
      '/things'
    ];
    expect(post.parameters).toMatchObject([{ name: 'Idempotency-Key', in: 'header', required: true }]);
    expect(post.requestBody).toMatchObject({ required: true });
    expect(post.responses[409].description).toContain('request_in_progress');
    expect(() => documentOf(api({ makeThing: made }), route)).toThrow('The body of makeThing has no name');
  });

  it('says how many bytes its body may have, where those are others than usual', () => {
    const settings = { scope: 'things:write', body: thingRequest, idempotent: true };
    const made = { description: 'Makes it.', answers: { 201: { when: 'The thing.', schema: thing } } };
    const tooLarge = (more: object) =>
      documentOf(api({ makeThing: made }, { ThingRequest: thingRequest }), {
        ...getThing,
        functionKey: 'makeThing',
        routeKey: 'POST /things',
        settings: { ...settings, ...more },
      }).paths['/things'].post.responses[413].description;
    expect(tooLarge({})).toContain('`body_too_large`: The body has more than 32 KiB.');
    expect(tooLarge({ maxBodyBytes: 64 * 1024 })).toContain(
      '`body_too_large`: The body has more than 64 KiB.',
    );
  });

  it('shows the number that the text of a parameter stands for', () => {
    const route: Route = {
      ...getThing,
      routeKey: 'GET /things',
      settings: { scope: 'a', query: z.strictObject(listQuery) },
    };
    const { path, ...listed } = shown;
    const { get } = documentOf(api({ getThing: listed }), route).paths['/things'];
    expect(get.parameters[0]).toMatchObject({
      name: 'limit',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 10 },
    });
  });

  it.each([
    ['application/xml', '<thing/>', { examples: { oneThing: { summary: 'One thing', value: '<thing/>' } } }],
    ['application/pdf', undefined, {}],
  ])(
    'that answers with a file has what was recorded as its example, if it is text: %s',
    (contentType, answer, shownAs) => {
      const exchange = {
        operation: 'getThing',
        status: 200,
        summary: 'One thing',
        request: { parameters: {} },
      };
      const file: Operation = {
        ...shown,
        answers: { 200: { when: 'The file.', contentType, file: 'A thing.' } },
      };
      const { get } = recordedOf([{ ...exchange, answer }], api({ getThing: file }), getThing).paths[
        '/things/{id}'
      ];
      expect(get.responses[200].content).toEqual({
        [contentType]: { schema: { description: 'A thing.' }, ...shownAs },
      });
    },
  );

  it('that anybody may ask needs no token', () => {
    const { get } = documentOf(api({ getThing: shown }), { ...getThing, settings: {} }).paths['/things/{id}'];
    expect(get.security).toEqual([]);
    expect(Object.keys(get.responses)).not.toContain('401');
  });
});

describe('describing stops, with what to do, for', () => {
  it.each<[what: string, operations: Record<string, Operation>, message: string]>([
    [
      'a route without description',
      {},
      'getThing of things has a route and no description: add it to services/things/description.ts',
    ],
    [
      'a parameter of a path without schema',
      { getThing: { ...shown, path: {} } },
      'has {id}, which has no schema',
    ],
    [
      'a code that nobody explains',
      { getThing: { ...shown, problems: ['gone'] } },
      'the code gone, which nobody explains',
    ],
  ])('%s', (_what, operations, message) => {
    expect(() => documentOf(api(operations), getThing)).toThrow(InexpressibleSchema);
    expect(() => documentOf(api(operations), getThing)).toThrow(message);
  });
});
