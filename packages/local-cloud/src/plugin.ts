import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { FunctionBundles } from './functions/functionBundles.ts';
import type { ServiceRuntime } from './serviceRuntime.ts';
import { checkDataFolder } from './stack/dataFolder.ts';
import { requireFreePorts } from './stack/ports.ts';
import {
  basePort,
  findStack,
  joinStack,
  type Registration,
  type RunningService,
  register,
  type Stack,
} from './stack/stack.ts';
import { type Serverless as CompiledServerless, compileTemplate } from './templates/compileTemplate.ts';
import { refusedByAws } from './templates/refusedByAws.ts';
import { tablesOf } from './templates/tableShape.ts';
import { resolveTemplate } from './templates/template.ts';

/** The parts of the Serverless Framework that this plugin uses. */
type Serverless = CompiledServerless & {
  configSchemaHandler: {
    schema: { properties: Record<string, unknown> };
    defineTopLevelProperty(name: string, schema: object): void;
  };
  /**
   * The stage of the command's options, which goes before that of serverless.yml; `service.provider` has only the
   * latter.
   */
  getProvider(name: 'aws'): { getStage(): string };
  serviceDir: string;
  processedInput: { commands: string[]; options: { httpPort?: string; lambdaPort?: string } };
  service: {
    service: string;
    provider: { environment?: object };
    custom?: { localPort?: number; esbuild?: { format?: string; outputFileExtension?: string } };
    functions: Record<string, { name: string; environment?: object }>;
  };
};

/** The message of a service to the process that started it, by `process.send`, when it accepts requests. */
export type Ready = RunningService & { type: 'ready'; service: string };

type Log = { notice(text: string): void; error(text: string): void };

/**
 * The Serverless plugin behind `serverless offline`, a command of serverless-offline: it joins or starts the stack at
 * FANFOLD_PORT and runs the service on it. For packaging and deploying it only refuses what AWS would refuse halfway,
 * and the deployment of the local stage.
 */
export default class LocalCloud {
  readonly hooks = {
    initialize: () => this.#initialize(),
    'offline:start:init': () => this.#start().catch(explain),
    'offline:start:ready': () => interrupted(),
    'offline:start:end': () => this.#stop(),
    'after:aws:package:finalize:mergeCustomProviderResources': () => this.#refuseWithAws(),
    error: () => this.#giveUp(),
  };
  readonly #serverless: Serverless;
  readonly #log: Log;
  #stack: Promise<Stack> | undefined;
  #bundles: FunctionBundles | undefined;
  #runtime: ServiceRuntime | undefined;
  #registration: Registration | undefined;
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
    refuseOtherStages(this.#serverless);
    // `serverless offline` is one hook that returns when the process ends. Its longer form has hooks in between.
    if (commands.length === 1) commands.push('start');
    leaveOfflineTo('LocalCloud', this.#serverless);
    // Schedules are in UTC, and so is the time zone of Lambda.
    process.env.TZ = 'UTC';
    // The process that started this one has ended, perhaps without a signal.
    process.once('disconnect', () => process.exit(1));
    // With a data folder it waits for the template: a folder that this version cannot use is left as it is.
    if (!dataFolder()) this.#join();
  }

  #join(): void {
    this.#stack = joinStack(basePort(), dataFolder());
    this.#stack.catch(() => {}); // Reported where it is awaited.
  }

