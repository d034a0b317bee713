import { fieldItem, fieldList, type References, type Schema, typeOf } from './fields.ts';
import { type Content, type Html, html, jsonBlock, paragraphs } from './html.ts';

/** A service with its two committed documents, and where it runs. */
export type ReferencedService = { name: string; url: string; openApi: OpenApi; asyncApi: AsyncApi };

export type OpenApi = {
  info: { description: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; headers: Record<string, Header> };
};
type Header = { $ref?: string; description?: string; schema?: Schema; required?: boolean };
type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description: string;
  schema: Schema;
  example?: unknown;
};
type Examples = Record<string, { summary: string; value: unknown }>;
type MediaTypes = Record<string, { schema: Schema; examples?: Examples }>;
type Links = Record<string, { operationId: string; parameters: Record<string, string> }>;
type Response = {
  description: string;
  headers?: Record<string, Header>;
  content?: MediaTypes;
  links?: Links;
};
type Operation = {
  operationId: string;
  summary: string;
  description: string;
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: MediaTypes };
  responses: Record<string, Response>;
};

export type AsyncApi = {
  info: { description: string };
  channels: Record<string, { address: string; title: string; description: string }>;
  operations: Record<
    string,
    {
      action: 'send' | 'receive';
      messages: { $ref: string }[];
      'x-handler': string;
      channel: { $ref: string };
    }
  >;
  components: { messages: Record<string, Message>; schemas?: Record<string, Schema> };
};
type Message = { summary: string; payload: Schema; examples: { payload: unknown }[] };

/** The page that shows the APIs of all services, and their events. It is read without a script; with it, requests can be sent. */
export function referencePage(services: ReferencedService[], tokenCommand: string): string {
  return `<!doctype html>\n${
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fanfold reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/page.css">
<script type="module" src="/docs/tryIt.js"></script>
</head>
<body data-token-command="${tokenCommand}">
<a class="skip" href="#content">Skip to the content</a>
${contents(services)}
<main id="content" tabindex="-1">
<h1>Fanfold reference</h1>
<p>The HTTP APIs of ${services.length} services, and the events between them, as their code describes them. “Try it” sends requests
to the stack that serves this page.</p>
${services.map(serviceSection)}
${eventsSection(services)}
</main>
</body>
</html>
`.text
  }`;
}

function contents(services: ReferencedService[]): Html {
  return html`<nav aria-label="Contents">
<details open><summary>Contents</summary>
<form id="sender"><label>Requests of the merchant
<input name="merchant" value="acme" maxlength="64" autocomplete="off" spellcheck="false"></label>
<p>Empty: without an access token.</p></form>
${services.map(
  ({ name, openApi }) => html`<p><a href="#${name}">${name}</a></p>
<ul>${operationsOf(openApi).map(
    ({ operation, method }) =>
      html`<li><a href="#${name}/${operation.operationId}"><span class="method ${method}">${method.toUpperCase()}</span> ${operation.operationId}</a></li>`,
  )}<li><a href="#${name}/objects">Objects</a></li></ul>`,
)}
<p><a href="#events">Events</a></p>
<ul>${eventsOf(services).map(({ type }) => html`<li><a href="#events/${type}">${type}</a></li>`)}</ul>
</details>
</nav>`;
}

const operationsOf = ({ paths }: OpenApi) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

function serviceSection(service: ReferencedService): Html {
  const { name, url, openApi } = service;
  return html`<section aria-labelledby="${name}">
<h2 id="${name}">${name} <span class="version">${openApi.info.version}</span></h2>
${paragraphs(openApi.info.description)}
<p class="places"><code>${url}</code> · <a href="/docs/${name}/openapi.json">openapi.json</a> · <a href="/docs/${name}/asyncapi.json">asyncapi.json</a></p>
${operationsOf(openApi).map(({ path, method, operation }) => operationArticle(service, path, method, operation))}
${objects(service)}
</section>`;
}

/** References of requests are shown where they are used: whoever writes one needs all of its fields. */
const inPlace = (document: OpenApi | AsyncApi): References => ({
  resolve: (ref) => document.components.schemas?.[ref.split('/').at(-1) as string] as Schema,
});
const linked = ({ name, openApi }: ReferencedService): References => ({
  ...inPlace(openApi),
  anchorOf: (object) => `${name}/${object}`,
});

function operationArticle(
  service: ReferencedService,
  path: string,
  method: string,
  operation: Operation,
): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const anchor = `${service.name}/${operationId}`;
  const all = Object.entries(responses);
  const successes = all.filter(([status]) => status.startsWith('2'));
  const problems = all.filter(([status]) => !status.startsWith('2'));
  const references = inPlace(service.openApi);
  return html`<article aria-labelledby="${anchor}">
