import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { json, text } from 'node:stream/consumers';
import type { Emulators, Endpoints } from '../emulators/emulators.ts';
import { isForeign, isOfForeignPage } from '../foreign.ts';
import { holdDataFolder } from './dataFolder.ts';
import { publicKeySet } from './issuer.ts';
import { keepMeasurements, type Measurements } from './measurements.ts';
import { requireFreePorts } from './ports.ts';

/** Base URLs of a service: its HTTP API, and the Lambda endpoint where its functions can be invoked by name. */
export type RunningService = { url: string; lambdaUrl: string };

/** The response of `GET /` at a stack's base port. */
export type StackDescription = {
  name: 'fanfold';
  pid: number;
  /** URL that is the `iss` of tokens; its key set is at `/.well-known/jwks.json`. */
  issuer: string;
  endpoints: Endpoints;
  /** Where its data is kept; in memory without. */
  dataFolder?: string;
  services: Record<string, RunningService>;
  /** Whom payments are made with. */
  paymentProvider?: 'sandbox' | 'stripe';
};

/** Pages for people, at the base port. Requests of other pages do not reach them. */
export type Pages = {
  /** Whether a request is for them. */
  have(request: IncomingMessage): boolean;
  answer(request: IncomingMessage, response: ServerResponse, stack: StackDescription): Promise<void>;
};

export type Stack = {
  description: StackDescription;
  /** The topic of a stack that this process has started. */
  topic?: Emulators['topic'];
  /** What the services measure that this process runs; of a stack that it has started. */
  measurements?: Measurements;
  /** Rejects when something that all services share ends without having been stopped; never resolves. */
  failed: Promise<never>;
  /** Stops what this process has started: nothing when the stack is another process's. */
  stop(): Promise<void>;
};

/** The ports of what all services share, relative to the base port. Services set theirs in serverless.yml. */
export const portOffsets = { issuer: 0, aws: 4, dynamodb: 5 };

export const defaultBasePort = 4000;

/**
 * The base port: FANFOLD_PORT, 4000 by default.
 *
 * @throws when FANFOLD_PORT is not a port with room for the others above it.
 */
export function basePort(): number {
  const value = process.env.FANFOLD_PORT ?? String(defaultBasePort);
  const port = Number(value);
  if (Number.isInteger(port) && port >= 1 && port <= 65_530) return port;
  throw new Error(`FANFOLD_PORT=${value} is not a port from 1 to 65530: set it to one, for example 4100.`);
}

/**
 * Starts what all services share: the emulators, the token issuer, and the description by which services and tools
 * find them. It takes the base port first: of several processes that try, one starts a stack.
 *
 * @param dataFolder keeps the emulators' data; in memory without it.
 * @param pages what people can read at the base port.
 * @throws when a port is taken (`code` EADDRINUSE if it is the base port), another stack has the data folder, it cannot be
 *   gone on with, or an emulator does not start.
 */
export async function startStack(base: number, dataFolder?: string, pages: Pages[] = []): Promise<Stack> {
  const services: StackDescription['services'] = {};
  const measurements = keepMeasurements();
  const ready = Promise.withResolvers<Started>();
  const server = createServer((request, response) => {
    answer(request, response, ready.promise, pages).catch((error: Error) => response.destroy(error));
  });
  server.listen(base, '127.0.0.1');
  await once(server, 'listening');
  const stopServer = () => {
    server.close();
    server.closeAllConnections();
  };
  let release = async () => {};
  try {
    await requireFreePorts([base + portOffsets.aws, base + portOffsets.dynamodb]);
    if (dataFolder) release = await holdDataFolder(dataFolder);
    const { startEmulators } = await import('../emulators/emulators.ts');
    const emulators = await startEmulators({
      port: base + portOffsets.aws,
      dynamodbPort: base + portOffsets.dynamodb,
      ...(dataFolder && { dataFolder }),
    });
    const { endpoints, failed, topic } = emulators;
    const issuer = `http://127.0.0.1:${base}`;
    const description = {
      name: 'fanfold' as const,
      pid: process.pid,
      issuer,
      endpoints,
      ...(dataFolder && { dataFolder }),
      services,
    };
    ready.resolve({ description, topic, measurements });
    const stop = async () => {
      stopServer();
      await emulators.stop();
      await release();
    };
    return { description, failed, topic, measurements, stop };
  } catch (error) {
    stopServer();
    await release();
    throw error;
  }
}

