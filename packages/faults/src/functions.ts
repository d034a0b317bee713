import { AsyncLocalStorage } from 'node:async_hooks';
import { Console } from 'node:console';
import { once } from 'node:events';
import filesystem, { readdir, readFile } from 'node:fs/promises';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import timersPromises from 'node:timers/promises';
import { Script } from 'node:vm';
import { publicKeySet } from '@fanfold/local-cloud/issuer';
import { lambdaFunctions } from '@fanfold/local-cloud/mappings';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import type { Resource } from '@fanfold/local-cloud/template';
import { WitnessFake } from '@fanfold/witness-fake/witnessFake';
import type { Context } from 'aws-lambda';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { declaredEvents, functionOptions } from '../../topology/bundling.js';
import type { Clock } from './clock.ts';
import type { Invocation, Network } from './network.ts';
import { randomFrom } from './random.ts';

export const servicesUnderTest = ['payments', 'billing', 'audit'] as const;

/** The resources of a service, with the provider that payments is to have, and the witness that audit's log is to have. */
export async function templateUnderTest(
  service: string,
  provider: PaymentProvider,
  awsEndpoint?: string,
): Promise<Record<string, Resource>> {
  const resources = await templateOf(
    service,
    awsEndpoint,
    // Nobody listens there: whatever functions ask of Stripe goes to the network.
    service === 'payments' && provider === 'stripe'
      ? {
          paymentProvider: provider,
          stripeUrl: 'http://127.0.0.1:4567',
          paymentReturnUrl: 'http://127.0.0.1:4000/',
        }
      : {},
  );
  // Here, as another value of a parameter would be another package, which takes seconds.
  for (const { Properties } of Object.values(resources)) {
    const variables = Object(Object(Properties?.Environment).Variables) as Record<string, string>;
    if (!('LOG_WITNESSES' in variables)) continue;
    variables.LOG_WITNESSES = `http://127.0.0.1:4568 ${new WitnessFake({ logKeys: [] }).verifierKey}`;
    variables.LOG_QUORUM = '1';
  }
  return resources;
}

export const repository = join(import.meta.dirname, '../../..');

/** By whom payments are taken: the provider of a stage, which package.json chooses by it. */
export const paymentProviders = ['sandbox', 'stripe'] as const;

export type PaymentProvider = (typeof paymentProviders)[number];

/** A change of one source file, at one or more places. What is to be found must stand there exactly once. */
export type Mutation = Change & { file: string; also?: Change[] };

type Change = { find: string; replace: string };

const compiled = new Map<string, Promise<Script>>();

/**
 * The functions of a service in one script, with a mutation if one is given. It takes what is from npm from `libraries`, so that
 * it is small: it is read again for each sandbox, and compiled again for each mutation.
 */
export function compileService(
  service: string,
  libraries: Libraries,
  { provider = 'sandbox', mutation }: { provider?: PaymentProvider; mutation?: Mutation | undefined } = {},
): Promise<Script> {
  // What is shared is in the script of every service.
  const isConcerned =
    mutation && (mutation.file.startsWith('packages/') || mutation.file.startsWith(`services/${service}/`));
  const variant = service === 'payments' ? provider : 'sandbox';
  const key = JSON.stringify([service, variant, isConcerned && mutation]);
  const known = compiled.get(key) ?? compile(service, libraries, variant, isConcerned ? mutation : undefined);
  compiled.set(key, known);
  return known;
}

const compile = async (...of: Parameters<typeof bundleService>): Promise<Script> =>
  scriptOf(of[0], await bundleService(...of));

/** The text of that script. */
export async function bundleService(
  service: string,
  libraries: Libraries,
  provider: PaymentProvider,
  mutation?: Mutation,
): Promise<string> {
  const folder = join(repository, 'services', service, 'src/functions');
  const keys = (await readdir(folder)).filter((file) => !file.endsWith('.test.ts'));
  return bundle({
    stdin: {
      // A sandbox loads its own function and what that one needs.
      contents: keys
        .map(
          (file) =>
            `Object.defineProperty(exports, '${file.replace('.ts', '')}', { get: () => require('./${file}') });`,
        )
        .join('\n'),
      resolveDir: folder,
    },
    conditions: [provider, 'module'],
    plugins: [undrawn, declaredEvents, libraries.plugin, ...(mutation ? [mutating(mutation)] : [])],
  });
}

/**
 * What draws PDFs is pure and takes a hundred times as long as all else that happens to a document: here a document's PDF is
 * its text.
 */
