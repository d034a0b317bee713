import { join } from 'node:path';
import { credentials, region } from '@fanfold/local-cloud/account';
import { atRest, inForeground } from '@fanfold/local-cloud/background';
import type { Endpoints } from '@fanfold/local-cloud/emulators';
import { httpApiOf } from '@fanfold/local-cloud/httpApi';
import { publicKeySet, signToken } from '@fanfold/local-cloud/issuer';
import {
  lambdaFunctions,
  type Mappings,
  type MappingsOptions,
  startMappings,
} from '@fanfold/local-cloud/mappings';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { runsInBackground } from '@fanfold/local-cloud/serviceRuntime';
import type { Resource } from '@fanfold/local-cloud/template';
import { apiRequest, contextWith } from '@fanfold/runtime/invocationFixtures';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { loadBundled } from './bundle.ts';
import { listen } from './http.ts';
import { paymentOf } from './payment.ts';

export const serviceNames = ['payments', 'billing', 'audit'] as const;
export type ServiceName = (typeof serviceNames)[number];

export type Services = {
  resources: Record<ServiceName, Record<string, Resource>>;
  /** Runs a function by its key in serverless.yml, and gives its answer. */
  invoke: Invoke;
  /** Starts the mappings of a service, from its queue and its streams to its functions. */
  startMappings(service: ServiceName, onInvocation?: MappingsOptions['onInvocation']): Promise<Mappings>;
  /** Takes a payment as a client would, and gives its id. */
  pay(merchantId: string, n: number): Promise<string>;
  stop(): void;
};

export type Invoke = (service: ServiceName, key: string, event: unknown) => Promise<unknown>;

/**
 * All services in this process, with their own code, bundled as for deploying, templates and mappings: one warm instance
 * of each function, which runs several at once.
 *
 * @param emulators where tables, queues and topic are made, and mappings read
 * @param asked where the functions send what they ask of AWS
 * @param around runs a function, to see what it takes
 */
export async function startServices(
  emulators: Endpoints,
  asked: Endpoints = emulators,
  around: (
    service: ServiceName,
    key: string,
    run: () => Promise<unknown>,
    event: unknown,
  ) => Promise<unknown> = (_s, _k, run) => run(),
): Promise<Services> {
  const issuer = await startIssuer();
  // The SDK asks where a queue's URL is.
  const askedIn = (environment: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, value.replace(emulators.aws, asked.aws)]),
    );
  const resources = {} as Services['resources'];
  const functions = {} as Record<ServiceName, Functions>;
  // What gives way to others as in `dev`: in AWS, PDFs are made by other processors.
  const inBackground = {} as Record<ServiceName, Set<string>>;
  for (const service of serviceNames) {
    resources[service] = await templateOf(service, emulators.aws);
    await provision(resources[service], emulators);
    functions[service] = await loadFunctions(service, groupsOf(resources[service]), (variables) => ({
      ...askedIn(variables),
      ...lambdaEnvironment(asked),
      TOKEN_ISSUER: issuer.url,
    }));
    inBackground[service] = new Set(backgroundFunctionsOf(resources[service]));
  }
  const run: Invoke = (service, key, event) =>
    around(
      service,
      key,
      () => {
        const { timeoutMs } = functionOf(service, (each) => each.key === key);
        return functions[service][key]?.handler(event, contextWith(timeoutMs)) as Promise<unknown>;
      },
      event,
    );
  const invoke: Invoke = async (service, key, event) => {
    if (!inBackground[service].has(key)) return inForeground(() => run(service, key, event));
    await atRest();
    return run(service, key, event);
  };
  const functionOf = (
    service: ServiceName,
    is: (each: ReturnType<typeof lambdaFunctions>[number]) => boolean,
  ) => {
    const found = lambdaFunctions(resources[service]).find(is);
    if (!found) throw new Error(`${service} has no such function`);
    return found;
  };
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (merchantId: string) => {
    const known = tokens.get(merchantId) ?? signToken({ ...tokenRequest, issuer: issuer.url, merchantId });
    tokens.set(merchantId, known);
    return known;
  };
  return {
    resources,
    invoke,
    startMappings: (service, onInvocation) =>
      startMappings({
        resources: resources[service],
        endpoints: emulators,
        ...(onInvocation && { onInvocation }),
        invoke: (name, event) =>
          invoke(service, functionOf(service, (each) => each.name === name).key, event),
      }),
    async pay(merchantId, n) {
      const request = apiRequest({
        method: 'POST',
        route: '/payments',
        headers: {
          authorization: `Bearer ${await tokenOf(merchantId)}`,
          'content-type': 'application/json',
          'idempotency-key': `${merchantId}-${n}`,
        },
        body: JSON.stringify(paymentOf(n)),
      });
      const answer = (await invoke(
        'payments',
        'createPayment',
        request,
      )) as APIGatewayProxyStructuredResultV2;
      if (answer.statusCode !== 201) throw new Error(`A payment was answered with ${answer.body}`);
      return JSON.parse(answer.body ?? '').id;
    },
    stop: issuer.stop,
  };
}

