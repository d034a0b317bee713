import { setTimeout } from 'node:timers/promises';
import { type Bundler, bundleTogether } from './bundles.ts';
import { comesAgain } from './comesAgain.ts';
import { type Serverless as CompiledServerless, compileTemplate } from './compileTemplate.ts';
import type { Gateway } from './gateway.ts';
import { type HttpApi, httpApiOf } from './httpApi.ts';
import type { Invocation } from './invocation.ts';
import { invoke } from './invoke.ts';
import type { Mappings } from './mappings.ts';
import { freePort, requireFreePorts } from './ports.ts';
import { refusedByAws } from './refusedByAws.ts';
import type { Ready } from './serviceProcess.ts';
import {
  basePort,
  findStack,
  joinStack,
  type Registration,
  type RunningService,
  register,
  type Stack,
} from './stack.ts';
import { type Resource, resolveTemplate } from './template.ts';
import { watchConfiguration } from './watchConfiguration.ts';

/** What is used of a running Serverless Framework. */
type Serverless = CompiledServerless & {
  pluginManager: { plugins: object[] };
  configSchemaHandler: {
    schema: { properties: Record<string, unknown> };
    defineTopLevelProperty(name: string, schema: object): void;
  };
  /** The stage of the command's options, before that of serverless.yml, which alone `service.provider` has. */
  getProvider(name: 'aws'): { getStage(): string };
  serviceDir: string;
  processedInput: { commands: string[]; options: { httpPort?: string; lambdaPort?: string } };
  service: {
    service: string;
    provider: { environment?: object };
    custom?: {
      localPort?: number;
      'serverless-offline'?: object;
      esbuild?: { format?: string; outputFileExtension?: string };
    };
    functions: Record<string, { name: string; environment?: object; events?: object[] }>;
  };
};

type Log = { notice(text: string): void; error(text: string): void };

/**
 * The Serverless plugin that puts a cloud under `serverless offline`: it joins or starts the stack at FANFOLD_PORT,
 * provisions the service's own template there, tells the functions where everything is, and runs their HTTP API and
 * event source mappings, for which serverless-offline only runs functions. It does nothing to packaging and deploying, but that it refuses what AWS would refuse half-way, and to
 * deploy the stage of the laptop.
 */
export default class LocalCloud {
  readonly hooks = {
    initialize: () => this.#initialize(),
    'before:offline:start:init': () => this.#prepare().catch(explain),
    'after:offline:start:init': () => this.#begin().catch(explain),
    'before:offline:start:end': () => this.#stop(),
    'after:aws:package:finalize:mergeCustomProviderResources': () => this.#refuseWithAws(),
    error: () => this.#giveUp(),
  };
  readonly #serverless: Serverless;
  readonly #log: Log;
  #stack: Promise<Stack> | undefined;
  #service: RunningService | undefined;
  #resources: Record<string, Resource> = {};
  #api: HttpApi = { routes: [], cors: undefined };
  #provisioned: Promise<void> | undefined;
  #registration: Registration | undefined;
  #mappings: Mappings | undefined;
  #gateway: Gateway | undefined;
  #askingWhatComesAgain = false;
  #stopping = false;

  constructor(serverless: Serverless, _options: object, { log }: { log: Log }) {
    this.#serverless = serverless;
    this.#log = log;
    allowBuildKey(serverless);
  }

