import { Console } from 'node:console';
import { once } from 'node:events';
import filesystem, { readdir, readFile } from 'node:fs/promises';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import timersPromises from 'node:timers/promises';
import { Script } from 'node:vm';
import { publicKeySet } from '@fanfold/local-cloud/issuer';
import { lambdaFunctions } from '@fanfold/local-cloud/mappings';
import type { Resource } from '@fanfold/local-cloud/template';
import type { Context } from 'aws-lambda';
import { build } from 'esbuild';
import { functionOptions } from '../../topology/bundling.js';
import type { Clock } from './clock.ts';
import type { Invocation, Network } from './network.ts';
import { randomFrom } from './random.ts';

export const repository = join(import.meta.dirname, '../../..');

/** A change of one source file, at one or more places. What is to be found must stand there exactly once. */
export type Mutation = Change & { file: string; also?: Change[] };

type Change = { find: string; replace: string };

const compiled = new Map<string, Promise<Script>>();

/** The functions of a service in one script, bundled as for deploying, with a mutation if one is given. */
export function compileService(service: string, mutation?: Mutation): Promise<Script> {
  // What is shared is in the bundle of every service.
  const isConcerned =
    mutation && (mutation.file.startsWith('packages/') || mutation.file.startsWith(`services/${service}/`));
  const key = JSON.stringify([service, isConcerned && mutation]);
  const known = compiled.get(key) ?? compile(service, isConcerned ? mutation : undefined);
  compiled.set(key, known);
  return known;
}

async function compile(service: string, mutation: Mutation | undefined): Promise<Script> {
  const folder = join(repository, 'services', service, 'src/functions');
  const keys = (await readdir(folder)).filter((file) => !file.endsWith('.test.ts'));
  const bundle = await build({
    ...functionOptions,
    minify: false,
    format: 'cjs',
    stdin: {
      contents: keys.map((file) => `export * as ${file.replace('.ts', '')} from './${file}';`).join('\n'),
      resolveDir: folder,
    },
    write: false,
    // A script has no modules to import.
    supported: { 'dynamic-import': false },
    // Without those that take node:http past what is given to the script.
    plugins: mutation ? [mutating(mutation)] : [],
    logLevel: 'silent',
  });
  const text = bundle.outputFiles[0]?.text;
  return new Script(`(function (${injected.join(', ')}) {${text}\n})`, { filename: `${service}.cjs` });
}

/**
 * What a mutation makes of its file.
 *
 * @throws when something that is to be found is not there once: then nothing would be taken out
 */
export async function mutated({ file, find, replace, also = [] }: Mutation): Promise<string> {
  let text = await readFile(join(repository, file), 'utf8');
  for (const change of [{ find, replace }, ...also]) {
    if (text.split(change.find).length !== 2) {
      throw new Error(`${file} has to have this once, to be mutated: ${change.find}`);
    }
    text = text.replace(change.find, () => change.replace);
  }
  return text;
}

const mutating = (mutation: Mutation) => ({
  name: 'mutation',
  setup({ onLoad }: Parameters<NonNullable<Parameters<typeof build>[0]['plugins']>[number]['setup']>[0]) {
    const path = join(repository, mutation.file);
    onLoad({ filter: /\.ts$/ }, async (loaded) => {
      if (loaded.path !== path) return undefined;
      return { contents: await mutated(mutation), loader: 'ts' as const };
    });
  },
});

/** What a script gets in place of what Node gives to all. */
const injected = [
  'exports',
  'require',
  'module',
  'process',
  'console',
  'crypto',
  'Math',
  'Date',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
];

/** How a run of a function ended. */
export type Outcome =
  | { status: 'answered'; value: unknown }
  | { status: 'threw'; error: Error }
  /** Its process was ended, by a fault or by its timeout: nothing is known of what it did. */
  | { status: 'killed' };

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** A sandbox as Lambda has it: its own modules, one run at a time, until its process ends. */
type Instance = { handler: Handler; isBusy: boolean; isAlive: boolean; current: Invocation | undefined };