  /** `serverless invoke local` runs a function here, on the resources of the running stack. */
  async #prepareInvocation(): Promise<void> {
    loadableByRequire(this.#serverless);
    if (this.#serverless.getProvider('aws').getStage() !== 'local') return;
    const description = await findStack(basePort());
    if (!description) {
      throw new Error(
        `No stack is running at port ${basePort()} for the function to use. Start one: pnpm dev.`,
      );
    }
    const { useEndpoints } = await import('./emulators/emulators.ts');
    useEndpoints(description.endpoints);
    const { variablesOf } = await import('./serviceRuntime.ts');
    const resources = resolveTemplate(await compileTemplate(this.#serverless), description.endpoints.aws);
    useResolvedEnvironment(this.#serverless, (name) => {
      const found = Object.values(resources).find(({ Properties }) => Properties.FunctionName === name);
      return found ? variablesOf(found, description.issuer) : {};
    });
  }

  async #start(): Promise<void> {
    const template = await compileTemplate(this.#serverless);
    const folderOfData = dataFolder();
    if (folderOfData) {
      await checkDataFolder(folderOfData, tablesOf(resolveTemplate(template)));
      this.#join();
    }
    const { description, failed } = await this.#startedStack();
    failed.catch((error: Error) => this.#fail(error));
    const { service, serviceDir } = this.#serverless;
    const name = service.service.replace(/^fanfold-/, '');
    const { port, lambdaPort } = portsOf(this.#serverless, basePort());
    await requireFreePorts([port]);
    // Loaded here, because packaging does not need it.
    const { useEndpoints } = await import('./emulators/emulators.ts');
    const { bundleFunctions } = await import('./functions/functionBundles.ts');
    const { modulesOf, startServiceRuntime } = await import('./serviceRuntime.ts');
    const { watchConfiguration } = await import('./templates/watchConfiguration.ts');
    useEndpoints(description.endpoints);
    const folder = join(serviceDir, '.fanfold', String(basePort()));
    this.#bundles = await bundleFunctions({
      services: [{ name, folder: serviceDir, modules: modulesOf(template) }],
      folder,
      onReload: (changed, durationMs) => {
        if (changed.length > 0) this.#runtime?.reload();
        this.#log.notice(
          changed.length > 0 ? `Reloaded in ${Math.round(durationMs)} ms.` : 'No function has changed.',
        );
      },
      onError: ({ message }) => this.#log.error(`Not reloaded: ${message}`),
    });
    this.#runtime = await startServiceRuntime({
      template,
      endpoints: description.endpoints,
      dataFolder: description.dataFolder,
      issuer: description.issuer,
      port,
      ...(lambdaPort !== undefined && { lambdaPort }),
      bundles: join(folder, name),
      onLine: (line) => this.#log.notice(line),
    });
    await watchConfiguration([serviceDir], (path) =>
      this.#log.notice(`Restart needed: ${path} has changed, and is read only at the start.`),
    );
    const { url, lambdaUrl } = this.#runtime;
    this.#registration = await register(description.issuer, name, { url, lambdaUrl });
    this.#registration.ended.then(() =>
      this.#fail(
        new Error(`The Fanfold stack at ${description.issuer} has ended, and this service with it.`),
      ),
    );
    this.#log.notice(`${name} is ready: ${url} (Lambda endpoint: ${lambdaUrl})`);
    process.send?.({ type: 'ready', service: name, url, lambdaUrl } satisfies Ready);
  }

  #refuseWithAws(): void {
    const { Resources } = this.#serverless.service.provider.compiledCloudFormationTemplate;
    for (const [logicalId, resource] of Object.entries(Resources)) {
      const refusal = refusedByAws(resource);
      if (refusal) explain(new Error(`${logicalId}: ${refusal}`));
    }
  }

  async #stop(): Promise<void> {
    this.#stopping = true;
    this.#registration?.end();
    await this.#runtime?.stop();
    await this.#bundles?.stop();
    // Last: functions that are still running need it.
    await (await this.#stack)?.stop();
  }

  async #fail(error: Error): Promise<void> {
    if (this.#stopping) return;
    this.#log.error(error.message);
    await this.#stop();
    process.exit(1);
  }

  /** A command failed. The framework prints the error, but what is running would keep the process alive. */
  async #giveUp(): Promise<void> {
    if (this.#serverless.processedInput.commands[0] !== 'offline') return;
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
 * The framework loads a function by its path without an extension, which never finds an `.mjs`. With `.js` it does,
 * and the service's package.json declares it a module.
 */
function loadableByRequire({ service }: Serverless): void {
  const { esbuild } = service.custom ?? {};
  if (esbuild?.format === 'esm') esbuild.outputFileExtension = '.js';
}

/** Errors for users are shown without their stack: the framework recognises them by this name. */
function explain(error: Error): never {
  if (error.constructor === Error) error.name = 'ServerlessError';
  throw error;
}

/** The folder that keeps the stack's data across restarts; in memory if it is not set. */
function dataFolder(): string | undefined {
  return process.env.FANFOLD_DATA_FOLDER;
}

/** Gives functions that the framework runs the environment that CloudFormation would give them. */
function useResolvedEnvironment(
  { service }: Serverless,
  environmentOf: (functionName: string) => Record<string, string>,
): void {
  service.provider.environment = {};
  for (const definition of Object.values(service.functions)) {
    definition.environment = environmentOf(definition.name);
  }
}

/** Everything that runs here has the names, the account and the token issuer of the local stage. */
function refuseOtherStages(serverless: Serverless): void {
  const stage = serverless.getProvider('aws').getStage();
  if (stage === 'local') return;
  explain(
    new Error(
      `The stage ${stage} is one in AWS. serverless offline runs the stage local: leave --stage away.`,
    ),
  );
}

/** Other plugins provide the command `serverless offline` and its options; this plugin runs its steps. */
function leaveOfflineTo(pluginName: string, { pluginManager }: Serverless): void {
  for (const [name, hooks] of Object.entries(pluginManager.hooks)) {
    if (!name.includes('offline:start')) continue;
    pluginManager.hooks[name] = hooks?.filter((hook) => hook.pluginName === pluginName);
  }
}

/** Ctrl-C, or the end of the process that started this one. */
const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve());
  });

function portsOf(
  { service, processedInput }: Serverless,
  base: number,
): { port: number; lambdaPort: number | undefined } {
  const { localPort } = service.custom ?? {};
  if (!localPort) {
    throw new Error(
      "serverless.yml has no custom.localPort: give the service's HTTP port, counted from FANFOLD_PORT.",
    );
  }
  const { httpPort, lambdaPort } = processedInput.options;
  return {
    port: httpPort === undefined ? base + localPort : portIn('--httpPort', httpPort),
    lambdaPort: lambdaPort === undefined ? undefined : portIn('--lambdaPort', lambdaPort),
  };
}

function portIn(option: string, value: string): number {
  const port = Number(value);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Error(`${option} ${value} is not a port from 1 to 65535.`);
}