type Started = { description: StackDescription; topic: Emulators['topic']; measurements: Measurements };

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  ready: Promise<Started>,
  pages: Pages[],
): Promise<void> {
  const reply = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const asked = pages.find((each) => each.have(request));
  if (asked ? isOfForeignPage(request) : isForeign(request)) {
    reply(403, { message: 'Requests come from this machine only.' });
    return;
  }
  if (asked) {
    await asked.answer(request, response, (await ready).description);
    return;
  }
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://stack');
  switch (`${request.method} ${pathname}`) {
    case 'GET /stack':
      reply(200, (await ready).description);
      return;
    case 'GET /stack/measurements':
      reply(200, (await ready).measurements.since(Number(searchParams.get('sinceMs'))));
      return;
    case 'PUT /stack/topic': {
      const { isAvailable } = (await json(request)) as Emulators['topic'];
      (await ready).topic.isAvailable = isAvailable === true;
      response.writeHead(204).end();
      return;
    }
    case 'GET /.well-known/jwks.json':
      reply(200, await publicKeySet());
      return;
    case 'POST /services':
      await holdService(request, response, (await ready).description.services);
      return;
    default:
      reply(404, { message: 'The paths are /stack and /.well-known/jwks.json.' });
  }
}

/** Whether a request is for a path, or for one below it. */
export const isBelow = (path: string, { url = '' }: IncomingMessage): boolean =>
  url === path || url.startsWith(`${path}/`) || url.startsWith(`${path}?`);

/** A service is part of the stack for as long as its request is open, so it cannot remain there after a crash. */
async function holdService(
  request: IncomingMessage,
  response: ServerResponse,
  services: StackDescription['services'],
): Promise<void> {
  const { name, ...service } = (await json(request)) as RunningService & { name: string };
  if (name in services) {
    response.writeHead(409).end(`${name} runs already, at ${services[name]?.url}. Stop it first.`);
    return;
  }
  services[name] = service;
  response.once('close', () => delete services[name]);
  response.writeHead(200).flushHeaders();
}

/**
 * Joins the stack with this base port, or starts one if there is none.
 *
 * @throws when the port is taken by something else, or a stack cannot be started.
 */
export async function joinStack(base: number, dataFolder?: string): Promise<Stack> {
  for (;;) {
    const description = await findStack(base);
    if (description) return { description, failed: new Promise(() => {}), stop: async () => {} };
    try {
      return await startStack(base, dataFolder);
    } catch (error) {
      // Another service, started at the same time, was faster: this one joins its stack.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

/**
 * The stack with this base port, after it has started; undefined if nothing listens there.
 *
 * @throws when something listens there that is not a Fanfold stack.
 */
export async function findStack(base: number): Promise<StackDescription | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${base}/stack`, { signal: AbortSignal.timeout(30_000) });
    const description = (await response.json()) as StackDescription;
    if (description.name === 'fanfold') return description;
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED')
      return undefined;
  }
  await requireFreePorts([base]);
  return undefined;
}

/** A service's entry in a stack's description, until one of the two ends. */
export type Registration = { ended: Promise<void>; end(): void };

/**
 * Adds a service to a stack's description.
 *
 * @param issuer the stack's.
 * @throws when the stack does not answer, or has a service of that name.
 */
export function register(issuer: string, name: string, service: RunningService): Promise<Registration> {
  return new Promise((resolve, reject) => {
    // Not fetch, which gives up on a response that stays open without data.
    const registering = request(`${issuer}/services`, { method: 'POST', agent: false });
    registering.once('error', reject);
    registering.once('response', async (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(await text(response)));
        return;
      }
      const ended = new Promise<void>((closed) => response.once('close', closed).resume());
      resolve({ ended, end: () => registering.destroy() });
    });
    registering.end(JSON.stringify({ name, ...service }));
  });
}
