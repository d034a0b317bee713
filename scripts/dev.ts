import { join } from 'node:path';
import { styleText } from 'node:util';
import { addressOf, isForConsole, newToken } from '@fanfold/console/address';
import type { Console } from '@fanfold/console/server';
import { checkDataFolder } from '@fanfold/local-cloud/dataFolder';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { secrets } from '@fanfold/local-cloud/kms';
import { requireFreePorts } from '@fanfold/local-cloud/ports';
import type { ServiceRuntime } from '@fanfold/local-cloud/serviceRuntime';
import {
  basePort,
  defaultBasePort,
  findStack,
  isBelow,
  type Pages,
  portOffsets,
  type Stack,
  type StackDescription,
  startStack,
} from '@fanfold/local-cloud/stack';
import { tablesOf } from '@fanfold/local-cloud/tableShape';
import { resolveTemplate } from '@fanfold/local-cloud/template';
import { Command } from 'commander';
import { type PaymentProvider, paymentProviderOf } from './dev/paymentProvider.ts';
import { type Service, Services, servicesWithFunctions, templateOf } from './dev/services.ts';
import { watchServices } from './dev/watchServices.ts';
import { developmentToken, merchantScopes } from './fanfold/operations/accessToken.ts';
import { type Progress, startProgress } from './progress.ts';

const repository = join(import.meta.dirname, '..');

const { persist } = new Command('pnpm dev')
  .description('Starts the emulators, the token issuer and every service, and reloads them as you edit.')
  .option('--persist', 'keep queues, tables and buckets in .fanfold/ across restarts')
  .addHelpText('after', '\nFANFOLD_PORT (4000 if not set) and the five ports above it are used.')
  .parse()
  .opts<{ persist?: true }>();

const tokenHours = 12;

const payment = {
  amount: 12100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  orderId: 'order-1',
  customer: { name: 'Ada Example', address: { country: 'BE' } },
};

/** What to begin with: of which service, and the rest of a line for a shell from the path on. */
const firstRequests: [service: string, request: string][] = [
  [
    'payments',
    `/payments' -H 'Idempotency-Key: order-1' -H 'Content-Type: application/json' -d '${JSON.stringify(payment)}'`,
  ],
  ['billing', "/invoices?orderId=order-1'"],
  ['audit', "/events'"],
];

// Schedules mean UTC, and so does code in Lambda.
process.env.TZ = 'UTC';
try {
  await run(basePort());
  process.exit(0);
} catch (error) {
  console.error(`${styleText('red', 'Error:')} ${(error as Error).message}`);
  process.exit(1);
}

/** Runs a stack with all services until a signal comes. Throws when a part of it ends before. */
async function run(base: number): Promise<void> {
  const provider = paymentProviderOf(process.env, base);
  for (const [name, secret] of Object.entries(provider.secrets)) secrets.set(name, secret);
  const services = await servicesWithFunctions();
  await requireFreeStackPorts(base, services);
  const interrupted = signal();
  const data =
    process.env.FANFOLD_DATA_FOLDER ?? (persist ? join(repository, '.fanfold', String(base)) : undefined);
  if (data) await checkDataFolder(data, await tablesOfServices(services, provider));
  const progress = startProgress('starting the emulators and the services');
  const token = newToken();
  const pages = [reference(base), consolePages(token, () => starting)];
  const starting: Promise<Stack> = startStack(base, data, pages);
  const running = new Services({
    base,
    provider,
    show: printers(services.map(({ name }) => name)),
    showError: (text) => console.error(text),
  });
  let endWatching = () => {};
  try {
    const watching = watchServices(() => void running.follow());
    endWatching = () => void watching.then((end) => end());
    const ready = startServices(services, running, provider, starting, progress);
    const failed = starting.then((stack) => stack.failed);
    const description = await Promise.race([ready, failed, interrupted]);
    progress.end();
    if (!description) return;
    await announce(description, running.runtimes, base, token);
    await Promise.race([failed, interrupted]);
  } finally {
    progress.end();
    endWatching();
    await running.stop();
    // Last: what the services still do needs it.
    await starting.then((stack) => stack.stop()).catch(() => {});
  }
}

/** The reference page. Nothing of it is loaded before somebody opens it. */
function reference(base: number): Pages {
  return {
    have: (request) => isBelow('/docs', request),
    async answer(request, response, stack) {
      const { answerReference } = await import('@fanfold/description/reference/site');
      await answerReference(request, response, {
        stack,
        tokenCommand: `${portFor(base)}./fanfold token`,
        accessToken: (merchantId) => developmentToken(merchantId, merchantScopes(), 60),
      });
    },
  };
}

