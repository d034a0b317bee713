import { maxEventBytes } from '@fanfold/contracts/event';
import type { EndpointSettings } from '@fanfold/runtime/http';
import { bareKey, quotedKey } from '@fanfold/runtime/idempotency';
import type * as z from 'zod';
import {
  type Conversion,
  componentSchemas,
  InexpressibleSchema,
  type JsonSchema,
  jsonSchemaOf,
} from './jsonSchema.ts';
import type { Answer, ApiDescription, Operation, Problem } from './operations.ts';
import { commonCodes, commonProblems } from './problems.ts';

/** A route of a service as it is deployed, with the settings of the function behind it. */
export type Route = {
  functionKey: string;
  /** As in `GET /payments/{id}`. */
  routeKey: string;
  summary: string;
  settings: EndpointSettings;
};

/** A request and what the API answered to it, recorded. */
export type Exchange = {
  operation: string;
  status: number;
  /** What the example shows, in a few words. */
  summary: string;
  request: { parameters: Record<string, string>; body?: unknown };
  /** Without it, a file that is no text. */
  answer?: unknown;
};

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of a service. */
export function openApiOf(
  service: { name: string; version: string; api: ApiDescription; routes: Route[] },
  exchanges: Exchange[],
): Json {
  const { name, version, api, routes } = service;
  const conversion: Omit<Conversion, 'for'> = {
    components: api.schemas,
    refinements: api.refinements,
    notes: api.notes,
    // What is shown was in an event, and no event is larger.
    unlimited: { characters: maxEventBytes, entries: 1000 },
  };
  const context: Context = {
    name,
    api,
    exchanges,
    request: { ...conversion, unlimited: undefined, for: 'request' },
    query: { ...conversion, unlimited: undefined, for: 'query' },
    answer: { ...conversion, for: 'answer' },
  };
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[pathOf(route)] = {
      ...paths[pathOf(route)],
      [methodOf(route)]: operationOf(route, context),
    };
  }
  const scopes = [...new Set(routes.flatMap(({ settings }) => [settings.scope, settings.operatorScope]))];
  return {
    openapi: '3.1.1',
    info: {
      title: api.title,
      version,
      summary: api.description.split('. ')[0],
      description: `${api.description}\n\n${conventions}`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [serverOf(name)],
    tags: [{ name, description: api.description }],
    paths,
    components: {
      schemas: { ...schemasOf(routes, context), GatewayProblem: gatewayProblem },
      headers: usedHeaders(paths),
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: `An access token of the stage's issuer, a JWT (RFC7519) that is verified as RFC8725 says. Its claim \`scope\` has the scopes of the operation: ${scopes.filter(Boolean).sort().join(', ')}. On a laptop \`pnpm fanfold token\` prints one.`,
        },
      },
    },
  };
}

type Context = {
  name: string;
  api: ApiDescription;
  exchanges: Exchange[];
  request: Conversion;
  query: Conversion;
  answer: Conversion;
};

const conventions = `Times are RFC 3339 in UTC. Lists come in pages: \`limit\` says how long a page is, and with \`startingAfter\`, the id of the last object of a page, the next one begins; \`hasMore\` says whether there is one. Answers may get further members: ignore those that you do not know. Requests with members that are not known are refused.

Problems are \`application/problem+json\` (RFC 9457) with a \`code\` for programs. A path that does not exist is answered with 404 \`route_not_found\`, and another method of a path that does with 405 \`method_not_allowed\` and \`Allow\`. Each answer of the service has a \`Request-Id\`; those of API Gateway itself, such as 429 to too many requests, are \`{"message": "…"}\` without it.`;

function serverOf(name: string): Json {
  return {
    url: '/',
    description: `Where this document is served: a stage's API of ${name}, or on a laptop its port of \`pnpm dev\`.`,
    // The audience, for linters: merchants' programs.
    'x-internal': false,
  };
}

const methodOf = ({ routeKey }: Route): string => (routeKey.split(' ')[0] as string).toLowerCase();

/** A variable that takes slashes too has no notation of its own in OpenAPI. */
const pathOf = ({ routeKey }: Route): string => (routeKey.split(' ')[1] as string).replaceAll('+}', '}');

