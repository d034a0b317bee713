import { type Example, eventFiles, exampleOf, nameInCode, pathOfEvent } from './eventFiles.ts';

/** What a new service is asked to be. */
export type NewService = {
  name: string;
  subscribesTo: string[];
  publishes: string[];
  /** Whether it shows by HTTP what it has. */
  api: boolean;
};

/** What the files need to know besides. */
export type Surroundings = {
  /** Of its HTTP API, counted from the base port. */
  localPort: number;
  /** An event of the first type that it subscribes to. */
  cause: Example;
};

/**
 * The files of a new service by their path in its folder. How lines are broken is left to the formatter.
 */
export function serviceFiles(service: NewService, { localPort, cause }: Surroundings): Map<string, string> {
  const published = service.publishes.map((type, i) =>
    eventFiles({
      type,
      service: service.name,
      example: (definition) => exampleOf(service.name, definition, i + 1, cause),
    }),
  );
  return new Map([
    ['package.json', packageJson(service)],
    ['README.md', readme(service)],
    ['subscriptions.js', subscriptions(service)],
    ...published.flatMap((files) => [...files]),
    ...(service.publishes.length > 0 ? [['src/announce.ts', announce(service)] as const] : []),
    ['src/store.ts', store(service)],
    ['src/functions/consumer.ts', consumer(service)],
    ...(service.publishes.length > 0 ? [['src/functions/publisher.ts', publisher] as const] : []),
    ...(service.api ? apiFiles(service, cause) : []),
    ['src/consumer.local.test.ts', test(service)],
    ['serverless.yml', template(service, localPort)],
  ]);
}

const inWords = (types: string[]): string => types.map((type) => `\`${type}\``).join(', ');

const title = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function packageJson({ name, publishes, api }: NewService): string {
  const dependencies = {
    ...(api && { '@aws-sdk/client-dynamodb': 'catalog:', '@aws-sdk/util-dynamodb': 'catalog:' }),
    '@fanfold/contracts': 'workspace:*',
    '@fanfold/runtime': 'workspace:*',
    ...((api || publishes.length > 0) && { zod: 'catalog:' }),
  };
  const scripts = { dev: 'serverless offline', deploy: 'serverless deploy', remove: 'serverless remove' };
  const facts = {
    name: `@fanfold/${name}`,
    version: '0.1.0',
    private: true,
    type: 'module',
    sideEffects: false,
  };
  const members = Object.entries({ ...facts, scripts, dependencies }).map(
    ([member, value]) => `${JSON.stringify(member)}: ${JSON.stringify(value)}`,
  );
  return `{\n${members.join(',\n')}\n}\n`;
}

const readme = ({ name, subscribesTo, publishes, api }: NewService): string => `# ${name}

Keeps an entry for each event that it handles.

**Owns** a table: an entry for each event, by the payment that it is about.

**Publishes** ${publishes.length > 0 ? `${inWords(publishes)}, with the entry` : 'nothing'}.${
  api
    ? `

**Offers** with the scope \`${name}:read\`: \`GET /${name}/{paymentId}\`, what it has about a payment.
Fields, limits, problems and examples: [openapi.json](openapi.json), which the service itself shows at \`GET /openapi.json\`.`
    : ''
}

**Subscribes to** ${inWords(subscribesTo)} ([subscriptions.js](subscriptions.js)).

## When it breaks

Its alarms follow from its functions; each names its page in [docs/runbooks](../../docs/runbooks/README.md).
`;

const subscriptions = ({
  name,
  subscribesTo,
}: NewService): string => `/** The types of events that ${name} subscribes to. The filter of its subscription and its consumer both read this. */
export const subscribedTypes = /** @type {const} */ ([${subscribesTo.map((type) => `'${type}'`).join(', ')}]);
`;

const consumer = ({
  subscribesTo,
}: NewService): string => `import { byType, consume } from '@fanfold/runtime/consume';
import { subscribedTypes } from '../../subscriptions.js';
import { record } from '../store.ts';

