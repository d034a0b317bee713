import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { eventTypes } from '@fanfold/contracts/catalog';
import { bundleFunctions, type FunctionBundles } from '@fanfold/local-cloud/functionBundles';
import type { Measurements } from '@fanfold/local-cloud/measurements';
import { namesOfStack, packageService } from '@fanfold/local-cloud/packagedTemplates';
import { requireFreePorts } from '@fanfold/local-cloud/ports';
import { provision, unsubscribe } from '@fanfold/local-cloud/provision';
import { modulesOf, type ServiceRuntime, startServiceRuntime } from '@fanfold/local-cloud/serviceRuntime';
import type { StackDescription } from '@fanfold/local-cloud/stack';
import { tableChanges, tablesOf } from '@fanfold/local-cloud/tableShape';
import { resolveTemplate, type Template } from '@fanfold/local-cloud/template';
import { yamlFaults } from '../documents.ts';
import { changesOf, listOf, unknownTypes, withoutCode } from './changes.ts';
import type { PaymentProvider } from './paymentProvider.ts';

const repository = join(import.meta.dirname, '../..');

/** A service that has functions; the port is counted from the base port: `custom.localPort`. */
export type Service = { name: string; folder: string; localPort: number };

/** Services of the stack that have functions. */
export async function servicesWithFunctions(): Promise<Service[]> {
  const services: Service[] = [];
  for (const name of await namesOfStack()) {
    const folder = join(repository, 'services', name);
    const configuration = await readFile(join(folder, 'serverless.yml'), 'utf8');
    if (!/^functions:/m.test(configuration)) continue;
    const [, localPort] = /^ {2}localPort: (\d+)/m.exec(configuration) ?? [];
    if (localPort === undefined) {
      throw new Error(
        `services/${name}/serverless.yml has no custom.localPort: give the service's HTTP port, counted from FANFOLD_PORT.`,
      );
    }
    services.push({ name, folder, localPort: Number(localPort) });
  }
  return services;
}

/** Only payments has another template with another provider. */
export function templateOf({ name, folder }: Service, { parameters }: PaymentProvider): Promise<Template> {
  return packageService(folder, 'local', name === 'payments' ? parameters : {});
}

export type ServicesOptions = {
  base: number;
  provider: PaymentProvider;
  /** Prints a line of a service. */
  show: (name: string, line: string) => void;
  /** Prints what is wrong. */
  showError: (text: string) => void;
};

/** A service as it runs. */
type Running = { service: Service; template: Template; runtime: ServiceRuntime };

/** What a service is to be. */
type Wanted = Omit<Running, 'runtime'>;

/** The services that `dev` runs. */
export class Services {
  readonly #options: ServicesOptions;
  readonly #bundleFolder: string;
  readonly #running = new Map<string, Running>();
  #bundles: FunctionBundles | undefined;
  #stack: StackDescription | undefined;
  #measurements: Measurements | undefined;
  #isStopped = false;
  readonly #started = Promise.withResolvers<void>();
  #last: Promise<void> = this.#started.promise;

  constructor(options: ServicesOptions) {
    this.#options = options;
    this.#bundleFolder = join(repository, '.fanfold/functions', String(options.base));
  }

  /** By their names. */
  get runtimes(): Map<string, ServiceRuntime> {
    return new Map([...this.#running].map(([name, { runtime }]) => [name, runtime]));
  }

  /** Bundles the functions of all, and again when their code is edited. */
  async bundle(wanted: Wanted[]): Promise<void> {
    const { provider, show, showError } = this.#options;
    this.#bundles = await bundleFunctions({
      services: wanted.map(bundled),
      folder: this.#bundleFolder,
      conditions: [provider.name],
      onReload: (changed, durationMs) => {
        if (changed.length === 0) console.log('No function has changed.');
        for (const name of changed) {
          this.#running.get(name)?.runtime.reload();
          show(name, `Reloaded in ${Math.round(durationMs)} ms.`);
        }
      },
      onError: ({ message }) => showError(`Not reloaded: ${message}`),
    });
  }