  async #initialize(): Promise<void> {
    const { commands } = this.#serverless.processedInput;
    if (commands.join(' ') === 'invoke local') await this.#prepareInvocation().catch(explain);
    if (commands[0] !== 'offline') return;
    // `serverless offline` is one hook that returns when the process ends. Its longer form has hooks in between.
    if (commands.length === 1) commands.push('start');
    // Schedules mean UTC, and so does code in Lambda.
    process.env.TZ = 'UTC';
    // Whoever started this process ended, perhaps without a chance to say so.
    process.once('disconnect', () => process.exit(1));
    this.#stack = joinStack(basePort(), dataFolder());
    this.#stack.catch(() => {}); // Reported where it is awaited.
  }

  /** `serverless invoke local` runs a function here, on the resources of the stack that is running. */
  async #prepareInvocation(): Promise<void> {
    loadableByRequire(this.#serverless);
    if (this.#serverless.getProvider('aws').getStage() !== 'local') return;
    const description = await findStack(basePort());
    if (!description) {
      throw new Error(
        `No stack is running at port ${basePort()} for the function to use. Start one: pnpm dev.`,
      );
    }
    const { useEndpoints } = await import('./emulators.ts');
    useEndpoints(description.endpoints);
    const resources = resolveTemplate(await compileTemplate(this.#serverless), description.endpoints.aws);
    useResolvedEnvironment(this.#serverless, resources, description.issuer);
  }

  async #prepare(): Promise<void> {
    const { description, failed } = await this.#startedStack();
    failed.catch((error: Error) => this.#fail(error));
    const { useEndpoints } = await import('./emulators.ts');
    useEndpoints(description.endpoints);
    this.#resources = resolveTemplate(await compileTemplate(this.#serverless), description.endpoints.aws);
    this.#api = httpApiOf(this.#resources);
    takeHttpEvents(this.#serverless);
    useResolvedEnvironment(this.#serverless, this.#resources, description.issuer);
    const { provision } = await import('./provision.ts');
    this.#provisioned = provision(this.#resources, description.endpoints);
    this.#provisioned.catch(() => {}); // Reported where it is awaited.
    const bundler = this.#serverless.pluginManager.plugins.find(isBundler);
    if (bundler) {
      bundleTogether(bundler, String(basePort()), (ms, changed) =>
        this.#log.notice(changed > 0 ? `Reloaded in ${Math.round(ms)} ms.` : 'No function has changed.'),
      );
    }
    this.#service = await chooseAddresses(this.#serverless, basePort());
  }

  async #begin(): Promise<void> {
    const { description } = await this.#startedStack();
    await this.#provisioned;
    const service = this.#service as RunningService;
    const run = (functionName: string, event: unknown) => invoke(service.lambdaUrl, functionName, event);
    const { startMappings } = await import('./mappings.ts');
    this.#mappings = await startMappings({
      resources: this.#resources,
      endpoints: description.endpoints,
      invoke: run,
      onInvocation: (invocation) => {
        this.#tellWhatComesAgain(description.endpoints.aws, invocation);
      },
    });
    const { startGateway } = await import('./gateway.ts');
    this.#gateway = await startGateway({
      port: Number(new URL(service.url).port),
      api: this.#api,
      invoke: run,
      onAnswer: ({ method, target }, { status }) =>
        this.#log.notice(`${method} ${target.split('?')[0]} ${status}`),
      onError: ({ message }) => this.#log.error(message),
    });
    await watchConfiguration(this.#serverless.serviceDir, (path) =>
      this.#log.notice(`Restart needed: ${path} has changed, which is read at the start only.`),
    );
    const name = this.#serverless.service.service.replace(/^fanfold-/, '');
    this.#registration = await register(description.issuer, name, service);
    this.#registration.ended.then(() =>
      this.#fail(
        new Error(`The Fanfold stack at ${description.issuer} has ended, and this service with it.`),
      ),
    );
    this.#log.notice(`${name} is ready: ${service.url} (Lambda endpoint: ${service.lambdaUrl})`);
    process.send?.({ type: 'ready', service: name, ...service } satisfies Ready);
  }

  async #tellWhatComesAgain(aws: string, invocation: Invocation): Promise<void> {
    // All that a queue holds is in the answer: when much fails at once, it is not asked for each.
    if (this.#askingWhatComesAgain) return;
    this.#askingWhatComesAgain = true;
    try {
      const sentence = await comesAgain(aws, invocation);
      if (sentence) this.#log.notice(sentence);
    } catch (error) {
      if (!this.#stopping)
        this.#log.error(`When messages come again is not known: ${(error as Error).message}`);
    } finally {
      this.#askingWhatComesAgain = false;
    }
  }

  #refuseWithAws(): void {
    const { Resources } = this.#serverless.service.provider.compiledCloudFormationTemplate;
    for (const [logicalId, resource] of Object.entries(Resources)) {
      const refusal = refusedByAws(resource);
      if (refusal) explain(new Error(`${logicalId}: ${refusal}`));
    }
  }

  /** Before serverless-offline ends the functions: what they still do needs the stack. */
  async #stop(): Promise<void> {
    this.#stopping = true;
    this.#registration?.end();
    await Promise.all([
      this.#gateway?.stop(),
      // A batch that runs for longer is delivered again, as after any other end of a consumer.
      Promise.race([this.#mappings?.stop(), setTimeout(1_000)]),
    ]);
    await (await this.#stack)?.stop();
  }

  async #fail(error: Error): Promise<void> {
    if (this.#stopping) return;
    this.#log.error(error.message);
    await this.#stop();
    process.exit(1);
  }

  /** A command failed. The framework reports it, but servers and watchers that run already would keep it going. */
  async #giveUp(): Promise<void> {
    if (!this.#stack) return;
    await this.#stop().catch(() => {});
    setTimeout(100, undefined, { ref: false }).then(() => process.exit(1));
  }

  #startedStack(): Promise<Stack> {
    if (!this.#stack)
      throw new Error('The Serverless Framework started offline without initializing its plugins.');
    return this.#stack;
  }
}

/**
 * Serverless 4 bundles by itself unless `build.esbuild` is false. The open fork, which leaves bundling to plugins,
 * does not know the key.
 */
function allowBuildKey({ configSchemaHandler }: Serverless): void {
  if (configSchemaHandler.schema.properties.build) return;
  configSchemaHandler.defineTopLevelProperty('build', { type: 'object' });
}

/**
 * The framework loads a function by its path without an extension, which never finds an `.mjs`. By the name `.js` it
 * does, and the service's package.json says that it is a module as well.
 */
function loadableByRequire({ service }: Serverless): void {
  const { esbuild } = service.custom ?? {};
  if (esbuild?.format === 'esm') esbuild.outputFileExtension = '.js';
}

/** What is written to be read is shown without its stack: the framework knows it by this name. */
function explain(error: Error): never {
  if (error.constructor === Error) error.name = 'ServerlessError';
  throw error;
}

function isBundler(plugin: object): plugin is Bundler {
  return plugin.constructor.name === 'EsbuildServerlessPlugin';
}

/** Keeps the stack's data across restarts; in memory when it is not set. */
function dataFolder(): string | undefined {
  return process.env.FANFOLD_DATA_FOLDER;
}

/** serverless-offline starts a server of its own for HTTP events, and needs none for functions that have no others. */
function takeHttpEvents({ service }: Serverless): void {
  for (const definition of Object.values(service.functions)) {
    definition.events = definition.events?.filter((event) => !('httpApi' in event)) ?? [];
  }
}

/**
 * Gives functions the environment that CloudFormation would: serverless-offline itself makes `[object Object]` of a
 * Ref, and the first letter of a Sub.
 */
function useResolvedEnvironment(
  { service }: Serverless,
  resources: Record<string, Resource>,
  issuer: string,
): void {
  service.provider.environment = {};
  for (const definition of Object.values(service.functions)) {
    const resource = Object.values(resources).find(
      ({ Properties }) => Properties.FunctionName === definition.name,
    );
    const { Variables = {} } = (resource?.Properties.Environment ?? {}) as { Variables?: object };
    definition.environment = { ...Variables, ...('TOKEN_ISSUER' in Variables && { TOKEN_ISSUER: issuer }) };
  }
}

async function chooseAddresses(
  { service, processedInput }: Serverless,
  base: number,
): Promise<RunningService> {
  const { localPort, 'serverless-offline': options } = service.custom ?? {};
  if (!localPort) {
    throw new Error(
      "serverless.yml has no custom.localPort: give the service's HTTP port, counted from FANFOLD_PORT.",
    );
  }
  const httpPort = Number(processedInput.options.httpPort ?? base + localPort);
  const lambdaPort = Number(processedInput.options.lambdaPort ?? (await freePort()));
  await requireFreePorts([httpPort]);
  const ours = { host: '127.0.0.1', lambdaPort };
  service.custom = { ...service.custom, 'serverless-offline': { ...options, ...ours } };
  return { url: `http://127.0.0.1:${httpPort}`, lambdaUrl: `http://127.0.0.1:${lambdaPort}` };
}