export const handler = consume(
  subscribedTypes,
  byType({
${subscribesTo.map((type) => `    '${type}': (event) => record(event),`).join('\n')}
  }),
);
`;

const publisher = `import { publishCarriedEvents } from '@fanfold/runtime/publish';

export const handler = publishCarriedEvents();
`;

const announce = ({
  name,
  publishes,
}: NewService): string => `import { dataSubjectOf, type Event, makeEvent } from '@fanfold/contracts/event';
import { derivedId } from '@fanfold/runtime/idempotency';
import { traceOf } from '@fanfold/runtime/trace';
${publishes.map((type) => `import { event as ${nameInCode(type)} } from '../${pathOfEvent(type)}';`).join('\n')}

/** What ${name} publishes about an event that it handles: the same whenever that event comes again. */
export function announce(cause: Event): Event[] {
  const facts = {
    subject: derivedId('${name}', cause.merchantid, cause.id),
    time: cause.time,
    merchantid: cause.merchantid,
    trace: traceOf(cause),
    data: { paymentId: dataSubjectOf(cause) },
  };
  return [${publishes.map((type, i) => `makeEvent(${nameInCode(type)}, { ...facts, n: ${i + 1} })`).join(', ')}];
}
`;

function store({ name, publishes, api }: NewService): string {
  const carries = publishes.length > 0;
  return `${
    api
      ? `import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
`
      : ''
  }import { dataSubjectOf, type Event } from '@fanfold/contracts/event';
${api ? "import { dynamodb } from '@fanfold/runtime/dynamodb';\n" : ''}import { environmentVariable } from '@fanfold/runtime/env';
${api ? "import { maxPageSize, type Page } from '@fanfold/runtime/list';\n" : ''}import { putOnce } from '@fanfold/runtime/putOnce';
${carries ? "import { announce } from './announce.ts';\n" : ''}
/** An entry of ${name}'s table: \`pk\` is \`<merchant>#<payment>\`, \`sk\` the id of an event that was handled. */
${carries ? '// The write that makes the effect carries what is published of it, so neither is there without the other.\n' : ''}export type Entry = { pk: string; sk: string; type: string; time: string${carries ? '; events: string[]' : ''} };

const tableName = () => environmentVariable('TABLE_NAME');

/** @returns false when the event has had its effect before: the condition refuses a second time */
export const record = (event: Event): Promise<boolean> =>
  putOnce<Entry>(tableName(), {
    pk: \`\${event.merchantid}#\${dataSubjectOf(event)}\`,
    sk: event.id,
    type: event.type,
    time: event.time,${carries ? '\n    events: announce(event).map((each) => JSON.stringify(each)),' : ''}
  });
${
  api
    ? `
/** The entries about a payment, by the ids of their events. */
export async function entriesOf(merchantId: string, paymentId: string): Promise<Page<Entry>> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: \`\${merchantId}#\${paymentId}\` } },
      ConsistentRead: true,
      Limit: maxPageSize,
    }),
  );
  return { items: Items.map((item) => unmarshall(item) as Entry), hasMore: LastEvaluatedKey !== undefined };
}
`
    : ''
}`;
}

const test = ({ name, publishes, api }: NewService): string => `import { readFileSync } from 'node:fs';
import { catalog } from '@fanfold/contracts/catalog';
import { exampleFile } from '@fanfold/contracts/exampleFile';
${api ? "import { described } from '@fanfold/description/answers';\nimport { signToken } from '@fanfold/local-cloud/issuer';\n" : ''}import { type ProvisionedService, provisionService } from '@fanfold/local-cloud/serviceFixtures';
import { ${api ? 'answerOf, apiRequest, ' : ''}contextWith, queueEvent } from '@fanfold/runtime/invocationFixtures';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscribedTypes } from '../subscriptions.js';
import { handler } from './functions/consumer.ts';
${api ? "import * as list from './functions/listEntries.ts';\n" : ''}
captureOutput();
let service: ProvisionedService;
beforeAll(async () => {
  service = await provisionService('${name}', ['consumer'${api ? ", 'listEntries'" : ''}]);
});
afterAll(() => service?.stop());