/** The console. Nothing of it is loaded before somebody opens it. */
function consolePages(token: string, started: () => Promise<Stack>): Pages {
  let opened: Promise<Console> | undefined;
  const open = async (): Promise<Console> => {
    const [{ consoleOf }, { topic }] = await Promise.all([import('./fanfold/console/console.ts'), started()]);
    return consoleOf({ stage: 'local' }, { token, ...(topic && { topic }) });
  };
  return {
    have: isForConsole,
    async answer(request, response) {
      opened ??= open();
      const { answerConsole } = await import('@fanfold/console/server');
      await answerConsole(request, response, await opened);
    },
  };
}

/** What the operator's tool needs to find a stack at another port than the default. */
function portFor(base: number): string {
  return base === defaultBasePort ? '' : `FANFOLD_PORT=${base} `;
}

/** Starts the services, and follows what is edited. */
async function startServices(
  wanted: Service[],
  services: Services,
  provider: PaymentProvider,
  starting: Promise<Stack>,
  progress: Progress,
): Promise<StackDescription> {
  progress.note('packaging the templates');
  const packaged = await Promise.all(
    wanted.map(async (service) => ({ service, template: await templateOf(service, provider) })),
  );
  progress.note('bundling the functions');
  await services.bundle(packaged);
  progress.note('waiting for the emulators');
  const { description, measurements } = await starting;
  description.paymentProvider = provider.name;
  useEndpoints(description.endpoints);
  progress.note('creating tables, topics and queues');
  await services.start(packaged, description, measurements);
  return description;
}

/** Shapes of the tables that the services will have, by name. */
async function tablesOfServices(
  services: Service[],
  provider: PaymentProvider,
): Promise<ReturnType<typeof tablesOf>> {
  const templates = await Promise.all(services.map((service) => templateOf(service, provider)));
  return Object.assign({}, ...templates.map((template) => tablesOf(resolveTemplate(template))));
}

async function requireFreeStackPorts(base: number, services: Service[]): Promise<void> {
  const running = await findStack(base);
  if (running) {
    throw new Error(
      `Port ${base} is taken by a Fanfold stack (pid ${running.pid}).\n` +
        `Stop it, or start another one beside it: FANFOLD_PORT=${base + 100} pnpm dev`,
    );
  }
  const offsets = [...Object.values(portOffsets), ...services.map(({ localPort }) => localPort)];
  await requireFreePorts(offsets.map((offset) => base + offset));
}

function signal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, () => resolve(undefined));
  });
}

/**
 * Prints a line of a service behind its name. Lines are written together, 20 ms later at most: under load each of them would
 * be a write that wakes up the terminal.
 */
function printers(names: string[]): (name: string, line: string) => void {
  const colors = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const;
  const width = Math.max(...names.map(({ length }) => length));
  const prefixes = new Map<string, string>();
  const prefixOf = (name: string) => {
    const color = colors[prefixes.size % colors.length] ?? 'white';
    const prefix = prefixes.get(name) ?? styleText(color, name.padEnd(width));
    prefixes.set(name, prefix);
    return prefix;
  };
  names.forEach(prefixOf);
  let lines: string[] = [];
  const print = () => {
    if (lines.length > 0) console.log(lines.join('\n'));
    lines = [];
  };
  process.once('exit', print);
  return (name, line) => {
    lines.push(`${prefixOf(name)}  ${line}`);
    if (lines.length === 1) setTimeout(print, 20);
  };
}

async function announce(
  { issuer, endpoints }: StackDescription,
  services: Map<string, ServiceRuntime>,
  base: number,
  token: string,
): Promise<void> {
  const urls: [string, string][] = [
    ['console', addressOf(issuer, token)],
    // By port, not by which was first ready.
    ...[...services]
      .map(([name, { url }]): [string, string] => [name, url])
      .sort(([, a], [, b]) => Number(new URL(a).port) - Number(new URL(b).port)),
    ['reference', `${issuer}/docs`],
    ['token issuer', issuer],
    ['SNS, SQS, S3', endpoints.aws],
    ['DynamoDB', endpoints.dynamodb],
    ['KMS', endpoints.kms],
  ];
  for (const [what, url] of urls) console.log(`  ${what.padEnd(14)}${url}`);
  console.log(`\nTo paste into any terminal, with a token for ${tokenHours} hours:\n`);
  console.log(`TOKEN=${await developmentToken('acme', merchantScopes(), tokenHours * 60 * 60)}`);
  for (const [name, request] of firstRequests) {
    const running = services.get(name);
    if (running) console.log(`curl -sS -H "Authorization: Bearer $TOKEN" '${running.url}${request}`);
  }
  const seconds = (performance.now() / 1_000).toFixed(1);
  console.log(`\nfanfold is ready after ${seconds} s. Try: ${portFor(base)}./fanfold demo`);
}
