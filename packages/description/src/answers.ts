import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiFile } from './service.ts';

// Holds answers against the published documents, for tests: an answer that a document does not describe is a fault.

/** An answer as a client gets it. */
export type Answered = { status: number; headers: Record<string, string>; body: string };

type Json = Record<string, unknown>;
type Content = { schema: Json; examples?: Record<string, { value: unknown }> };
type Response = {
  headers?: Record<string, { $ref?: string; required?: boolean; schema?: Json }>;
  content: Record<string, Content>;
};
type Operation = {
  operationId: string;
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, Response>;
};
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { headers: Record<string, { required?: boolean; schema: Json }> };
};

/** The operations of a service's committed document, and how to hold an answer against it. */
export type Described = {
  operationIds: string[];
  /** The operation that a request is for: `GET` and `/payments/pay_1?limit=1`. */
  operationOf(method: string, path: string): string | undefined;
  /** What is wrong with the examples of the document, by its own schemas. */
  exampleFaults(): string[];
  /** @throws when the document does not describe the answer, with each difference */
  check(operationId: string, answered: Answered): void;
};

const loaded = new Map<string, Described>();

export function describedBy(service: string): Described {
  const known = loaded.get(service) ?? read(service);
  loaded.set(service, known);
  return known;
}

/** Handlers of a service, by their function's name, that fail when what they answer is not described. */
export function described<Handlers extends Record<string, unknown>>(
  service: string,
  handlers: Handlers,
): Handlers {
  const checked = Object.entries(handlers as Record<string, (...input: never[]) => Promise<unknown>>).map(
    ([functionKey, handler]) => [
      functionKey,
      async (...input: never[]) => {
        const result = await handler(...input);
        describedBy(service).check(functionKey, answeredBy(result as Result));
        return result;
      },
    ],
  );
  return Object.fromEntries(checked);
}

type Result = {
  statusCode?: number;
  headers?: Record<string, unknown>;
  body?: string;
  isBase64Encoded?: boolean;
};

/** What a client gets of a function's result. */
export const answeredBy = ({
  statusCode = 0,
  headers = {},
  body = '',
  isBase64Encoded,
}: Result): Answered => ({
  status: statusCode,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').toString(),
});

function read(service: string): Described {
  const document = closed(JSON.parse(readFileSync(openApiFile(service), 'utf8'))) as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(document, 'openapi.json');
  const operations = new Map<string, { path: string; method: string; operation: Operation }>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      operations.set(operation.operationId, { path, method, operation });
    }
  }
  const compiled = new Map<string, ValidateFunction>();
  const faultsOf = (schema: Json, place: string, value: unknown): string[] => {
    const validate = compiled.get(place) ?? ajv.compile(absolute(schema) as Json);
    compiled.set(place, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const { additionalProperty } = params as { additionalProperty?: string };
      return `${instancePath || 'the body'} ${message}${additionalProperty ? ` (${additionalProperty})` : ''}`;
    });
  };

  function faultsIn(operation: Operation, { status, headers, body }: Answered): string[] {
    const response = operation.responses[status];
    if (!response) return [`the status ${status} is not among ${Object.keys(operation.responses)}`];
    const sent = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const contentType = sent.get('content-type') ?? '';
    const content = response.content[contentType];
    if (!content) return [`the type ${contentType} is not among ${Object.keys(response.content)}`];
    const place = `${operation.operationId} ${status} ${contentType}`;
    const value = /^application\/(problem\+)?json$/.test(contentType) ? JSON.parse(body) : body;
    const described = Object.entries(response.headers ?? {}).map(([name, header]) => {
      const { required, schema = {} } = header.$ref ? headerOf(header.$ref) : header;
      return { name, required, schema };
    });
    const names = new Set(described.map(({ name }) => name.toLowerCase()));
    return [
      ...faultsOf(content.schema, place, value),
      ...[...sent.keys()]
        .filter((name) => !names.has(name) && !ofEveryServer.has(name))
        .map((name) => `the header ${name} is not described`),
      ...described.flatMap(({ name, required, schema }) => {
        const text = sent.get(name.toLowerCase());
        if (text === undefined) return required ? [`the header ${name} is missing`] : [];
        return faultsOf(schema, `${place} ${name}`, schema.type === 'integer' ? Number(text) : text);
      }),
    ];
  }

  const headerOf = (reference: string) =>
    document.components.headers[reference.split('/').at(-1) as string] as {
      required?: boolean;
      schema: Json;
    };

  return {
    operationIds: [...operations.keys()],
    operationOf(method, path) {
      const [sent = ''] = path.split('?');
      const called = decoded(sent);
      return [...operations.values()].find(
        (known) => known.method === method.toLowerCase() && matches(known.path, called),
      )?.operation.operationId;
    },
    exampleFaults: () =>
      [...operations.values()].flatMap(({ operation: { operationId, requestBody, responses } }) =>
        Object.entries({ body: requestBody, ...responses }).flatMap(([part, has]) =>
          Object.entries(has?.content ?? {}).flatMap(([type, { schema, examples = {} }]) =>
            Object.entries(examples).flatMap(([name, { value }]) =>
              faultsOf(schema, `${operationId} ${part} ${type}`, value).map(
                (fault) => `${operationId} ${part}, the example ${name}: ${fault}`,
              ),
            ),
          ),
        ),
      ),
    check(operationId, answered) {
      const known = operations.get(operationId);
      const faults = known
        ? faultsIn(known.operation, answered)
        : [`there is no operation ${operationId}: run pnpm fanfold describe`];
      if (faults.length === 0) return;
      throw new Error(
        `services/${service}/openapi.json does not describe what ${operationId} answers:\n${faults.join('\n')}\n${answered.status} ${answered.body.slice(0, 2000)}`,
      );
    },
  };
}

/** Headers of the connection and of the gateway. */
const ofEveryServer = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'connection',
  'date',
  'keep-alive',
  'apigw-requestid',
]);

/** API Gateway decodes a path before it looks for its route, and leaves what it cannot decode. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replace(/\{path\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`).test(path);

/** References that are found from anywhere. */
const absolute = (value: unknown): unknown =>
  mapped(value, (object) =>
    typeof object.$ref === 'string' ? { ...object, $ref: `openapi.json${object.$ref}` } : object,
  );

/** With no more members than are described: what is not described must not be answered. */
const closed = (value: unknown): unknown =>
  mapped(value, (object) => {
    if (Array.isArray(object.allOf)) {
      const allOf = object.allOf.map(({ additionalProperties, ...part }: Json) => part);
      return { ...object, allOf };
    }
    if (
      !isObject(object.properties) ||
      object.additionalProperties !== undefined ||
      object.type === undefined
    ) {
      return object;
    }
    return { ...object, additionalProperties: false };
  });

function mapped(value: unknown, change: (object: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((entry) => mapped(entry, change));
  if (!isObject(value)) return value;
  return change(
    Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapped(inner, change)])),
  );
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