export type ServiceCode = { script: Script; resources: Record<string, Resource> };

/** Every function of every service, run as Lambda runs them: in sandboxes that are used again, and end. */
export class Functions {
  /** Every line that functions logged in this run. */
  log: string[] = [];
  /** Where the jitter of functions comes from. */
  random = randomFrom(0);
  readonly #instances = new Map<string, Instance[]>();
  readonly #services: Record<string, ServiceCode>;
  readonly #clock: Clock;
  readonly #network: Network;
  readonly #environment: Record<string, string>;

  /** @param environment that all functions have, beside what their templates give them */
  constructor(
    services: Record<string, ServiceCode>,
    { clock, network, environment }: { clock: Clock; network: Network; environment: Record<string, string> },
  ) {
    this.#services = services;
    this.#clock = clock;
    this.#network = network;
    this.#environment = environment;
  }

  /** Runs other code of a service from now on. */
  deploy(service: string, script: Script): void {
    const { resources } = this.#services[service] as ServiceCode;
    if (this.#services[service]?.script === script) return;
    this.#services[service] = { script, resources };
    for (const name of this.#instances.keys())
      if (name.startsWith(`${service}.`)) this.#instances.delete(name);
  }

  /**
   * Ends every sandbox. What is in them, such as what is left of a client's quota of retries, would make a run depend on those
   * before it.
   */
  restart(): void {
    for (const instance of [...this.#instances.values()].flat()) instance.isAlive = false;
    this.#instances.clear();
  }

  /** The environment that a template gives to a function. */
  environmentOf(functionName: string): Record<string, string> {
    return this.#definitionOf(functionName).variables;
  }

  /** Runs a function, such as `payments.createPayment`, until it has answered, thrown or ended. */
  invoke(functionName: string, event: unknown): Promise<Outcome> {
    const { timeoutMs } = this.#definitionOf(functionName);
    const instance = this.#instanceOf(functionName);
    return new Promise((resolve) => {
      const end = (outcome: Outcome) => {
        instance.isBusy = false;
        timeout.cancel();
        resolve(outcome);
      };
      const kill = () => {
        instance.isAlive = false;
        end({ status: 'killed' });
      };
      const deadline = this.#clock.now + timeoutMs;
      const { setTimeout, clearTimeout } = this.#clock.globals(() => instance.isAlive && instance.isBusy);
      const timer = setTimeout(kill, timeoutMs);
      const timeout = { cancel: () => clearTimeout(timer) };
      instance.isBusy = true;
      instance.current = {
        functionName,
        isAlive: () => instance.isAlive,
        kill,
        repeat: () => this.invoke(functionName, structuredClone(event)),
      };
      const context = contextOf(functionName, () => deadline - this.#clock.now);
      instance.handler(structuredClone(event), context).then(
        (value) => instance.isAlive && end({ status: 'answered', value }),
        (error) => instance.isAlive && end({ status: 'threw', error }),
      );
    });
  }

  /** A client looks for files of settings at its first call. */
  readonly #readFile = (...[path, options]: Parameters<typeof readFile>) =>
    this.#network.during(readFile(path, options));

  /** Keys are read and signatures verified beside the main thread, which must not look as if nothing happened. */
  readonly #subtle = new Proxy(crypto.subtle, {
    get: (subtle, name) => {
      const method = Reflect.get(subtle, name) as (...values: unknown[]) => Promise<unknown>;
      return (...values: unknown[]) => this.#network.during(method.apply(subtle, values));
    },
  });

  /** Its keys are always there: what breaks is AWS. */
  #askIssuer(onResponse: (response: IncomingMessage) => void): typeof asked {
    this.#network.during(
      publicKeySet().then(async (keys) => {
        const response = Readable.from([Buffer.from(JSON.stringify(keys))]);
        onResponse(Object.assign(response, { statusCode: 200 }) as never);
        await once(response, 'close');
      }),
    );
    return asked;
  }

  #definitionOf(functionName: string): { timeoutMs: number; variables: Record<string, string> } {
    const [service = '', key] = functionName.split('.');
    const { resources } = this.#services[service] as ServiceCode;
    const definition = lambdaFunctions(resources).find((each) => each.key === key);
    if (!definition) throw new Error(`There is no function ${functionName}`);
    const { Environment } = (resources[definition.logicalId] as Resource).Properties as {
      Environment?: { Variables: Record<string, string> };
    };
    return { timeoutMs: definition.timeoutMs, variables: Environment?.Variables ?? {} };
  }