<h3 id="${anchor}">${summary}&nbsp;<a class="anchor" href="#${anchor}" aria-label="Link to ${operationId}">#</a></h3>
<p class="route"><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code> <span class="operation">${operationId}</span></p>
<div class="columns"><div>
${paragraphs(description)}
${
  parameters.length > 0 &&
  html`<h4>Parameters</h4><ul class="fields">${parameters.map((parameter) =>
    fieldItem(
      parameter.name,
      parameter.schema,
      parameter.required,
      references,
      parameter.description,
      ` in ${parameter.in}`,
    ),
  )}</ul>`
}
${bodies(requestBody?.content ?? {}).map(({ type, schema }) => {
  const { description: rule } = references.resolve(schema.$ref ?? '') ?? schema;
  return html`<h4>Body ${requestBody?.required ? html`<span class="required">required</span>` : ''}</h4><p><code>${type}</code></p>${
    rule !== undefined && paragraphs(rule)
  }${fieldList(schema, references)}`;
})}
</div><div>
<h4>Answers</h4>
${successes.map(([status, response]) => answer(service, status, response))}
<details class="problems"><summary>Problems: ${problems.map(([status]) => status).join(', ')}</summary>
<dl>${problems.map(([status, response]) => problem(service, status, response))}</dl></details>
${tryIt(service, path, method, operation)}
</div></div>
</article>`;
}

const bodies = (content: MediaTypes) =>
  Object.entries(content).map(([type, { schema, examples = {} }]) => ({
    type,
    schema,
    examples: Object.values(examples),
  }));

function answer(
  service: ReferencedService,
  status: string,
  { description, headers, content = {} }: Response,
): Content {
  return [
    html`<div class="status"><code>${status}</code> ${paragraphs(description)}</div>`,
    bodies(content).map(({ type, schema, examples }) => [
      html`<p class="limits">${typeOf(schema, linked(service))} as <code>${type}</code>${headerNames(service, headers)}</p>`,
      shownExamples(examples),
    ]),
  ];
}

function problem(
  service: ReferencedService,
  status: string,
  { description, headers, content = {} }: Response,
): Content {
  return html`<dt><code>${status}</code></dt><dd>${paragraphs(description)}${bodies(content).map(
    ({ examples }) => shownExamples(examples),
  )}<p class="limits">${Object.keys(content).map((type) => html`<code>${type}</code>`)}${headerNames(service, headers)}</p></dd>`;
}

const headerNames = ({ name }: ReferencedService, headers: Record<string, Header> = {}): Content => [
  Object.keys(headers).length > 0 && ' with ',
  Object.entries(headers).map(([header, { $ref }], index) => [
    index > 0 && ', ',
    $ref === undefined ? html`<code>${header}</code>` : html`<a href="#${name}/headers">${header}</a>`,
  ]),
];

const shownExamples = (examples: { summary: string; value: unknown }[]): Content =>
  examples.map(
    ({ summary, value }) =>
      html`<details><summary>Example: ${summary}</summary>${jsonBlock(value)}</details>`,
  );

/** A form that sends the request; what it is answered appears below. */
function tryIt(
  { name, url, openApi }: ReferencedService,
  path: string,
  method: string,
  operation: Operation,
): Html {
  const { parameters = [], requestBody, responses } = operation;
  const ids = new Set(operationsOf(openApi).map((each) => each.operation.operationId));
  const links = Object.values(
    Object.values(responses).find((response) => response.links)?.links ?? {},
  ).filter((link) => ids.has(link.operationId));
  const [body] = bodies(requestBody?.content ?? {});
  return html`<details class="try"><summary>Try it</summary>
<form data-service="${name}" data-url="${url}" data-method="${method.toUpperCase()}" data-path="${path}" data-links="${JSON.stringify(links)}">
${parameters.map(
  ({ name: parameter, in: place, required, example }) =>
    html`<label>${parameter} ${required && html`<span class="required">required</span>`}
<input name="${parameter}" data-in="${place}" ${required ? html`required` : ''} placeholder="${example === undefined ? '' : String(example)}" autocomplete="off" spellcheck="false"></label>`,
)}
${
  body &&
  html`${
    body.examples.length > 1 &&
    html`<label>Example <select>${body.examples.map(
      ({ summary, value }) => html`<option value="${JSON.stringify(value, null, 2)}">${summary}</option>`,
    )}</select></label>`
  }<label>Body <textarea rows="${lines(body.examples[0]?.value)}" spellcheck="false" data-type="${body.type}">
${body.examples[0] ? JSON.stringify(body.examples[0].value, null, 2) : ''}</textarea></label>`
}
<button>Send ${method.toUpperCase()} ${path}</button>
<div class="answer" role="status"></div>
</form></details>`;
}

const lines = (value: unknown): number =>
  Math.min(JSON.stringify(value ?? {}, null, 2).split('\n').length, 18);

/** What the answers of a service refer to, and their headers. */
function objects(service: ReferencedService): Html {
  const { name, openApi } = service;
  const { schemas, headers } = openApi.components;
  const answered = operationsOf(openApi).map(({ operation }) => operation.responses);
  return html`<section aria-labelledby="${name}/objects">
