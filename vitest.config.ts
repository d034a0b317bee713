import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest first. By name or size some of them would begin late, and the run would wait for them at its end. */
const longest = [
  'tests/faults.test.ts',
  'packages/local-cloud/src/plugin.local.test.ts',
  'scripts/deploy.local.test.ts',
  'tests/bench.test.ts',
  'tests/benchPrograms.test.ts',
  'tests/benchDay.test.ts',
  'tests/outage.test.ts',
  'services/payments/src/clocks.local.test.ts',
  'tests/templates/stages.test.ts',
  'tests/story.test.ts',
  'tests/recovery.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = longest.findIndex((path) => moduleId.endsWith(path));
      return rank === -1 ? longest.length : rank;
    };
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

const cache = join(import.meta.dirname, 'node_modules/.cache/fanfold');
// Node keeps what it has compiled: the programs that tests start by the hundred need two thirds of the time.
process.env.NODE_COMPILE_CACHE = join(cache, 'compiled');
// The Serverless Framework keeps how it checks a configuration, which takes two seconds to compile.
process.env.SLS_SCHEMA_CACHE_BASE_DIR = cache;

// A test's file name says what it costs: `*.test.ts` next to the code does no IO, `*.local.test.ts` runs on
// emulators, and what is below tests/ tells stories across services. Everything that listens has ports of its own, so
// files run beside each other.
export default defineConfig({
  test: {
    // One on two cores would be the default, and most of these tests wait for processes.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
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
          // Loading the SDK and its like anew for each file took longer than the tests.
          isolate: false,
          setupFiles: 'vitest.setup.ts',
          // A property takes a second or two; on a machine that does other things as well, five were too few.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'local',
          include: ['{packages,services,bench}/**/*.local.test.ts', 'scripts/**/*.local.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: 'packages/local-cloud/src/templates/vitestTemplates.ts',
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'stories',
          include: ['tests/**/*.test.ts'],
          globalSetup: 'packages/local-cloud/src/templates/vitestTemplates.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