function operationOf(route: Route, context: Context): Json {
  const { functionKey, summary, settings } = route;
  const operation = context.api.operations[functionKey] ?? sharedOperations[functionKey];
  if (!operation) {
    throw new InexpressibleSchema(
      `The function ${functionKey} of ${context.name} has a route and no description: add it to services/${context.name}/description.ts.`,
    );
  }
  const scopes = [settings.scope, settings.operatorScope].filter((scope) => scope !== undefined);
  return {
    operationId: functionKey,
    summary,
    description: [operation.description, ...scopeSentence(settings)].join('\n\n'),
    tags: [context.name],
    security: scopes.map((scope) => ({ accessToken: [scope] })),
    ...nonEmpty('parameters', parametersOf(route, operation, context)),
    ...(settings.body && { requestBody: requestBodyOf(route, settings.body, context) }),
    responses: responsesOf(route, operation, context),
  };
}

function scopeSentence({ scope, operatorScope }: EndpointSettings): string[] {
  if (scope === undefined) return ['Needs no access token.'];
  const operators = operatorScope
    ? ` With \`${operatorScope}\` instead it shows what operators did, which belongs to no merchant.`
    : '';
  return [`Needs the scope \`${scope}\`.${operators}`];
}

const nonEmpty = (key: string, list: unknown[]) => (list.length > 0 ? { [key]: list } : {});

/** The operation that every service has. */
const sharedOperations: Record<string, Operation> = {
  getOpenApi: {
    description: 'This document.',
    answers: {
      200: {
        when: 'An OpenAPI 3.1 document.',
        contentType: 'application/json',
        file: 'An OpenAPI 3.1 document.',
      },
    },
  },
};

// Parameters.

function parametersOf(route: Route, operation: Operation, context: Context): Json[] {
  const { functionKey, routeKey, settings } = route;
  const inPath = [...routeKey.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => {
    const parameter = operation.path?.[name];
    if (!parameter) {
      throw new InexpressibleSchema(
        `The path of ${functionKey} has {${name}}, which has no schema: add it to services/${context.name}/description.ts.`,
      );
    }
    const schema = jsonSchemaOf(`${functionKey}.${name}`, parameter.schema, context.answer);
    return { name, in: 'path', required: true, description: parameter.description, schema };
  });
  return [
    ...inPath,
    ...queryParameters(functionKey, settings.query, context),
    ...(settings.idempotent ? [idempotencyKey] : []),
  ].map((parameter) => ({ ...parameter, ...parameterExamples(functionKey, parameter.name, context) }));
}

function queryParameters(functionKey: string, query: z.core.$ZodType | undefined, context: Context) {
  if (!query) return [];
  const { def } = query._zod as z.core.$ZodObject['_zod'];
  // Also the rules between parameters are told, or stop here.
  const whole = jsonSchemaOf(`${functionKey}.query`, query, context.query);
  const described = (whole.properties ?? {}) as Record<string, JsonSchema>;
  const rule = whole.description === undefined ? '' : ` ${whole.description}`;
  return Object.entries(def.shape).map(([name, schema]) => {
    const { description = '', ...asText } = described[name] as JsonSchema;
    const isLast = name === Object.keys(def.shape).at(-1);
    return {
      name,
      in: 'query',
      required: false,
      description: `${description}${isLast ? rule : ''}`,
      schema: valueSchema(`${functionKey}.${name}`, schema, context) ?? asText,
    };
  });
}

/** What the text of a parameter stands for, where that is more than a text; undefined otherwise. */
function valueSchema(name: string, schema: z.core.$ZodType, context: Context): JsonSchema | undefined {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  if (def.type === 'default') {
    const value = valueSchema(name, def.innerType, context);
    return value && { ...value, default: def.defaultValue };
  }
  if (def.type === 'optional') return valueSchema(name, def.innerType, context);
  if (def.type !== 'pipe' || (def.out._zod.def as { type: string }).type === 'transform') return undefined;
  return jsonSchemaOf(name, def.out, context.query);
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description:
    'A key of your choice for this request, such as a random UUID, bare or as a quoted string. A repetition with the same key has no second effect, and is answered with the object as it is now. Keys belong to the merchant and the route.',
  schema: { type: 'string', minLength: 1, maxLength: 512, pattern: `${bareKey.source}|${quotedKey.source}` },
};

function parameterExamples(functionKey: string, name: string, { exchanges }: Context): Json {
  const found = exchanges.find(
    ({ operation, status, request }) =>
      operation === functionKey && status < 400 && request.parameters[name] !== undefined,
  );
  if (!found) return {};
  const value = found.request.parameters[name] as string;
  return { example: name === 'limit' ? Number(value) : value };
}

// Bodies.

