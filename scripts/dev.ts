import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { readableLine } from '@fanfold/local-cloud/offlineOutput';
import { requireFreePorts } from '@fanfold/local-cloud/ports';
import { type Ready, startService } from '@fanfold/local-cloud/serviceProcess';
import {
  basePort,
  defaultBasePort,
  findStack,
  type StackDescription,
  startStack,
} from '@fanfold/local-cloud/stack';
import { Command } from 'commander';
import { developmentToken, merchantScopes } from './fanfold/token.ts';

const repository = join(import.meta.dirname, '..');

const { persist } = new Command('pnpm dev')
  .description('Starts the emulators, the token issuer and every service, and reloads what is edited.')
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

try {
  await run(basePort());
  process.exit(0);
} catch (error) {
  console.error(`${styleText('red', 'Error:')} ${(error as Error).message}`);
  process.exit(1);
}

/** Runs a stack with all services until a signal comes. Throws when a part of it ends before. */
async function run(base: number): Promise<void> {
  await requireFreeStackPorts(base);
  const names = await servicesWithFunctions();
  const interrupted = signal();
  // Services find the data folder, as everything else that they share, in their environment.
  if (persist) process.env.FANFOLD_DATA_FOLDER = join(repository, '.fanfold', String(base));
  const starting = startStack(base, process.env.FANFOLD_DATA_FOLDER);
  const services = names.map((name) => {
    const show = printer(name, names);
    return {
      name,
      ...startService(join(repository, 'services', name), { FANFOLD_PORT: String(base) }, show),
    };
  });
  const ended = services.map(async ({ name, ended }): Promise<never> => {
    throw new Error(`${name} ended with ${await ended}. Its output is above.`);
  });
  const failed = Promise.race([starting.then((stack) => stack.failed), ...ended]);
  try {
    const ready = Promise.all([starting, ...services.map((service) => service.ready)]);
    const started = await Promise.race([ready, failed, interrupted]);
    if (!started) return;
    const [{ description }, ...readyServices] = started;
    await announce(description, readyServices, base);
    await Promise.race([failed, interrupted]);
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    // Last: what the services still do needs it.
    await starting.then((stack) => stack.stop()).catch(() => {});
  }
}

async function requireFreeStackPorts(base: number): Promise<void> {
  const running = await findStack(base);
  if (running) {
    throw new Error(
      `Port ${base} is taken by a Fanfold stack (pid ${running.pid}).\n` +
        `Stop it, or start another one beside it: FANFOLD_PORT=${base + 100} pnpm dev`,
    );
  }
  await requireFreePorts([0, 1, 2, 3, 4, 5].map((offset) => base + offset));
}

async function servicesWithFunctions(): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir(join(repository, 'services'))) {
    const configuration = join(repository, 'services', name, 'serverless.yml');
    if (existsSync(configuration) && /^functions:/m.test(await readFile(configuration, 'utf8')))
      names.push(name);
  }
  return names;
}

function signal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, () => resolve(undefined));
  });
}

/** Prints lines of a service, each behind its name. */
function printer(name: string, names: string[]): (line: string) => void {
  const colors = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const;
  const width = Math.max(...names.map(({ length }) => length));
  const prefix = styleText(colors[names.indexOf(name) % colors.length] ?? 'white', name.padEnd(width));
  return (line) => {
    const readable = readableLine(line);
    for (const each of readable?.split('\n') ?? []) console.log(`${prefix}  ${each}`);
  };
}

async function announce(
  { issuer, endpoints }: StackDescription,
  services: Ready[],
  base: number,
): Promise<void> {
  const urls: [string, string][] = [
    ...services.map(({ service, url }): [string, string] => [service, url]),
    ['token issuer', issuer],
    ['SNS, SQS, S3', endpoints.aws],
    ['DynamoDB', endpoints.dynamodb],
    ['KMS', endpoints.kms],
  ];
  for (const [what, url] of urls) console.log(`  ${what.padEnd(14)}${url}`);
  console.log(`\nTo paste into any terminal, with a token for ${tokenHours} hours:\n`);
  console.log(`TOKEN=${await developmentToken('acme', merchantScopes, tokenHours * 60 * 60)}`);
  for (const [name, request] of firstRequests) {
    const running = services.find(({ service }) => service === name);
    if (running) console.log(`curl -sS -H "Authorization: Bearer $TOKEN" '${running.url}${request}`);
  }
  const seconds = (performance.now() / 1_000).toFixed(1);
  const port = base === defaultBasePort ? '' : `FANFOLD_PORT=${base} `;
  console.log(`\nfanfold is ready after ${seconds} s. Try: ${port}./fanfold demo`);
}
