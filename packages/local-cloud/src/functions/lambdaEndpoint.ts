import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { accountId, region } from '../account.ts';
import { isForeign } from '../foreign.ts';
import { MappingInUse, type SwitchableMapping } from '../mappings/switchableMapping.ts';
import type { Configurations } from './configurations.ts';
import { FunctionError } from './invoke.ts';
import type { ReservedConcurrency } from './reservedConcurrency.ts';
import type { Schedule } from './schedules.ts';

export type LambdaEndpoint = { url: string; stop(): void };

/** What a service has that runs: its functions, found by name, and what runs them without a request. */
export type Functions = {
  invoke: (functionName: string, event: unknown) => Promise<unknown>;
  /** Without it no function is closed. */
  concurrency?: ReservedConcurrency;
  /** Without it no function's variables are told or changed. */
  configurations?: Configurations;
  /** Names of all functions, to be found by the calls about their concurrency. */
  functionNames?: string[];
  mappings?: SwitchableMapping[];
  schedules?: Schedule[];
};

/**
 * The calls to Lambda and EventBridge with which an operator runs functions, closes them, changes their variables, and switches
 * their mappings and schedules, over HTTP at 127.0.0.1.
 *
 * @param port any free one by default
 */
export async function startLambdaEndpoint(functions: Functions, port = 0): Promise<LambdaEndpoint> {
  const server = createServer((request, response) => {
    answer(request, response, functions).catch((error: Error) => {
      reply(response, 404, { Type: 'User', Message: error.message });
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { invoke, concurrency, configurations, functionNames = [], mappings = [], schedules = [] }: Functions,
): Promise<void> {
  if (isForeign(request)) {
    reply(response, 403, { Type: 'User', Message: 'Functions are run for tools on this machine only.' });
    return;
  }
  const body = await text(request);
  let input: unknown;
  try {
    input = body === '' ? {} : JSON.parse(body);
  } catch {
    reply(response, 400, { Type: 'User', Message: 'The payload is not JSON.' });
    return;
  }
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(pathname) ?? [];
  const [, limited] = /^\/20\d\d-\d\d-\d\d\/functions\/([^/]+)\/concurrency$/.exec(pathname) ?? [];
  const [, configured] = /^\/2015-03-31\/functions\/([^/]+)\/configuration$/.exec(pathname) ?? [];
  const [, isAboutMappings, uuid] = /^\/2015-03-31\/(event-source-mappings)\/?([^/]*)$/.exec(pathname) ?? [];
  const [, rulesCall] = /^AWSEvents\.(\w+)$/.exec(String(request.headers['x-amz-target'])) ?? [];
  if (request.method === 'POST' && name !== undefined) {
    const isAsynchronous = request.headers['x-amz-invocation-type'] === 'Event';
    await run(response, invoke(nameIn(name), input), isAsynchronous);
  } else if (concurrency && limited !== undefined) {
    const functionName = nameIn(limited);
    if (functionNames.includes(functionName)) {
      await answerConcurrency(request, response, concurrency, functionName, input);
    } else replyUnknown(response, functionName);
  } else if (configurations && configured !== undefined) {
    answerConfiguration(request, response, configurations, nameIn(configured), input);
  } else if (request.method === 'GET' && isAboutMappings && !uuid) {
    reply(response, 200, { EventSourceMappings: mappings.map(configurationOf) });
  } else if (request.method === 'PUT' && uuid) {
    updateMapping(
      response,
      find(mappings, (mapping) => mapping.uuid === uuid, uuid),
      input,
    );
  } else if (request.method === 'POST' && pathname === '/' && rulesCall !== undefined) {
    answerRules(response, rulesCall, schedules, input as RuleInput);
  } else {
    throw new Error(
      'The calls are Invoke, Get- and UpdateFunctionConfiguration, ListEventSourceMappings, UpdateEventSourceMapping and Get-, Put- ' +
        'and DeleteFunctionConcurrency of Lambda, and ListRules, EnableRule and DisableRule of EventBridge.',
    );
  }
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
async function run(
  response: ServerResponse,
  running: Promise<unknown>,
  isAsynchronous: boolean,
): Promise<void> {
  if (isAsynchronous) {
    // Its failure is in the log of the function.
    running.catch(() => {});
    response.writeHead(202).end();
    return;
  }
  try {
    reply(response, 200, (await running) ?? null);
  } catch (error) {
    if ((error as Error).name === 'Throttled') {
      response.setHeader('x-amzn-errortype', 'TooManyRequestsException');
      reply(response, 429, { Type: 'User', message: (error as Error).message });
      return;
    }
    if (!(error instanceof FunctionError)) throw error;
    response.setHeader('x-amz-function-error', 'Unhandled');
    reply(response, 200, error.failure);
  }
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html, of which only 0 is taken, and its siblings. */
async function answerConcurrency(
  { method }: IncomingMessage,
  response: ServerResponse,
  concurrency: ReservedConcurrency,
  functionName: string,
  input: unknown,
): Promise<void> {
  if (method === 'DELETE') {
    concurrency.open(functionName);
    response.writeHead(204).end();
    return;
  }
  if (method === 'PUT') {
    const { ReservedConcurrentExecutions } = input as { ReservedConcurrentExecutions?: number };
    if (ReservedConcurrentExecutions !== 0) {
      reply(response, 400, { Type: 'User', Message: 'The local cloud reserves no concurrency but 0.' });
      return;
    }
    await concurrency.close(functionName);
  }
  reply(response, 200, concurrency.isClosed(functionName) ? { ReservedConcurrentExecutions: 0 } : {});
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html, of which only the variables are taken. */
function answerConfiguration(
  { method }: IncomingMessage,
  response: ServerResponse,
  configurations: Configurations,
  functionName: string,
  input: unknown,
): void {
  const { Environment } = input as { Environment?: { Variables?: Record<string, string> } };
  if (configurations.variablesOf(functionName) === undefined) {
    replyUnknown(response, functionName);
    return;
  }
  if (method === 'PUT' && Environment) configurations.setVariables(functionName, Environment.Variables ?? {});
  const Variables = configurations.variablesOf(functionName);
  reply(response, 200, { FunctionName: functionName, Environment: { Variables } });
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html, of which only `Enabled` is taken. */
function updateMapping(response: ServerResponse, mapping: SwitchableMapping, input: unknown): void {
  const { Enabled } = input as { Enabled?: boolean };
  try {
    if (Enabled !== undefined) mapping.update(Enabled);
    reply(response, 202, configurationOf(mapping));
  } catch (error) {
    if (!(error instanceof MappingInUse)) throw error;
    response.setHeader('x-amzn-errortype', 'ResourceInUseException');
    reply(response, 400, { Type: 'User', Message: error.message });
  }
}

const configurationOf = ({ uuid, functionName, eventSourceArn, state }: SwitchableMapping) => ({
  UUID: uuid,
  FunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
  EventSourceArn: eventSourceArn,
  State: state,
});

type RuleInput = { Name?: string; NamePrefix?: string };

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html, and those that enable and disable one. */
function answerRules(
  response: ServerResponse,
  call: string,
  schedules: Schedule[],
  { Name, NamePrefix = '' }: RuleInput,
): void {
  if (call === 'ListRules') {
    const rules = schedules.filter(({ name }) => name.startsWith(NamePrefix));
    reply(response, 200, {
      Rules: rules.map(({ name, expression, enabled }) => ({
        Name: name,
        ScheduleExpression: expression,
        State: enabled ? 'ENABLED' : 'DISABLED',
      })),
    });
    return;
  }
  const schedule = find(schedules, ({ name }) => name === Name, String(Name));
  if (call === 'EnableRule') schedule.enable();
  else if (call === 'DisableRule') schedule.disable();
  else throw new Error(`EventBridge's ${call} is not among the calls of the local cloud.`);
  response.writeHead(200).end();
}

function find<Item>(items: Item[], isMeant: (item: Item) => boolean, what: string): Item {
  const found = items.find(isMeant);
  if (found) return found;
  throw new Error(`There is no ${what}.`);
}

/** Of a function, by the part of a path that has its name or ARN. */
const nameIn = (part: string): string => decodeURIComponent(part).split(':').at(-1) as string;

function replyUnknown(response: ServerResponse, functionName: string): void {
  response.setHeader('x-amzn-errortype', 'ResourceNotFoundException');
  reply(response, 404, { Type: 'User', Message: `There is no function ${functionName}.` });
}

const reply = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
