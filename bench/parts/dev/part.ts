import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { type Checkout, copyCheckout, git, pnpmCommand } from '../../../scripts/checkout.ts';
import { run } from '../../../scripts/processes.ts';
import { runApart } from '../../measuring/runApart.ts';
import type { MeasureOptions, Part } from '../../part.ts';
import { median } from '../../reporting/statistics.ts';
import { handlerEdit, sharedEdit, timeEdits } from './edits.ts';
import { type Compared, compare, comparison, type Figure, type Figures, figures } from './figures.ts';
import type { Load, LoadOptions } from './load.ts';
import { startDev } from './stack.ts';

type Measured = { commit: string; changed: boolean; figures: Figures; notes: string[] };

type Result = { seconds: number; rounds: number; against?: Measured; own: Measured; compared: Compared[] };

const clients = 16;

const repository = join(import.meta.dirname, '../../..');

export const devPart: Part<Result> = {
  name: 'dev',
  about:
    'what a developer waits for, compared with another commit: `pnpm dev` under load, edits, the story, the tests',
  minutes: 9,

  async measure(options) {
    const { quick, seconds = quick ? 3 : 60, against, tell } = options;
    const subjects = await prepare(options);
    const rounds = quick ? 1 : 2;
    for (const each of subjects) {
      tell(`${each.name}: starts for the first time`);
      await (await startDev(each.checkout, each.base, options.resources)).stop();
    }
    // In turn, so that what else the machine does befalls both.
    for (let round = 1; round <= rounds; round++) {
      for (const each of subjects) {
        each.rounds.push(await measureDev(each, seconds, `round ${round} of ${rounds}`, options));
      }
    }
    for (const each of subjects) await measureStory(each, options);
    if (options.tests) {
      for (const each of subjects) await measureTests(each, options);
      for (const each of subjects) await measureCi(each, options);
    }
    const [own, other] = subjects.map(measuredOf) as [Measured, Measured?];
    return {
      ...{ seconds, rounds, own },
      ...(against !== undefined && other && { against: other }),
      compared: compare(own.figures, other?.figures),
    };
  },

  report({ seconds, rounds, own, against, compared }) {
    const versions = [
      `This is ${own.commit.slice(0, 7)}${own.changed ? ' with changes' : ''}.`,
      ...(against ? ['Ratios are of this to the other; targets are for those to 218b6da.'] : []),
    ].join(' ');
    const notes = [...(against ? against.notes : []), ...own.notes].map((note) => `\n- ${note}`).join('');
    return `${comparison(compared, against?.commit.slice(0, 7))}

${versions} ${clients} clients for ${seconds} s, medians of ${rounds} rounds, in turn. Payments a second are those that
have their invoice; a request's time counts whatever it was answered. Memory is that of all processes of \`pnpm dev\` (PSS).
${notes}`;
  },
};

/** A checkout that is measured. */
type Subject = {
  name: string;
  commit: string;
  changed: boolean;
  checkout: Checkout;
  base: number;
  tokens: string[];
  rounds: Figures[];
  notes: string[];
};

/** Copies, so that nothing that is measured changes what somebody works on: this checkout first. */
async function prepare({ against, tell, resources }: MeasureOptions): Promise<Subject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fanfold-bench-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const head = git(repository, 'rev-parse', 'HEAD').trim();
  const changed = git(repository, 'status', '--porcelain').trim() !== '';
  const wanted: { name: string; commit: string; changed: boolean; copied?: string }[] = [
    { name: 'this', commit: head, changed },
  ];
  if (against !== undefined) {
    const commit = git(repository, 'rev-parse', '--verify', `${against}^{commit}`).trim();
    wanted.push({ name: against, commit, changed: false, copied: commit });
  }
  const subjects: Subject[] = [];
  for (const { name, commit, changed, copied } of wanted) {
    tell(`${name}: copied and installed`);
    const checkout = await copyCheckout(repository, join(folder, String(subjects.length)), copied);
    const base = await freeBasePort();
    tell(`${name}: access tokens`);
    const tokens = await tokensOf(checkout, base);
    subjects.push({ ...{ name, commit, changed, checkout, base, tokens }, rounds: [], notes: [] });
  }
  return subjects;
}

async function tokensOf(checkout: Checkout, base: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let client = 0; client < clients; client++) {
    const asked = [
      '--merchant',
      `m${client}`,
      '--scope',
      'payments:write,invoices:read',
      '--expires-in',
      '86400',
    ];
    const output = await succeed(checkout, ['--silent', 'fanfold', 'token', ...asked], {
      FANFOLD_PORT: String(base),
    });
    tokens.push(output.trim().split('\n').at(-1) ?? '');
  }
  return tokens;
}