test.each(subscribedTypes)('a %s has its effect once, however often it comes', async (type) => {
  const body = readFileSync(exampleFile(catalog[type]), 'utf8');
  for (const _delivery of ['first', 'second']) {
    expect(await handler(queueEvent([body]), contextWith())).toEqual({ batchItemFailures: [] });
  }
  const ofEvent = (await service.items()).filter(({ sk }) => sk === JSON.parse(body).id);
  expect(ofEvent).toMatchObject([{ type${publishes.length > 0 ? `, events: [${publishes.map((each) => `expect.stringContaining('${each}')`).join(', ')}]` : ''} }]);
});
${
  api
    ? `
test('the API shows to a merchant what there is about a payment, and to another nothing', async () => {
  const { listEntries } = described('${name}', { listEntries: list.handler });
  const example = JSON.parse(readFileSync(exampleFile(catalog[subscribedTypes[0]]), 'utf8'));
  await handler(queueEvent([JSON.stringify(example)]), contextWith());
  const ask = async (merchantId: string) => {
    const { issuer } = service.description;
    const token = await signToken({ issuer, subject: 'test', merchantId, scopes: ['${name}:read'], expiresInSeconds: 60 });
    const paymentId = example.data.paymentId ?? example.subject;
    const headers = { authorization: \`Bearer \${token}\` };
    return answerOf(await listEntries(apiRequest({ headers, pathParameters: { paymentId } }), contextWith()));
  };
  expect((await ask(example.merchantid)).body.data).toContainEqual(expect.objectContaining({ id: example.id }));
  expect((await ask('another')).status).toBe(404);
});
`
    : ''
}`;

function apiFiles({ name }: NewService, cause: Example): [string, string][] {
  const paymentId = String(cause.data.paymentId ?? cause.subject);
  const entry = { object: 'entry', id: cause.id, type: cause.type, time: cause.time };
  const exchange = {
    operation: 'listEntries',
    status: 200,
    summary: 'About a payment',
    request: { parameters: { paymentId } },
    answer: { object: 'list', data: [entry], hasMore: false },
  };
  return [
    [
      'src/functions/listEntries.ts',
      `import { endpoint } from '@fanfold/runtime/http';
import { listOf } from '@fanfold/runtime/list';
import { notFound } from '@fanfold/runtime/refusal';
import { entriesOf } from '../store.ts';

export const handler = endpoint({ scope: '${name}:read' }, async ({ caller, path }) => {
  const { items, hasMore } = await entriesOf(caller.merchantId, path.paymentId ?? '');
  if (items.length === 0) throw notFound('payment');
  const entries = items.map(({ sk, type, time }) => ({ object: 'entry', id: sk, type, time }));
  return { status: 200, body: listOf({ items: entries, hasMore }) };
});
`,
    ],
    [
      'src/functions/getOpenApi.ts',
      `import { documentEndpoint } from '@fanfold/runtime/http/document';
import document from '../../openapi.json' with { type: 'json' };

export const handler = documentEndpoint(document);
`,
    ],
    [
      'src/functions/unknownRoute.ts',
      `import { unknownRoute } from '@fanfold/runtime/http';

export const handler = unknownRoute();
`,
    ],
    [
      'src/answers.ts',
      `import { eventType, identifier, maxLength } from '@fanfold/contracts/event';
import { listAnswer, time } from '@fanfold/runtime/answers';
import * as z from 'zod';

// The schemas of what the API answers. Functions do without them.

export const entry = z.object({
  object: z.literal('entry'),
  id: identifier(maxLength.eventId),
  type: eventType,
  time,
});

export const entryList = listAnswer(entry);
`,
    ],
    [
      'description.ts',
      `import { subjectId } from '@fanfold/contracts/event';
import type { ApiDescription } from '@fanfold/description/operations';
import { problem } from '@fanfold/runtime/answers';
import * as answers from './src/answers.ts';