  #instanceOf(functionName: string): Instance {
    const instances = (this.#instances.get(functionName) ?? []).filter(({ isAlive }) => isAlive);
    this.#instances.set(functionName, instances);
    const idle = instances.find(({ isBusy }) => !isBusy);
    if (idle) return idle;
    const started = this.#start(functionName);
    instances.push(started);
    return started;
  }

  #start(functionName: string): Instance {
    const [service = '', key = ''] = functionName.split('.');
    const { script } = this.#services[service] as ServiceCode;
    const instance: Instance = {
      handler: async () => undefined,
      isBusy: false,
      isAlive: true,
      current: undefined,
    };
    const { delay, ...globals } = this.#clock.globals(() => instance.isAlive);
    const stdout = new Writable({
      write: (chunk, _encoding, done) => {
        this.log.push(String(chunk));
        done();
      },
    });
    const environment = { ...this.#environment, ...this.#definitionOf(functionName).variables };
    const own = {
      process: Object.create(process, {
        env: { value: environment },
        stdout: { value: stdout },
        stderr: { value: stdout },
      }),
      console: new Console(stdout),
      crypto: { ...crypto, subtle: this.#subtle },
      // Jitter is the same each time.
      Math: Object.create(Math, { random: { value: () => this.random() } }),
      ...globals,
    };
    const require = createRequire(join(repository, 'services', service, 'package.json'));
    const requireInstead = (name: string) => {
      switch (name.replace('node:', '')) {
        case 'http':
          return {
            ...http,
            // The SDK gives options. By its URL only the token issuer is asked.
            request: (to: RequestOptions | URL, ...more: unknown[]) => {
              const onResponse = more.at(-1) as (response: IncomingMessage) => void;
              if (to instanceof URL) return this.#askIssuer(onResponse);
              return this.#network.request(instance.current as Invocation, to, onResponse);
            },
          };
        case 'fs/promises':
          return { ...filesystem, readFile: this.#readFile };
        case 'timers':
          return globals;
        case 'timers/promises':
          return { ...timersPromises, setTimeout: delay };
        default:
          return require(name);
      }
    };
    const module = { exports: {} as Record<string, { handler: Handler }> };
    const values: Record<string, unknown> = {
      ...own,
      module,
      exports: module.exports,
      require: requireInstead,
    };
    script.runInThisContext()(...injected.map((name) => values[name]));
    instance.handler = (module.exports[key] as { handler: Handler }).handler;
    return instance;
  }
}

/** What is used of a request for keys. */
const asked = { on: () => asked, end: () => asked };

const contextOf = (functionName: string, getRemainingTimeInMillis: () => number): Context => ({
  callbackWaitsForEmptyEventLoop: true,
  functionName,
  functionVersion: '$LATEST',
  invokedFunctionArn: `arn:aws:lambda:eu-west-1:000000000000:function:${functionName}`,
  memoryLimitInMB: '512',
  awsRequestId: crypto.randomUUID(),
  logGroupName: functionName,
  logStreamName: 'faults',
  getRemainingTimeInMillis,
  done: () => {},
  fail: () => {},
  succeed: () => {},
});