const undrawn: Plugin = {
  name: 'undrawn',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[/\\]packages[/\\]invoicing[/\\]src[/\\]pdf\.ts$/ }, () => ({
      contents: `export const renderPdf = async ({ document, cii, isCopy }) => Buffer.from(JSON.stringify({ document, cii, isCopy }));`,
    }));
    onLoad({ filter: /[/\\]packages[/\\]invoicing[/\\]src[/\\]fontFiles\.ts$/ }, () => ({
      contents: 'export const readFont = () => undefined;',
    }));
  },
};

/** What services import from npm, as one script for all of them: by far the most of their code, and nothing of it is mutated. */
export class Libraries {
  /** By their files. */
  readonly #imported = new Set<string>();

  readonly plugin: Plugin = {
    name: 'libraries',
    setup: ({ onResolve, resolve }) => {
      onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === fromHere || isBuiltin(path) || path.startsWith('@fanfold/')) return undefined;
        const found = await resolve(path, { importer, kind, resolveDir, pluginData: fromHere });
        if (found.errors.length > 0) return { errors: found.errors };
        // A package of this repository by another name, which \`alias\` gives it.
        if (!found.path.includes('node_modules')) return found;
        this.#imported.add(found.path);
        return { path: found.path, external: true };
      });
    },
  };

  /** All that was imported until now. */
  compile = async (): Promise<Script> => scriptOf('libraries', await this.bundle());

  /** The text of that script. */
  bundle(): Promise<string> {
    const contents = [...this.#imported]
      .sort()
      .map((file) => JSON.stringify(file))
      .map((file) => `Object.defineProperty(exports, ${file}, { get: () => require(${file}) });`);
    return bundle({ stdin: { contents: contents.join('\n'), resolveDir: repository } });
  }
}

const fromHere = Symbol('resolved by this plugin');

