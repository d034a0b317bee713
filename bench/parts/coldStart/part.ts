import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { signToken } from '@fanfold/local-cloud/issuer';
import { queueEvent } from '@fanfold/runtime/invocationFixtures';
import { type Bundle, bundle } from '../../measuring/bundle.ts';
import { startInstantAws } from '../../measuring/instantAws.ts';
import { runApart } from '../../measuring/runApart.ts';
import { serviceNames } from '../../measuring/services.ts';
import type { Part } from '../../part.ts';
import { median } from '../../reporting/statistics.ts';
import { table } from '../../reporting/table.ts';
import { firstEvents } from './firstEvents.ts';
import type { ColdStart } from './startOnce.ts';

export type FunctionStart = {
  name: string;
  kilobytes: number;
  cpuMs: number;
  /** Against the plain client's start, round by round. */
  timesPlainCpu: number;
  timesPlainWall: number;
  /** Calls of AWS that the first run makes. */
  calls: number;
};

type Starting = { name: string; service: string; path: string; bytes: number; event: unknown };

const plainName = 'plain DynamoDB client, one write';

/** What says enough for a quick look: what is started by each kind of event. */
const quickly = [
  'payments consumer',
  'billing consumer',
  'audit consumer',
  'payments getPayment',
  'billing publisher',
  'payments createPayment',
];

/** The same function with the other payment provider: what a payment by Stripe takes more. */
const withStripe = 'payments createPayment, by Stripe';

export const coldStartPart: Part<{ rounds: number; functions: FunctionStart[] }> = {
  name: 'coldStart',
  about: 'CPU time of the start and first run of each function, and its size',
  minutes: 4,

  async measure({ quick, tell }) {
    tell('bundling');
    const aws = await startInstantAws();
    const token = await signToken({
      issuer: aws.url,
      subject: 'bench',
      merchantId: 'acme',
      scopes: ['payments:write', 'payments:read', 'invoices:read', 'audit:read'],
      expiresInSeconds: 86_400,
    });
    const events = firstEvents(token);
    // Once per service and round, right before the functions that it is compared with.
    const plain = await plainClients();
    const starting = [
      await leanClient(),
      ...(await functionsToStart(events, quick ? quickly : Object.keys(events))),
      await paymentByStripe(events),
    ];
    const environment = {
      ...process.env,
      ...aws.environment,
      POWERTOOLS_SERVICE_NAME: 'bench',
    };
    const rounds = quick ? 1 : 11;
    const measured = new Map<Starting, { starts: ColdStart[]; calls: number }>();
    const start = async (each: Starting) => {
      const once: [string, string] = [join(import.meta.dirname, 'startOnce.ts'), 'startOnce'];
      const taken = await runApart<ColdStart>(each.name, once, [each.path, each.event], environment);
      const calls = Object.values(await aws.takeCalls()).reduce((sum, count) => sum + count, 0);
      const starts = [...(measured.get(each)?.starts ?? []), taken];
      measured.set(each, { starts, calls });
    };
    for (let round = 0; round < rounds; round++) {
      tell(`${starting.length} functions, each in a new process, ${round + 1} of ${rounds}`);
      for (const each of plain) {
        await start(each);
        for (const own of starting.filter(({ service }) => service === each.service)) await start(own);
      }
    }
    await aws.stop();
    const functions = [...plain.slice(0, 1), ...starting].map((each) => {
      const { starts = [], calls = 0 } = measured.get(each) ?? {};
      const compared = plain.find(({ service }) => service === each.service);
      const plainStarts = (compared && measured.get(compared)?.starts) ?? [];
      const timesPlain = (by: keyof ColdStart) =>
        median(starts.map((taken, round) => taken[by] / (plainStarts[round]?.[by] ?? Number.NaN)));
      return {
        name: each.name,
        kilobytes: Math.ceil(each.bytes / 1024),
        cpuMs: median(starts.map(({ cpuMs }) => cpuMs)),
        timesPlainCpu: timesPlain('cpuMs'),
        timesPlainWall: timesPlain('wallMs'),
        calls,
      };
    });
    return { rounds, functions };
  },

  report: ({
    rounds,
    functions,
  }) => `Import and first run in a new process, medians of ${rounds} interleaved rounds:

${table(
  ['function', 'KB', 'CPU ms', '× CPU', '× wall', 'calls'],
  functions.map(({ name, kilobytes, cpuMs, timesPlainCpu, timesPlainWall, calls }) => [
    name,
    String(kilobytes),
    cpuMs.toFixed(0),
    timesPlainCpu.toFixed(2),
    timesPlainWall.toFixed(2),
    String(calls),
  ]),
)}

Consumers get one message, publishers one record; requests have a token whose key is fetched, and ask for what is not there.`,
};

const plainEntry = join(import.meta.dirname, '../../peers/bareConsumer.ts');
const plainEvent = queueEvent([
  JSON.stringify({ id: '1', merchantid: 'acme', data: { paymentId: 'pay_1' } }),
]);

/** A consumer with the SDK as it comes: its own search for credentials, its own settings. */
async function plainClients(): Promise<Starting[]> {
  const { 'cold-plain': plain } = await bundle({ 'cold-plain': plainEntry }, { alias: {} });
  return serviceNames.map((service) => ({ name: plainName, service, event: plainEvent, ...plain }));
}

/** The same bundled as functions are here, without that search: the least that a function with a client can take. */
async function leanClient(): Promise<Starting> {
  const { 'cold-lean': lean } = await bundle({ 'cold-lean': plainEntry });
  return { name: 'the same, bundled as functions are', service: 'payments', event: plainEvent, ...lean };
}

async function paymentByStripe(events: Record<string, unknown>): Promise<Starting> {
  const entry = join(import.meta.dirname, '../../../services/payments/src/functions/createPayment.ts');
  const { 'cold-stripe': bundled } = await bundle(
    { 'cold-stripe': entry },
    { conditions: ['stripe', 'module'] },
  );
  return { name: withStripe, service: 'payments', event: events['payments createPayment'], ...bundled };
}

/** Those that have a first event. What only operators invoke, and clocks that find nothing to do, have none. */
async function functionsToStart(events: Record<string, unknown>, only: string[]): Promise<Starting[]> {
  const found = await Promise.all(
    serviceNames.map(async (service) => {
      const folder = join(import.meta.dirname, `../../../services/${service}/src/functions`);
      return (await readdir(folder)).map((file) => ({
        service,
        name: `${service} ${file.replace('.ts', '')}`,
        entry: join(folder, file),
      }));
    }),
  );
  const wanted = found.flat().filter(({ name }) => only.includes(name));
  const bundleName = (name: string) => `cold-${name.replace(' ', '-')}`;
  const bundles = await bundle(
    Object.fromEntries(wanted.map(({ name, entry }) => [bundleName(name), entry])),
  );
  return wanted.map(({ name, service }) => ({
    ...{ name, service, event: events[name] },
    ...(bundles[bundleName(name)] as Bundle),
  }));
}