  /** Starts them in a stack, which then describes them. */
  async start(
    wanted: Wanted[],
    stack: StackDescription,
    measurements: Measurements | undefined,
  ): Promise<void> {
    this.#stack = stack;
    this.#measurements = measurements;
    await Promise.all(wanted.map((each) => this.#start(each, stack)));
    this.#started.resolve();
  }

  /**
   * Makes what runs be what the folders and serverless-compose.yml say now, as a deployment would, and prints what that was. What is
   * wrong is printed, and the old goes on.
   */
  follow(): Promise<void> {
    this.#last = this.#last
      .then(() => this.#follow())
      .catch(({ message }: Error) => {
        this.#options.showError(`Not changed: ${message}`);
      });
    return this.#last;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#started.resolve();
    await this.#last;
    await Promise.all([...this.runtimes.values()].map((runtime) => runtime.stop()));
    await this.#bundles?.stop();
  }

  async #follow(): Promise<void> {
    const stack = this.#stack;
    if (!stack || this.#isStopped) return;
    const services = await servicesWithFunctions();
    await requireReadableYaml(services);
    const wanted = await Promise.all(
      services.map(async (service) => ({
        service,
        template: await templateOf(service, this.#options.provider),
      })),
    );
    const changed = wanted.filter(({ service, template }) => {
      const running = this.#running.get(service.name);
      return !running || !isDeepStrictEqual(made(running), made({ service, template }));
    });
    const gone = [...this.#running.values()].filter(
      ({ service }) => !wanted.some((each) => each.service.name === service.name),
    );
    if (changed.length === 0 && gone.length === 0) return;
    for (const each of changed) this.#check(each, stack);
    const startedAt = performance.now();
    await this.#bundles?.change(wanted.map(bundled));
    for (const running of gone) await this.#remove(running, stack);
    for (const each of changed) await this.#replace(each, stack, startedAt);
  }

  /** @throws when a deployment would refuse it, or not do it in place */
  #check({ service, template }: Wanted, stack: StackDescription): void {
    const resources = resolveTemplate(template, stack.endpoints.aws);
    const unknown = unknownTypes(resources, eventTypes);
    if (unknown.length > 0) {
      throw new Error(
        `services/${service.name} subscribes to ${listOf(unknown)}, which no service publishes. Run ./fanfold new event --help to declare one.`,
      );
    }
    const running = this.#running.get(service.name);
    if (!running) return;
    const before = tablesOf(resolveTemplate(running.template, stack.endpoints.aws));
    for (const [name, shape] of Object.entries(tablesOf(resources))) {
      const changes = before[name] ? tableChanges(before[name], shape) : [];
      if (changes.length > 0) {
        throw new Error(
          `the table ${name}${changes.map(({ text }) => text).join(', and ')}. That is done in a new table: restart dev.`,
        );
      }
    }
  }

  async #remove({ service, template, runtime }: Running, stack: StackDescription): Promise<void> {
    await runtime.stop();
    this.#running.delete(service.name);
    delete stack.services[service.name];
    await unsubscribe(resolveTemplate(template, stack.endpoints.aws), {}, stack.endpoints);
    this.#options.show(
      service.name,
      'Stopped: it is no longer in serverless-compose.yml. Its table and queues stay.',
    );
  }

  /** What cannot be created is found before the old one stops; should the new one not start, the old one does again. */
  async #replace(wanted: Wanted, stack: StackDescription, startedAt: number): Promise<void> {
    const { service, template } = wanted;
    const { endpoints } = stack;
    const resources = resolveTemplate(template, endpoints.aws);
    const running = this.#running.get(service.name);
    const before = running ? resolveTemplate(running.template, endpoints.aws) : {};
    await provision(resources, endpoints);
    if (running?.service.localPort !== service.localPort) {
      await requireFreePorts([this.#options.base + service.localPort]);
    }
    await running?.runtime.stop();
    try {
      await this.#start(wanted, stack);
    } catch (error) {
      if (running) await this.#start(running, stack);
      throw error;
    }
    await unsubscribe(before, resources, endpoints);
    const changes = changesOf(withoutCode(before), withoutCode(resources));
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const url = stack.services[service.name]?.url;
    this.#options.show(
      service.name,
      running
        ? `Changed in ${seconds} s: ${changes || 'what it is made of'}.`
        : `Started in ${seconds} s at ${url}: ${changes}.`,
    );
  }

  async #start({ service, template }: Wanted, stack: StackDescription): Promise<void> {
    const { endpoints, dataFolder, issuer } = stack;
    const runtime = await startServiceRuntime({
      template,
      endpoints,
      dataFolder,
      issuer,
      port: this.#options.base + service.localPort,
      bundles: join(this.#bundleFolder, service.name),
      onLine: (line) => this.#options.show(service.name, line),
      measurements: this.#measurements,
    });
    this.#running.set(service.name, { service, template, runtime });
    const { url, lambdaUrl } = runtime;
    stack.services[service.name] = { url, lambdaUrl };
  }
}

/** What a service is made of: when it is the same, it goes on as it is. */
const made = ({ service, template }: Wanted) => [service, withoutCode(resolveTemplate(template))];

const bundled = ({ service, template }: Wanted) => ({ ...service, modules: modulesOf(template) });

/** Found in a moment, and said in a line: the framework needs some seconds and a page for it. */
async function requireReadableYaml(services: Service[]): Promise<void> {
  const documents = await Promise.all(
    services.map(async ({ folder }) => {
      const path = join(folder, 'serverless.yml');
      return { path: relative(repository, path), text: await readFile(path, 'utf8') };
    }),
  );
  const faults = yamlFaults(documents);
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
