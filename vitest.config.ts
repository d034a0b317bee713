import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * These first: the longest, and beside them those that wait for most of their time, for a window, a pause or a provider that does
 * not answer. By name or size they would begin late, and the processors would be idle while the run waits for them at its end.
 */
const first = [
  'tests/newService.test.ts',
  'tests/console.test.ts',
  'tests/tutorial.test.ts',
  'tests/faults.test.ts',
  'packages/local-cloud/src/plugin.local.test.ts',
  'tests/restoreAll.test.ts',
  'tests/gameday.test.ts',
  'scripts/deploy.local.test.ts',
  'tests/restoreLog.test.ts',
  'tests/bench.test.ts',
  'services/payments/src/clocks.local.test.ts',
  'tests/restore.test.ts',
  'tests/stripe.test.ts',
  'tests/benchPrograms.test.ts',
  'tests/restoreFromEvents.test.ts',
  'tests/benchDay.test.ts',
  'tests/outage.test.ts',
  'tests/templates/stages.test.ts',
  'tests/story.test.ts',
  'tests/recovery.test.ts',
];

class LongAndWaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = first.findIndex((path) => moduleId.endsWith(path));
      return rank === -1 ? first.length : rank;
    };
    // What is long must not begin at the end: stories before tests on emulators, each kind from long to short.
    const isShort = ({ project }: TestSpecification) => Number(project.name !== 'stories');
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b) || isShort(a) - isShort(b));
  }
}

const cache = join(import.meta.dirname, 'node_modules/.cache/fanfold');
// Node keeps what it has compiled: the programs that tests start by the hundred need two thirds of the time.
process.env.NODE_COMPILE_CACHE = join(cache, 'compiled');
// By paths from there on, so that a copy of the checkout has it too.
process.env.NODE_COMPILE_CACHE_PORTABLE = '1';
// The Serverless Framework keeps how it checks a configuration, which takes two seconds to compile.
process.env.SLS_SCHEMA_CACHE_BASE_DIR = join(cache, 'framework');

/** Loading the SDK and its like anew for each file takes longer than most tests, and so does running it before it is compiled. */
const sharedProcess = { isolate: false, setupFiles: 'vitest.setup.ts' } as const;

/** What takes longer hangs. A file has a third of a processor for itself, or less on a machine that does other things as well. */
const longestMs = { testTimeout: 60_000, hookTimeout: 60_000 };

/** More than there are processors, as most of these tests wait for processes, some for most of their time. */
const waitingAfterwards = { ...longestMs, maxWorkers: 6, sequence: { groupOrder: 1 } } as const;

// Tools behave otherwise where they believe to be in CI (pnpm freezes its lockfile, for one): tests run here as there.
process.env.CI = 'true';

// A test's file name says what it costs: `*.test.ts` next to the code does no IO, `*.local.test.ts` runs on
// emulators, and what is below tests/ tells stories across services. Everything that listens has ports of its own, so
// files run beside each other.
export default defineConfig({
  test: {
    // Young objects have room for some seconds: with the 1 MB that Node begins with, an eighth of the processor time was garbage.
    execArgv: ['--min-semi-space-size=16', '--max-semi-space-size=32'],
    sequence: { sequencer: LongAndWaitingFirst },
    coverage: {
      provider: 'v8',
      include: ['packages/{contracts,invoicing,runtime,tlog}/src/**/*.ts', 'services/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*Fixtures.ts'],
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,services,bench}/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.local.test.ts', '**/node_modules/**'],
          ...sharedProcess,
          // A property takes a second or two; on a machine that does other things as well, five were too few.
          testTimeout: 20_000,
          // They never wait. Each process loads what they import for itself, and runs it before it is compiled: six instead of three
          // take a quarter more. So they have a group of their own, before the others.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'local',
          include: ['{packages,services,bench}/**/*.local.test.ts', 'scripts/**/*.local.test.ts'],
          exclude: ['**/node_modules/**'],
          ...sharedProcess,
          globalSetup: 'packages/local-cloud/src/templates/vitestTemplates.ts',
          ...waitingAfterwards,
        },
      },
      {
        test: {
          name: 'stories',
          include: ['tests/**/*.test.ts'],
          globalSetup: 'packages/local-cloud/src/templates/vitestTemplates.ts',
          ...waitingAfterwards,
        },
      },
    ],
  },
});
