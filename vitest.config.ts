import { defineConfig } from 'vitest/config';

// A test's file name says what it costs: `*.test.ts` next to the code does no IO, `*.local.test.ts` runs on
// emulators, and what is below tests/ tells stories across services, one file at a time.
export default defineConfig({
  test: {
    // One on two cores would be the default, and most of these tests wait for processes.
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['packages/{contracts,runtime,tlog}/src/**/*.ts', 'services/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*Fixtures.ts'],
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,services,bench}/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.local.test.ts', '**/node_modules/**'],
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
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