function requestBodyOf(route: Route, body: z.core.$ZodType, context: Context): Json {
  const isRequired = !body._zod.optin && !acceptsNothing(body);
  const examples = context.exchanges.filter(
    ({ operation, status, request }) =>
      operation === route.functionKey && request.body !== undefined && (status < 400 || status === 402),
  );
  return {
    required: isRequired,
    content: {
      'application/json': {
        schema: reference(`${route.functionKey}.body`, body, context.request),
        ...examplesOf(examples.map(({ summary, request }) => ({ summary, value: request.body }))),
      },
    },
  };
}

/** A request without a body counts as one with `{}`. */
const acceptsNothing = (body: z.core.$ZodType): boolean => (body as z.ZodType).safeParse({}).success;

/** A schema, or a reference to it if it has a name. */
const reference = (name: string, schema: z.core.$ZodType, conversion: Conversion): JsonSchema =>
  jsonSchemaOf(name, schema, conversion);

const examplesOf = (examples: { summary: string; value: unknown }[]): Json =>
  examples.length === 0
    ? {}
    : { examples: Object.fromEntries(examples.map((example) => [nameOf(example.summary), example])) };

/** `A payment in euros`: `aPaymentInEuros` */
const nameOf = (summary: string): string =>
  summary
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');

function responsesOf(route: Route, operation: Operation, context: Context): Json {
  const { functionKey, settings } = route;
  const explained = { ...commonProblems(settings), ...context.api.problems };
  const codes = [...new Set([...commonCodes(settings), ...(operation.problems ?? [])])];
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const problem = explained[code];
    if (!problem) {
      throw new InexpressibleSchema(
        `${functionKey} answers with the code ${code}, which nobody explains: add it to the problems of services/${context.name}/description.ts.`,
      );
    }
    byStatus.set(problem.status, [...(byStatus.get(problem.status) ?? []), code].sort());
  }
  const answers = Object.entries(operation.answers).map(([status, answer]) => [
    status,
    answerOf(route, Number(status), answer, context),
  ]);
  const problems = [...byStatus].map(([status, those]) => [
    String(status),
    problemsOf(
      functionKey,
      status,
      those.map((code) => [code, explained[code] as Problem]),
      context,
    ),
  ]);
  const described = new Map<string, Json>([...answers, ...problems] as [string, Json][]);
  for (const [status, when] of Object.entries(gatewayAnswers)) {
    // Only a path with variables can be one that the gateway cannot read.
    if (status === '400' && operation.path === undefined) continue;
    described.set(status, withGatewayAnswer(described.get(status), when));
  }
  return Object.fromEntries([...described].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What API Gateway answers by itself, in place of a function: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const gatewayAnswers: Record<string, string> = {
  400: 'API Gateway cannot read the path.',
  413: 'API Gateway: the body has more than 10 MB.',
  429: 'API Gateway: there are too many requests. Send fewer, and repeat this one later.',
  500: 'API Gateway: the function failed. Repeat the request, with the same Idempotency-Key if it has one.',
  503: 'API Gateway: the function did not answer in time. Repeat the request, with the same Idempotency-Key if it has one.',
};

function withGatewayAnswer(response: Json | undefined, when: string): Json {
  const {
    description,
    content,
    headers: own,
    ...rest
  } = (response ?? {}) as {
    description?: string;
    content?: Json;
    headers?: Record<string, Json>;
  };
  return {
    description: [description, when].filter(Boolean).join('\n\n'),
    // The gateway sets none of them.
    ...(own && { headers: own }),
    ...rest,
    content: { ...content, 'application/json': { schema: { $ref: '#/components/schemas/GatewayProblem' } } },
  };
}

function answerOf({ functionKey, settings }: Route, status: number, answer: Answer, context: Context): Json {
  const recorded = context.exchanges.filter(
    (exchange) => exchange.operation === functionKey && exchange.status === status,
  );
  const own = 'file' in answer ? (answer.headers ?? {}) : {};
  const content =
    'schema' in answer
      ? {
          'application/json': {
            schema: reference(`${functionKey}.${status}`, answer.schema, context.answer),
            ...examplesOf(
              recorded.map((exchange) => ({ summary: exchange.summary, value: exchange.answer })),
            ),
          },
        }
      : { [answer.contentType]: fileContent(answer, recorded) };
  return {
    description: answer.when,
    headers: {
      ...headerReferences(['Request-Id', 'Cache-Control']),
      ...(settings.idempotent && headerReferences(['Idempotent-Replayed'])),
      ...Object.fromEntries(
        Object.entries(own).map(([name, description]) => [
          name,
          { description, required: true, schema: { type: 'string', maxLength: 512 } },
        ]),
      ),
    },
    content,
    ...(answer.links && { links: linksOf(answer.links) }),
  };
}

function fileContent({ contentType, file }: Extract<Answer, { file: string }>, recorded: Exchange[]): Json {
  if (contentType === 'application/json') return { schema: { type: 'object', description: file } };
  const isPlain = contentType.startsWith('text/');
  return {
    schema: { ...(isPlain && { type: 'string', maxLength: maxEventBytes }), description: file },
    ...examplesOf(
      recorded.flatMap(({ summary, answer }) => (answer === undefined ? [] : { summary, value: answer })),
    ),
  };
}

const linksOf = (links: NonNullable<Answer['links']>): Json =>
  Object.fromEntries(
    Object.entries(links).map(([operationId, parameters]) => [
      operationId,
      {
        operationId,
        parameters: Object.fromEntries(
          Object.entries(parameters).map(([name, pointer]) => [name, `$response.body#${pointer}`]),
        ),
      },
    ]),
  );

function problemsOf(
  functionKey: string,
  status: number,
  problems: [code: string, problem: Problem][],
  context: Context,
): Json {
  const names = [...new Set(problems.flatMap(([, problem]) => problem.headers ?? []))];
  const recorded = context.exchanges.filter(
    ({ operation, status: answered }) => operation === functionKey && answered === status,
  );
  return {
    description: problems.map(([code, { when }]) => `\`${code}\`: ${when}`).join('\n\n'),
    headers: {
      ...headerReferences(['Request-Id', 'Cache-Control', ...names]),
      ...(status === 402 && headerReferences(['Idempotent-Replayed'])),
    },
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            {
              type: 'object',
              properties: {
                status: { const: status },
                code: { type: 'string', enum: problems.map(([code]) => code) },
              },
            },
          ],
        },
        ...examplesOf(recorded.map(({ summary, answer }) => ({ summary, value: answer }))),
      },
    },
  };
}