async function bundle(options: BuildOptions): Promise<string> {
  const { outputFiles = [] } = await build({
    ...functionOptions,
    minify: false,
    format: 'cjs',
    write: false,
    // A script has no modules to import.
    supported: { 'dynamic-import': false },
    // Without those that take node:http past what is given to the script.
    plugins: [],
    logLevel: 'silent',
    ...options,
  });
  // What is required comes as a namespace, once for all sandboxes. To copy it for each would take a tenth of a run.
  return String(outputFiles[0]?.text).replace(/__toESM\((require\("[^"]+"\))(, 1)?\)/g, '$1');
}

const scriptOf = (name: string, text: string): Script =>
  new Script(`(function (${injected.join(', ')}) {${text}\n})`, { filename: `${name}.cjs` });

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

const mutating = (mutation: Mutation): Plugin => ({
  name: 'mutation',
  setup({ onLoad }) {
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
  'fetch',
  'AbortSignal',
];

/** How a run of a function ended. */
export type Outcome =
  | { status: 'answered'; value: unknown }
  | { status: 'threw'; error: Error }
  /** Its process was ended, by a fault or by its timeout: nothing is known of what it did. */
  | { status: 'killed' };

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/**
 * A sandbox as Lambda has it: the modules of its function, one run at a time, until its process ends. Of libraries there is one
 * copy for all, which is warm; what they keep, such as what is left of a client's retries, is in the clients that modules make.
 */
type Instance = {
  handler: Handler;
  environment: Record<string, string>;
  isBusy: boolean;
  isAlive: boolean;
  current: Invocation | undefined;
};

export type ServiceCode = { script: Script; resources: Record<string, Resource> };

/** Every function of every service, run as Lambda runs them: in sandboxes that are used again, and end. */
export class Functions {
  /** Every line that functions logged in this run. */
  log: string[] = [];
  /** Where the jitter of functions comes from. */
  random = randomFrom(0);
  readonly #instances = new Map<string, Instance[]>();
  readonly #definitions = new Map<string, Definition>();
  /** Whose code it is that runs. */
  readonly #running = new AsyncLocalStorage<Instance>();
  readonly #services: Record<string, ServiceCode>;
  readonly #clock: Clock;
  readonly #network: Network;
  readonly #environment: Record<string, string>;
  readonly #given: Record<string, unknown>;
  readonly #libraries: Record<string, unknown>;

  /** @param environment that all functions have, beside what their templates give them */
  constructor(
    services: Record<string, ServiceCode>,
    libraries: Script,
    { clock, network, environment }: { clock: Clock; network: Network; environment: Record<string, string> },
  ) {
    this.#services = services;
    this.#clock = clock;
    this.#network = network;
    this.#environment = environment;
    this.#given = this.#substitutes();
    this.#libraries = this.#evaluate(libraries);
  }

  /** Runs other code of a service from now on. */
  deploy(service: string, code: ServiceCode): void {
    if (this.#services[service]?.script === code.script) return;
    this.#services[service] = code;
    for (const ofFunctions of [this.#instances, this.#definitions]) {
      for (const name of ofFunctions.keys()) if (name.startsWith(`${service}.`)) ofFunctions.delete(name);
    }
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
    const deadline = this.#clock.now + timeoutMs;
    return new Promise((resolve) => {
      const end = (outcome: Outcome) => {
        instance.isBusy = false;
        cancelTimeout();
        resolve(outcome);
      };
      const kill = () => {
        instance.isAlive = false;
        end({ status: 'killed' });
      };
      const cancelTimeout = this.#clock.after(timeoutMs, kill);
      instance.isBusy = true;
      instance.current = {
        functionName,
        isAlive: () => instance.isAlive,
        kill,
        repeat: () => this.invoke(functionName, structuredClone(event)),
      };
      const context = contextOf(functionName, () => deadline - this.#clock.now);
      this.#running
        .run(instance, () => instance.handler(structuredClone(event), context))
        .then(
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

  #definitionOf(functionName: string): Definition {
    const known = this.#definitions.get(functionName);
    if (known) return known;
    const [service = '', key] = functionName.split('.');
    const { resources } = this.#services[service] as ServiceCode;
    const found = lambdaFunctions(resources).find((each) => each.key === key);
    if (!found) throw new Error(`There is no function ${functionName}`);
    const { Environment } = (resources[found.logicalId] as Resource).Properties as {
      Environment?: { Variables: Record<string, string> };
    };
    const definition = { timeoutMs: found.timeoutMs, variables: Environment?.Variables ?? {} };
    this.#definitions.set(functionName, definition);
    return definition;
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
      environment: { ...this.#environment, ...this.#definitionOf(functionName).variables },
      isBusy: false,
      isAlive: true,
      current: undefined,
    };
    instance.handler = this.#running.run(
      instance,
      () => (this.#evaluate(script)[key] as { handler: Handler }).handler,
    );
    return instance;
  }

  #evaluate(script: Script): Record<string, unknown> {
    const exports = {};
    const given: Record<string, unknown> = { ...this.#given, exports, module: { exports } };
    script.runInThisContext()(...injected.map((name) => given[name]));
    return exports;
  }

  /** What scripts have in place of what Node gives to all. Whose it is shows when it is used. */
  #substitutes(): Record<string, unknown> {
    const stdout = new Writable({
      write: (chunk, _encoding, done) => {
        this.log.push(String(chunk));
        done();
      },
    });
    const { delay, timeoutSignal, ...timers } = this.#clock.globals((callback) => {
      const instance = this.#running.getStore();
      if (!instance) return callback;
      return (...values) => instance.isAlive && this.#running.run(instance, callback, ...values);
    });
    const modules: Record<string, unknown> = {
      http: {
        ...http,
        // The SDK gives options. By its URL only the token issuer is asked.
        request: (to: RequestOptions | URL, ...more: unknown[]) => {
          const onResponse = more.at(-1) as (response: IncomingMessage) => void;
          if (to instanceof URL) return this.#askIssuer(onResponse);
          return this.#network.request(this.#running.getStore()?.current as Invocation, to, onResponse);
        },
      },
      'fs/promises': { ...filesystem, readFile: this.#readFile },
      timers,
      'timers/promises': { ...timersPromises, setTimeout: delay },
    };
    const namespaces = new Map<string, object>();
    const load = (name: string): unknown =>
      isBuiltin(name)
        ? (modules[name.replace('node:', '')] ?? process.getBuiltinModule(name))
        : this.#libraries[name];
    return {
      process: Object.create(process, {
        env: { get: () => this.#running.getStore()?.environment ?? this.#environment },
        stdout: { value: stdout },
        stderr: { value: stdout },
      }),
      console: new Console(stdout),
      crypto: { ...crypto, subtle: this.#subtle },
      // Jitter is the same each time.
      Math: Object.create(Math, { random: { value: () => this.random() } }),
      ...timers,
      // Only Stripe and the witness outside are asked by it.
      fetch: (...asked: Parameters<typeof fetch>) =>
        this.#network.fetch(this.#running.getStore()?.current as Invocation, ...asked),
      AbortSignal: new Proxy(AbortSignal, {
        get: (signal, name) => (name === 'timeout' ? timeoutSignal : Reflect.get(signal, name)),
      }),
      require: (name: string) => {
        const loaded = namespaces.get(name) ?? namespaceOf(load(name));
        namespaces.set(name, loaded);
        return loaded;
      },
    };
  }
}

/** What an import has of a module: of one that is no ES module, all of it as its default export. */
const namespaceOf = (module: unknown): object =>
  (module as { __esModule?: true }).__esModule
    ? // Without the getters, one by one, that lead to its exports.
      { ...(module as object) }
    : Object.assign(Object.create(module as object), { default: module });

type Definition = { timeoutMs: number; variables: Record<string, string> };

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