async function measureDev(
  { name, checkout, base, tokens, notes }: Subject,
  seconds: number,
  round: string,
  { quick, tell, resources }: MeasureOptions,
): Promise<Figures> {
  tell(`${name}, ${round}: starts`);
  const dev = await startDev(checkout, base, resources);
  const readyMb = dev.memoryMb();
  const pay = (payers: string[], forSeconds: number, name: string) =>
    runApart<Load>(
      'The load',
      [join(import.meta.dirname, 'load.ts'), 'payUnderLoad'],
      [{ urls: dev.urls, tokens: payers, seconds: forSeconds, name } satisfies LoadOptions],
    );
  tell(`${name}, ${round}: a first payment`);
  await pay(tokens.slice(0, 1), 0.001, `${round} first`);
  tell(`${name}, ${round}: ${clients} clients for ${seconds} s`);
  const cpuMsBefore = dev.cpuMs();
  let loadMb = readyMb;
  const watching = setInterval(() => {
    const memoryMb = dev.memoryMb();
    if (memoryMb !== undefined && loadMb !== undefined) loadMb = Math.max(loadMb, memoryMb);
  }, 2000);
  let load: Load;
  try {
    load = await pay(tokens, seconds, round);
  } finally {
    clearInterval(watching);
  }
  const cpuMs = dev.cpuMs();
  const failures = Object.entries(load.failures).map(([status, count]) => `${count} × ${status}`);
  if (failures.length > 0) {
    notes.push(`${name}, ${round}: beside ${load.payments} payments, ${failures.join(', ')}.`);
  }
  const edits = quick ? 1 : 3;
  tell(`${name}, ${round}: ${edits} edits of a handler`);
  const handlerSeconds = await timeEdits(checkout, dev.urls.payments, handlerEdit, edits);
  tell(`${name}, ${round}: ${edits} edits of a shared package`);
  const shared = await sharedEdit(checkout, dev.urls.payments);
  const sharedSeconds = await timeEdits(checkout, dev.urls.payments, shared, edits);
  await dev.stop();
  return {
    paymentsPerSecond: load.paymentsPerSecond,
    postP50Seconds: load.postSeconds.p50,
    postP99Seconds: load.postSeconds.p99,
    ...(cpuMs !== undefined &&
      cpuMsBefore !== undefined && { cpuMsPerPayment: (cpuMs - cpuMsBefore) / load.payments }),
    ...(readyMb !== undefined && { readyMb }),
    ...(loadMb !== undefined && { loadMb }),
    readySeconds: dev.readySeconds,
    handlerEditSeconds: median(handlerSeconds),
    sharedEditSeconds: median(sharedSeconds),
  };
}

/** As `pnpm bench --only flow` says it, in the checkout's own words. */
async function measureStory(subject: Subject, { quick, tell }: MeasureOptions): Promise<void> {
  tell(`${subject.name}: pnpm bench --only flow`);
  await noting(subject, async () => {
    const commandLine = ['--silent', 'bench', '--only', 'flow', '--json', ...(quick ? ['--quick'] : [])];
    const output = await succeed(subject.checkout, commandLine);
    // What it tells meanwhile comes first.
    const { flow } = JSON.parse(output.slice(output.indexOf('{\n'))) as {
      flow: { runs: { place?: string; clients: number; invoicesPerSecond: number }[] };
    };
    const story = flow.runs.find((each) => each.place !== 'dev' && each.clients === clients);
    if (!story) throw new Error(`It has no run of ${clients} clients`);
    return { storyPerSecond: story.invoicesPerSecond };
  });
}

async function measureTests(subject: Subject, { tell }: MeasureOptions): Promise<void> {
  tell(`${subject.name}: pnpm test`);
  await noting(subject, async () => {
    const { wallSeconds, cpuSeconds } = await timed(subject.checkout, [...pnpmCommand(), 'test']);
    return { testSeconds: wallSeconds, testCpuSeconds: cpuSeconds };
  });
}

async function measureCi(subject: Subject, { tell }: MeasureOptions): Promise<void> {
  tell(`${subject.name}: .ci/run`);
  await noting(subject, async () => ({
    ciSeconds: (await timed(subject.checkout, ['./.ci/run'])).wallSeconds,
  }));
}

/** What else was measured is worth something when this fails. */
async function noting(subject: Subject, measure: () => Promise<Figures>): Promise<void> {
  try {
    subject.rounds.push(await measure());
  } catch (error) {
    subject.notes.push(`${subject.name}: ${(error as Error).message}`);
  }
}

/** The shell counts what all processes took that it waited for, and they. */
async function timed({ folder }: Checkout, commandLine: string[]) {
  const script = `TIMEFORMAT='took %R %U %S'; time "$@"`;
  const { code, output } = await run('bash', ['-c', script, 'bash', ...commandLine], { cwd: folder });
  const [, ...numbers] = /^took ([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(output) ?? [];
  const [wallSeconds = 0, user = 0, system = 0] = numbers.map(Number);
  if (code !== 0) throw new Error(`${commandLine.join(' ')} ended with ${code}: ${lastOf(output)}`);
  return { wallSeconds, cpuSeconds: user + system };
}

async function succeed(
  checkout: Checkout,
  commandLine: string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const { code, output } = await checkout.pnpm(commandLine, {
    ...(process.env as Record<string, string>),
    ...environment,
  });
  if (code !== 0) throw new Error(`pnpm ${commandLine.join(' ')} ended with ${code}: ${lastOf(output)}`);
  return output;
}

const lastOf = (output: string): string => output.trim().split('\n').slice(-10).join('\n');

function measuredOf({ commit, changed, rounds, notes }: Subject): Measured {
  const all = (Object.keys(figures) as Figure[]).flatMap((figure) => {
    const values = rounds.flatMap((round) => round[figure] ?? []);
    return values.length === 0 ? [] : [[figure, median(values)] as const];
  });
  return { commit, changed, figures: Object.fromEntries(all), notes };
}