const headerReferences = (names: string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Those of {@link headers} that an answer refers to. */
function usedHeaders(paths: Json): Json {
  const text = JSON.stringify(paths);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => text.includes(`#/components/headers/${name}"`)),
  );
}

const headers: Record<string, Json> = {
  'Request-Id': {
    description: 'The id of the request. Name it when you ask for help.',
    schema: { type: 'string', pattern: '^req_[0-9a-f]{32}$', maxLength: 36 },
  },
  'Cache-Control': {
    description: 'How long the answer may be kept.',
    schema: { type: 'string', maxLength: 100 },
  },
  'Idempotent-Replayed': {
    description: 'That the request had been made before with this key, and nothing was done again.',
    schema: { type: 'string', const: 'true' },
  },
  'Retry-After': {
    description: 'After how many seconds to repeat the request.',
    schema: { type: 'integer', format: 'int64', minimum: 1, maximum: 900 },
  },
  'WWW-Authenticate': {
    description: 'What the access token lacks: https://www.rfc-editor.org/rfc/rfc6750#section-3',
    required: true,
    schema: { type: 'string', maxLength: 512 },
  },
  'Accept-Encoding': {
    description: 'The encoding that is accepted.',
    schema: { type: 'string', const: 'identity' },
  },
};

// Components.

const gatewayProblem = {
  type: 'object',
  description: 'What API Gateway answers by itself, before or in place of a function.',
  required: ['message'],
  properties: { message: { type: 'string', maxLength: 100, description: 'What happened, for people.' } },
};

/** Named schemas of requests are those that bodies refer to; all others are of answers. */
function schemasOf(routes: Route[], { api, request, answer }: Context): Record<string, JsonSchema> {
  const ofRequests = new Set(Object.keys(api.schemas).filter((name) => name.endsWith('Request')));
  for (const { settings, functionKey } of routes) {
    const isNamed = Object.entries(api.schemas).some(
      ([name, schema]) => schema === settings.body && ofRequests.has(name),
    );
    if (settings.body && !isNamed) {
      throw new InexpressibleSchema(
        `The body of ${functionKey} has no name: add its schema as …Request to the schemas of description.ts.`,
      );
    }
  }
  const requests = componentSchemas(request);
  const answers = componentSchemas(answer);
  return Object.fromEntries(
    Object.keys(api.schemas).map((name) => [
      name,
      (ofRequests.has(name) ? requests : answers)[name] as JsonSchema,
    ]),
  );
}
