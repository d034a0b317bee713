import { type Consumer, isHit, requireFields } from './consumers.ts';
import {
  dereferenced,
  type JsonSchema,
  type Reading,
  type SchemaChange,
  schemaChanges,
} from './schemaChanges.ts';

/** The documents of a service, as they are in its openapi.json and asyncapi.json. */
export type ServiceDocuments = { openApi?: Document; asyncApi?: Document };

/** The documents of all services, by service. */
export type Descriptions = Map<string, ServiceDocuments>;

export type Change = {
  /** An operation of an API with the part of it, or the type of an event. */
  of: string;
  /** The field, as a JSON Pointer in which `*` stands for any item or any member. Empty for the whole. */
  pointer: string;
  what: string;
  /** A breaking change of an API whose new version says so is declared; one of an event never is. */
  effect: 'compatible' | 'declared' | 'breaking';
  /** Whom a breaking change of an event hits. */
  consumers: string[];
};

// biome-ignore lint/suspicious/noExplicitAny: documents of any version, whose form is looked at as far as it is there
type Document = any;

/**
 * All changes between two states of the descriptions, in the order of services and events.
 *
 * @param consumers of other repositories
 * @throws InvalidConsumer when one of them reads what neither state has
 */
export function descriptionChanges(
  before: Descriptions,
  after: Descriptions,
  consumers: Consumer[],
): Change[] {
  const services = [...new Set([...before.keys(), ...after.keys()])].sort();
  return [
    ...services.flatMap((service) =>
      apiChanges(service, before.get(service)?.openApi, after.get(service)?.openApi),
    ),
    ...eventChanges(before, after, consumers),
  ];
}

function apiChanges(service: string, before: Document, after: Document): Change[] {
  if (!before && !after) return [];
  if (!before) return [{ ...nowhere, of: `API of ${service}`, what: 'described now' }];
  const isDeclared = after && declaresBreak(before.info.version, after.info.version);
  const [old, current] = [operationsOf(before), operationsOf(after ?? {})];
  const changes = [...new Set([...old.keys(), ...current.keys()])].flatMap((route) => {
    const [was, is] = [old.get(route), current.get(route)];
    if (!is) return [breaking(route, 'removed')];
    if (!was) return [compatible(route, 'added')];
    return operationChanges(route, was, is);
  });
  return changes.map((change) =>
    isDeclared && change.effect === 'breaking' ? { ...change, effect: 'declared' } : change,
  );
}