<h3 id="${name}/objects">Objects of ${name}</h3>
${referredTo(answered, schemas).map(
  (
    object,
  ) => html`<article aria-labelledby="${name}/${object}"><h4 id="${name}/${object}">${object}&nbsp;<a class="anchor" href="#${name}/${object}" aria-label="Link to ${object}">#</a></h4>
${schemas[object]?.description !== undefined && paragraphs(schemas[object].description)}${fieldList(schemas[object] as Schema, linked(service))}</article>`,
)}
<article aria-labelledby="${name}/headers"><h4 id="${name}/headers">Headers of answers</h4>
<ul class="fields">${Object.entries(headers).map(([header, { schema = {}, description = '' }]) =>
    fieldItem(header, schema, false, linked(service), description),
  )}</ul></article>
</section>`;
}

/** Names of the schemas that something refers to, itself or by another of them, in their order. */
function referredTo(something: unknown, schemas: Record<string, Schema>): string[] {
  const found = new Set<string>();
  const visit = (value: unknown) => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      visit(schemas[name]);
    }
  };
  visit(something);
  return Object.keys(schemas).filter((name) => found.has(name));
}

type EventReference = {
  type: string;
  message: Message;
  document: AsyncApi;
  publishers: Content[];
  subscribers: Content[];
};

/** The events of all services, each once, in the order of those who publish. */
function eventsOf(services: ReferencedService[]): EventReference[] {
  const documents = services.map(({ asyncApi }) => asyncApi);
  const byType = new Map<string, { message: Message; document: AsyncApi }>();
  for (const document of documents) {
    for (const [type, message] of Object.entries(document.components.messages)) {
      if (!byType.has(type)) byType.set(type, { message, document });
    }
  }
  const handlers = (action: string, type: string) =>
    services.flatMap(({ name, asyncApi }) =>
      Object.values(asyncApi.operations)
        .filter((operation) => operation.action === action)
        .filter(({ messages }) => messages.some(({ $ref }) => $ref.endsWith(`/${type}`)))
        .map((operation) => html`<a href="#${name}">${name}</a> <code>${operation['x-handler']}</code>`),
    );
  return [...byType].map(([type, { message, document }]) => ({
    type,
    message,
    document,
    publishers: handlers('send', type),
    subscribers: handlers('receive', type),
  }));
}

function eventsSection(services: ReferencedService[]): Html {
  const events = eventsOf(services);
  const [first] = events;
  return html`<section aria-labelledby="events">
<h2 id="events">Events</h2>
${paragraphs(first?.document.info.description)}
<ul class="fields">${channels(services)}</ul>
<article aria-labelledby="events/attributes"><h3 id="events/attributes">What every event has&nbsp;<a class="anchor" href="#events/attributes" aria-label="Link to what every event has">#</a></h3>
${first && fieldList(envelope(events), inPlace(first.document))}</article>
${events.map(eventArticle)}
</section>`;
}

/** The topic and the queues, each once. */
function channels(services: ReferencedService[]): Content {
  const all = services.flatMap(({ asyncApi }) => Object.values(asyncApi.channels));
  const byAddress = new Map(all.map((channel) => [channel.address, channel]));
  return [...byAddress.values()].map(
    ({ address, description }) => html`<li><code>${address}</code>${paragraphs(description)}</li>`,
  );
}

/** The attributes of the events; of those that differ by type, only what they are. */
function envelope(events: EventReference[]): Schema {
  const envelopes = events.map(({ message }) => message.payload);
  const { data: _data, ...properties } = envelopes[0]?.properties ?? {};
  const common = Object.entries(properties).map(([name, schema]): [string, Schema] => {
    const isSame = envelopes.every(
      (other) => JSON.stringify(other.properties?.[name]) === JSON.stringify(schema),
    );
    const { type = 'string', description = '' } = schema;
    return [name, isSame ? schema : { type, description }];
  });
  return { properties: Object.fromEntries(common), required: envelopes[0]?.required ?? [] };
}

function eventArticle({ type, message, document, publishers, subscribers }: EventReference): Html {
  const { summary, payload, examples } = message;
  const source = String(payload.properties?.source?.const ?? '').slice(1);
  return html`<article aria-labelledby="events/${type}">
<h3 id="events/${type}">${type}&nbsp;<a class="anchor" href="#events/${type}" aria-label="Link to ${type}">#</a></h3>
<div class="columns"><div>
${paragraphs(summary)}
<h4>data</h4>
${fieldList(payload.properties?.data as Schema, inPlace(document))}
</div><div>
<h4>Published by</h4><ul class="handlers">${(publishers.length > 0 ? publishers : [source]).map((each) => html`<li>${each}</li>`)}</ul>
<h4>Received by</h4><ul class="handlers">${subscribers.map((each) => html`<li>${each}</li>`)}</ul>
${examples.map((example) => html`<details><summary>Example</summary>${jsonBlock(example.payload)}</details>`)}
</div></div>
</article>`;
}
