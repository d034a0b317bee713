/** What a new endpoint is asked to be. */
export type NewEndpoint = {
  /** Its function: a verb and a noun in camel case, such as `getBalance`. */
  operation: string;
  service: string;
  /** As in `GET /loyalty/{paymentId}/balance`. */
  route: string;
  scope: string;
};

/** The files of a service that know of its endpoints, as texts: serverless.yml, description.ts and the answers that this imports. */
export type Knowing = { template: string; description: string; answers: string };

export const routePattern =
  /^(GET|POST|PUT|DELETE) (\/[a-z0-9]+(-[a-z0-9]+)*)((\/[a-z0-9]+(-[a-z0-9]+)*)|(\/\{[a-z][A-Za-z0-9]*\}))*$/;

export const operationPattern = /^[a-z]+([A-Z][a-z0-9]*)+$/;

const methodOf = ({ route }: NewEndpoint): string => route.split(' ')[0] as string;

/** The variables of a route's path. */
export const variablesOf = (route: string): string[] =>
  [...route.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

const statusOf = (endpoint: NewEndpoint): number => (methodOf(endpoint) === 'POST' ? 201 : 200);

const takesBody = (endpoint: NewEndpoint): boolean => ['POST', 'PUT'].includes(methodOf(endpoint));

/** `getBalance`: `Balance`, the name of its answer in the document. */
export const schemaNameOf = ({ operation }: NewEndpoint): string => operation.replace(/^[a-z]+/, '');

/** `getBalance`: `balance`, what it answers, and the name of its schema in code. */
export const objectOf = (endpoint: NewEndpoint): string =>
  schemaNameOf(endpoint).replace(/^./, (letter) => letter.toLowerCase());

/** `getOpenDebts`: `open_debts`, the kind of object. */
const kindOf = (endpoint: NewEndpoint): string => nounOf(endpoint).replaceAll(' ', '_');

/** `createReminder`: `reminderRequest`, the schema of its body. */
const requestOf = (endpoint: NewEndpoint): string => `${objectOf(endpoint)}Request`;

/** `getOpenDebts`: `open debts` */
const nounOf = ({ operation }: NewEndpoint): string =>
  operation
    .split(/(?=[A-Z])/)
    .slice(1)
    .join(' ')
    .toLowerCase();

/** `getBalance`: `Gets the balance` */
function summaryOf(endpoint: NewEndpoint): string {
  const verb = endpoint.operation.replace(/[A-Z].*/, '');
  const ending = /(s|x|z|ch|sh)$/.test(verb) ? 'es' : 's';
  return `${verb.charAt(0).toUpperCase()}${verb.slice(1)}${ending} the ${nounOf(endpoint)}`;
}

/** The new files of an endpoint by their path in the service's folder. How lines are broken is left to the formatter. */
export const endpointFiles = (endpoint: NewEndpoint): Map<string, string> =>
  new Map([
    [`src/functions/${endpoint.operation}.ts`, handler(endpoint)],
    ...(takesBody(endpoint) ? [[`src/${requestOf(endpoint)}.ts`, request(endpoint)] as const] : []),
    [`src/functions/${endpoint.operation}.local.test.ts`, test(endpoint)],
  ]);

function handler(endpoint: NewEndpoint): string {
  const [hasBody, isCreation] = [takesBody(endpoint), methodOf(endpoint) === 'POST'];
  const settings = `scope: '${endpoint.scope}'${hasBody ? `, body: ${requestOf(endpoint)}` : ''}${isCreation ? ', idempotent: true' : ''}`;
  const answer = `object: '${kindOf(endpoint)}', merchantId: caller.merchantId${hasBody ? ', ...body' : ''}`;
  return `import { endpoint } from '@fanfold/runtime/http';
${hasBody ? `import { ${requestOf(endpoint)} } from '../${requestOf(endpoint)}.ts';\n` : ''}
export const handler = endpoint({ ${settings} }, async ({ caller${hasBody ? ', body' : ''} }) => ({
  status: ${statusOf(endpoint)},
  body: { ${answer} },
}));
`;
}

const request = (endpoint: NewEndpoint): string => `import { subjectId } from '@fanfold/contracts/event';
import * as z from 'zod';

/** The body of ${endpoint.route}. */
export const ${requestOf(endpoint)} = z.strictObject({ paymentId: subjectId });
`;

const paymentId = 'pay_1';

function test(endpoint: NewEndpoint): string {
  const { operation, service, scope } = endpoint;
  const variables = variablesOf(endpoint.route);
  const headers = `authorization: \`Bearer \${await issuer.token({ scope })}\`${methodOf(endpoint) === 'POST' ? ", 'idempotency-key': 'key-1'" : ''}`;
  const parts = [
    `headers: { ${headers} }`,
    ...(variables.length > 0
      ? [`pathParameters: { ${variables.map((name) => `${name}: 'example-1'`).join(', ')} }`]
      : []),
    ...(takesBody(endpoint) ? [`body: JSON.stringify({ paymentId: '${paymentId}' })`] : []),
  ];
  const answer = `object: '${kindOf(endpoint)}', merchantId: 'acme'${takesBody(endpoint) ? `, paymentId: '${paymentId}'` : ''}`;
  return `import { described } from '@fanfold/description/answers';
import { audience, startIssuer } from '@fanfold/runtime/http/tokenFixtures';
import { answerOf, apiRequest, contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { handler } from './${operation}.ts';

captureOutput();
const { ${operation} } = described('${service}', { ${operation}: handler });
let issuer: Awaited<ReturnType<typeof startIssuer>>;
beforeAll(async () => {
  issuer = await startIssuer();
  Object.assign(process.env, { TOKEN_ISSUER: issuer.url, TOKEN_AUDIENCE: audience });
});
afterAll(() => issuer?.stop());

const ask = async (scope: string) =>
  answerOf(await ${operation}(apiRequest({ ${parts.join(', ')} }), contextWith()));

test('a merchant gets an answer that is described', async () => {
  expect(await ask('${scope}')).toMatchObject({ status: ${statusOf(endpoint)}, body: { ${answer} } });
});

test('a token without the scope is refused', async () => {
  expect(await ask('another:scope')).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
});
`;
}

/**
 * What the files that know of a service's endpoints become.
 *
 * @throws Error when one is not made as those of the services here, with what it lacks
 */
export function withEndpoint(endpoint: NewEndpoint, { template, description, answers }: Knowing): Knowing {
  const object = objectOf(endpoint);
  const withRequest = takesBody(endpoint)
    ? inserted(
        `import { ${requestOf(endpoint)} } from './src/${requestOf(endpoint)}.ts';\n${description}`,
        /(?<=^ {2}schemas: \{)/m,
        `${schemaNameOf(endpoint)}Request: ${requestOf(endpoint)}, `,
      )
    : description;
  const ofPath = variablesOf(endpoint.route).length > 0 ? ['subjectId'] : [];
  const ofBody = takesBody(endpoint) ? ['subjectId'] : [];
  const schema = `z.object({ object: z.literal('${kindOf(endpoint)}'), merchantId${takesBody(endpoint) ? ', paymentId: subjectId' : ''} })`;
  return {
    template: inserted(template, /^(?= +getOpenApi: )/m, functionOf(endpoint, template)),
    description: importing(
      inserted(
        inserted(withRequest, /(?<=^ {2}schemas: \{)/m, `${schemaNameOf(endpoint)}: answers.${object}, `),
        /(?<=^ {2}operations: \{\n)/m,
        operationOf(endpoint),
      ),
      ofPath,
    ),
    answers: importing(`${answers}\nexport const ${object} = ${schema};\n`, ['merchantId', ...ofBody]),
  };
}

/** As far to the right as the functions that are there. */
function functionOf(endpoint: NewEndpoint, template: string): string {
  const [, indentation = ''] = /^( +)getOpenApi: /m.exec(template) ?? [];
  const lines = `${endpoint.operation}:
  handler: src/functions/${endpoint.operation}.handler
  description: ${summaryOf(endpoint)}
  events: [httpApi: '${endpoint.route}']
  environment:
    TOKEN_ISSUER: \${param:tokenIssuer}
    TOKEN_AUDIENCE: \${param:tokenAudience}
  # Its role may do what its code does: nothing yet.
  iamRoleStatements: []
`;
  return lines.replace(/^(?=.)/gm, indentation);
}

function operationOf(endpoint: NewEndpoint): string {
  const path = variablesOf(endpoint.route).map(
    (name) => `${name}: { schema: subjectId, description: 'The ${name} in the path.' }`,
  );
  return `    ${endpoint.operation}: {
      description: '${summaryOf(endpoint)}.',
      ${path.length > 0 ? `path: { ${path.join(', ')} },\n      ` : ''}answers: { ${statusOf(endpoint)}: { when: 'The ${nounOf(endpoint)}.', schema: answers.${objectOf(endpoint)} } },
    },
`;
}

/** What the document shows as an example, until one is recorded. */
export const exampleOfEndpoint = (endpoint: NewEndpoint): object => ({
  operation: endpoint.operation,
  status: statusOf(endpoint),
  summary: summaryOf(endpoint),
  request: {
    parameters: Object.fromEntries(variablesOf(endpoint.route).map((name) => [name, 'example-1'])),
    ...(takesBody(endpoint) && { body: { paymentId } }),
  },
  answer: { object: kindOf(endpoint), merchantId: 'acme', ...(takesBody(endpoint) && { paymentId }) },
});

function inserted(text: string, place: RegExp, addition: string): string {
  const found = place.exec(text);
  if (!found) throw new Error(`There is no ${place}.`);
  return text.slice(0, found.index) + addition + text.slice(found.index);
}

/** With what it takes of `@fanfold/contracts/event`. The formatter joins imports, and puts them in order. */
function importing(text: string, names: string[]): string {
  const missing = names.filter((name) => !new RegExp(`^import .*\\b${name}\\b`, 'm').test(text));
  if (missing.length === 0) return text;
  return `import { ${missing.join(', ')} } from '@fanfold/contracts/event';\n${text}`;
}