/** Semantic versioning: a break raises the first number, or the second one as long as the first is 0. */
function declaresBreak(before: string, after: string): boolean {
  const [[oldMajor = 0, oldMinor = 0], [major = 0, minor = 0]] = [before, after].map((version) =>
    version.split('.').map(Number),
  ) as [number[], number[]];
  return major > oldMajor || (major === 0 && oldMajor === 0 && minor > oldMinor);
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** The operations of an API without references, by method and path. */
function operationsOf(document: Document): Map<string, Document> {
  return new Map(
    Object.entries<Document>(document.paths ?? {}).flatMap(([path, item]) =>
      methods
        .filter((method) => item[method])
        .map((method): [string, Document] => {
          const operation = dereferenced(document, item[method]) as Document;
          const shared = dereferenced(document, item.parameters ?? []) as Document[];
          const parameters = [...shared, ...(operation.parameters ?? [])];
          return [
            `${method.toUpperCase()} ${path}`,
            { security: document.security, ...operation, parameters },
          ];
        }),
    ),
  );
}

function operationChanges(route: string, before: Document, after: Document): Change[] {
  return [
    ...(before.operationId === after.operationId
      ? []
      : [breaking(route, `operationId was ${before.operationId}, is ${after.operationId}`)]),
    ...securityChanges(route, before.security ?? [], after.security ?? []),
    ...partChanges(parametersOf(before), parametersOf(after), (name, was, is) => {
      const of = `${route} ${name}`;
      if (!is) return [breaking(of, 'removed')];
      if (!was) return [is.required ? breaking(of, 'added, required') : compatible(of, 'added, optional')];
      return [...requiredChange(of, was, is), ...valueChanges(of, was.schema, is.schema, 'request')];
    }),
    ...bodyChanges(`${route} request body`, before.requestBody, after.requestBody),
    ...partChanges(before.responses, after.responses, (status, was, is) => {
      const of = `${route} ${status}`;
      if (!is) return [breaking(of, 'removed')];
      if (!was) return [compatible(of, 'added')];
      return [...contentChanges(of, was, is, 'response'), ...headerChanges(of, was, is)];
    }),
  ];
}

/** An operation asks for one of several schemes, each with scopes of which all are needed. */
function securityChanges(route: string, before: Document[], after: Document[]): Change[] {
  const shown = (security: Document[]) => security.map((one) => JSON.stringify(one)).join(' or ') || 'none';
  if (shown(before) === shown(after)) return [];
  const isEnough = (had: Document) =>
    after.length === 0 ||
    after.some((needed) =>
      Object.entries<string[]>(needed).every(
        ([scheme, scopes]) => scopes.every((scope) => had[scheme]?.includes(scope)) && scheme in had,
      ),
    );
  const what = `security was ${shown(before)}, is ${shown(after)}`;
  const isCompatible = before.length === 0 ? after.length === 0 : before.every(isEnough);
  return [isCompatible ? compatible(route, what) : breaking(route, what)];
}

const parametersOf = (operation: Document): Record<string, Document> =>
  Object.fromEntries(
    operation.parameters.map((parameter: Document) => [
      `${parameter.in} parameter ${parameter.name}`,
      parameter,
    ]),
  );

function requiredChange(of: string, before: Document, after: Document): Change[] {
  if (Boolean(before.required) === Boolean(after.required)) return [];
  return [after.required ? breaking(of, 'is required now') : compatible(of, 'is optional now')];
}

function bodyChanges(of: string, before: Document, after: Document): Change[] {
  if (!before && !after) return [];
  if (!after) return [breaking(of, 'removed')];
  if (!before) return [after.required ? breaking(of, 'added, required') : compatible(of, 'added, optional')];
  return [...requiredChange(of, before, after), ...contentChanges(of, before, after, 'request')];
}

/** A body in a media type that is gone breaks both sides; in a new one, those who read it. */
function contentChanges(of: string, before: Document, after: Document, reading: Reading): Change[] {
  return partChanges(before.content, after.content, (mediaType, was, is) => {
    if (!is) return [breaking(of, `${mediaType} removed`)];
    if (!was) {
      const what = `${mediaType} added`;
      return [reading === 'request' ? compatible(of, what) : breaking(of, what)];
    }
    return valueChanges(of, was.schema, is.schema, reading);
  });
}

function headerChanges(of: string, before: Document, after: Document): Change[] {
  return partChanges(before.headers, after.headers, (name, was, is) => {
    const header = `${of} header ${name}`;
    if (!is) return [breaking(header, 'removed')];
    if (!was) return [compatible(header, 'added')];
    const isLessSure = was.required && !is.required;
    return [
      ...(isLessSure ? [breaking(header, 'can be absent now')] : []),
      ...valueChanges(header, was.schema, is.schema, 'response'),
    ];
  });
}

function partChanges(
  before: Record<string, Document> = {},
  after: Record<string, Document> = {},
  changesOf: (name: string, before: Document, after: Document) => Change[],
): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const [old, current] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return names.flatMap((name) => changesOf(name, old.get(name), current.get(name)));
}

const valueChanges = (
  of: string,
  before: JsonSchema = {},
  after: JsonSchema = {},
  reading: Reading,
): Change[] => schemaChanges(before, after, reading).map((change) => changeOf(of, change));