function backgroundFunctionsOf(resources: Record<string, Resource>): string[] {
  const api = httpApiOf(resources);
  const memoryMbOf = (logicalId: string) => Number(resources[logicalId]?.Properties.MemorySize);
  return lambdaFunctions(resources)
    .filter(({ name, logicalId }) => runsInBackground({ name, memoryMb: memoryMbOf(logicalId) }, api))
    .map(({ key }) => key);
}

type Functions = Record<string, { handler: (event: unknown, context: unknown) => Promise<unknown> }>;

const tokenRequest = {
  subject: 'bench',
  scopes: ['payments:write', 'payments:read'],
  expiresInSeconds: 86_400,
};

/** Functions that one bundle can have, with the variables of all of them. */
type Group = { keys: string[]; variables: Record<string, string> };

/** As few groups as there have to be: two functions with another value under one name are in different ones, as both queues of billing. */
export function groupsOf(resources: Record<string, Resource>): Group[] {
  const groups: Group[] = [];
  for (const { key, logicalId } of lambdaFunctions(resources)) {
    const { Variables = {} } = (resources[logicalId]?.Properties.Environment ?? {}) as {
      Variables?: Record<string, string>;
    };
    const fits = ({ variables }: Group) =>
      Object.entries(Variables).every(([name, value]) => (variables[name] ?? value) === value);
    const group = groups.find(fits) ?? { keys: [], variables: {} };
    if (group.keys.length === 0) groups.push(group);
    group.keys.push(key);
    Object.assign(group.variables, Variables);
  }
  return groups;
}

/** The functions of a service, in one bundle where their variables allow it. */
async function loadFunctions(
  service: ServiceName,
  groups: Group[],
  completed: (variables: Record<string, string>) => Record<string, string>,
): Promise<Functions> {
  const loaded = groups.map(({ keys, variables }) =>
    loadBundled<Functions>(
      keys.map((key) => `export * as ${key} from './${key}.ts';`).join('\n'),
      join(import.meta.dirname, '../../services', service, 'src/functions'),
      { ...completed(variables), POWERTOOLS_SERVICE_NAME: `fanfold-${service}` },
    ),
  );
  return Object.assign({}, ...(await Promise.all(loaded)));
}

/** What Lambda tells every function, and where to ask AWS. */
export const lambdaEnvironment = (asked: Endpoints): Record<string, string> => ({
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_ENDPOINT_URL: asked.aws,
  AWS_ENDPOINT_URL_DYNAMODB: asked.dynamodb,
  AWS_ENDPOINT_URL_KMS: asked.kms,
});

/** Answers with the keys that tokens are verified by. */
const startIssuer = () =>
  listen(async (_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(await publicKeySet()));
  });