/** What the API of ${name} says about itself, besides its code. \`pnpm fanfold describe\` makes openapi.json of both. */
export const api: ApiDescription = {
  title: 'Fanfold ${name}',
  description: 'Shows the events that ${name} has handled.',
  schemas: { Entry: answers.entry, EntryList: answers.entryList, Problem: problem },
  operations: {
    listEntries: {
      description: 'The events about a payment that were handled, by their ids, up to a hundred.',
      path: { paymentId: { schema: subjectId, description: 'The id of the payment.' } },
      answers: { 200: { when: 'The entries.', schema: answers.entryList } },
      problems: ['not_found'],
    },
  },
  problems: {},
};
`,
    ],
    ['examples.json', `${JSON.stringify([exchange], null, 2)}\n`],
    ['openapi.json', '{}\n'],
  ];
}

const shared = (file: string): string => `\${file(../../packages/topology/${file})}`;
const sharedPart = (file: string, part: string): string =>
  `\${file(../../packages/topology/${file}):${part}}`;

function template({ name, subscribesTo, publishes, api }: NewService, localPort: number): string {
  const says = publishes.length > 0 ? `, and publishes ${publishes.join(', ')}` : '';
  const apiFunctions = `  listEntries:
    handler: src/functions/listEntries.handler
    description: Lists what there is about a payment
    events: [httpApi: 'GET /${name}/{paymentId}']
    environment:
      TABLE_NAME: !Ref Table
      TOKEN_ISSUER: \${param:tokenIssuer}
      TOKEN_AUDIENCE: \${param:tokenAudience}
    iamRoleStatements:
      - { Effect: Allow, Action: dynamodb:Query, Resource: !GetAtt Table.Arn }
  getOpenApi: ${shared('openApi.yml')}
  unknownRoute: ${shared('unknownRoute.yml')}
`;
  return `# ${title(name)}: keeps an entry for each ${subscribesTo.join(', ')}${says}.
service: fanfold-${name}
frameworkVersion: '4'
params: ${shared('parameters.yml')}
provider: ${shared('provider.yml')}
package: { individually: true }
build: { esbuild: false }
plugins: ${sharedPart('plugins.yml', 'plugins')}

custom:
  prefix: fanfold-\${sls:stage}-${name}
  localPort: ${localPort}
  deployment: ${sharedPart('plugins.yml', 'deployment')}
  esbuild: ${sharedPart('plugins.yml', 'esbuild')}
  serverless-iam-roles-per-function: ${sharedPart('plugins.yml', 'serverless-iam-roles-per-function')}

functions:
${api ? apiFunctions : ''}  consumer:
    handler: src/functions/consumer.handler
    description: Keeps an entry for each event
    timeout: 30
    events: ${sharedPart('consumer.yml', 'events')}
    environment:
      TABLE_NAME: !Ref Table
      EVENTS_QUEUE_URL: !Ref EventsQueue
      EVENTS_DEAD_LETTER_QUEUE_URL: !Ref EventsDeadLetterQueue
    iamRoleStatements:
      - { Effect: Allow, Action: dynamodb:PutItem, Resource: !GetAtt Table.Arn }
      - ${sharedPart('consumer.yml', 'mayHide')}
      - ${sharedPart('consumer.yml', 'mayQuarantine')}
${publishes.length > 0 ? `  publisher: ${shared('publisher.yml')}\n` : ''}
resources:
  - ${shared('table.yml')}
  - Resources:
      Table:
        Properties:
          AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }, { AttributeName: sk, AttributeType: S }]
          KeySchema: [{ AttributeName: pk, KeyType: HASH }, { AttributeName: sk, KeyType: RANGE }]
${publishes.length > 0 ? '          StreamSpecification: { StreamViewType: NEW_IMAGE }\n' : ''}  - ${shared('inbox.yml')}
  - ${shared('subscribed.yml')}
${publishes.length > 0 ? `  - ${shared('outbox.yml')}\n` : ''}${api ? `  - ${shared('api.yml')}\n` : ''}  - ${shared('roles.yml')}
  - ${sharedPart('alarms.js', 'alarms')}
`;
}