function eventChanges(before: Descriptions, after: Descriptions, consumers: Consumer[]): Change[] {
  const [old, current] = [eventsOf(before), eventsOf(after)];
  const schemas = new Map<string, JsonSchema[]>();
  for (const [type, { payload }] of [...old, ...current]) {
    schemas.set(type, [...(schemas.get(type) ?? []), payload]);
  }
  for (const consumer of consumers) requireFields(consumer, schemas);

  const isNew = !describesEvents(before);
  return [...schemas.keys()].flatMap((type) => {
    const [was, is] = [old.get(type), current.get(type)];
    const subscribers = [...new Set([...(was?.subscribers ?? []), ...(is?.subscribers ?? [])])].sort();
    if (!was) return [compatible(type, isNew ? 'described now' : 'added')];
    const readers = (path: string[]) =>
      consumers
        .filter(({ reads }) =>
          (Object.hasOwn(reads, type) ? reads[type] : [])?.some((read) => isHit(read, path)),
        )
        .map(({ name }) => `${name} (consumers/${name}.json)`);
    const hit = (change: Change, names: string[]): Change =>
      change.effect === 'breaking' ? { ...change, consumers: names } : change;
    if (!is) {
      // Who subscribes to everything has not asked for this type.
      const asked = [...was.askedBy, ...readers([])];
      const what = asked.length > 0 ? 'no longer published' : 'no longer published, and nobody asked for it';
      return [asked.length > 0 ? hit(breaking(type, what), asked) : compatible(type, what)];
    }
    return [
      ...schemaChanges(was.payload, is.payload, 'event').map((change) =>
        hit(changeOf(type, change), [...subscribers, ...readers(change.path)]),
      ),
      ...schemaChanges(was.attributes, is.attributes, 'event').map((change) =>
        hit(changeOf(`${type} message attributes`, change), subscribers),
      ),
      ...subscriptionChanges(type, was.subscribers, is.subscribers),
    ];
  });
}

/** An event, by those of the documents that say something of it. */
type DescribedEvent = {
  payload: JsonSchema;
  attributes: JsonSchema;
  /** Services with their handlers. */
  subscribers: string[];
  /** Those of them whose filter has the type. */
  askedBy: string[];
};

const describesEvents = (descriptions: Descriptions) =>
  [...descriptions.values()].some(({ asyncApi }) => asyncApi !== undefined);

function eventsOf(descriptions: Descriptions): Map<string, DescribedEvent> {
  const events = new Map<string, DescribedEvent>();
  for (const [service, { asyncApi: document }] of [...descriptions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const [type, message] of Object.entries<Document>(document?.components?.messages ?? {})) {
      const { payload, headers = {} } = dereferenced(document, message) as Document;
      const event: DescribedEvent = events.get(type) ?? {
        payload,
        attributes: headers,
        subscribers: [],
        askedBy: [],
      };
      events.set(type, event);
      for (const operation of Object.values<Document>(document.operations ?? {})) {
        const isReceived =
          operation.action === 'receive' &&
          operation.messages.some(({ $ref }: { $ref: string }) => $ref.endsWith(`/${type}`));
        if (!isReceived) continue;
        const subscriber = `${service} (${operation['x-handler']})`;
        event.subscribers.push(subscriber);
        const [subscription] = operation.bindings?.sns?.consumers ?? [];
        if (subscription?.filterPolicy) event.askedBy.push(subscriber);
      }
    }
  }
  return events;
}

function subscriptionChanges(type: string, before: string[], after: string[]): Change[] {
  return [
    ...before
      .filter((one) => !after.includes(one))
      .map((one) => compatible(type, `${one} no longer subscribes`)),
    ...after.filter((one) => !before.includes(one)).map((one) => compatible(type, `${one} subscribes`)),
  ];
}

const nowhere = { pointer: '', effect: 'compatible', consumers: [] } as const satisfies Partial<Change>;

const compatible = (of: string, what: string): Change => ({ ...nowhere, consumers: [], of, what });
const breaking = (of: string, what: string): Change => ({ ...compatible(of, what), effect: 'breaking' });

const changeOf = (of: string, { path, isBreaking, what }: SchemaChange): Change => ({
  ...(isBreaking ? breaking(of, what) : compatible(of, what)),
  pointer: path.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
});
