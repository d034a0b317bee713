import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { Command } from 'commander';
import { regionOf } from '../../packages/topology/region.js';
import { stage } from '../fanfold/commands/arguments.ts';

export const repository = join(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);

export type StageOptions = { stage: string; region: string; param: string[] };

/** A command of package.json that does something with all services of a stage in AWS, such as `pnpm run deploy`. */
export const stageCommand = (name: string): Command =>
  new Command(name)
    // Before the framework reads it, which complains of each place that has the stage's name.
    .requiredOption('--stage <stage>', 'its name: lower-case letters, digits and hyphens, at most 32', stage)
    .option(
      '--region <region>',
      'the region it is in; AWS_REGION if not given, or else eu-west-1',
      regionOf(),
    )
    .option(
      '--param <name=value>',
      'a parameter of packages/topology/parameters.yml; may be repeated',
      (value: string, values: string[]) => [...values, value],
      [] as string[],
    );

/** The options as the Serverless Framework takes them, but for the stage. */
const optionsOf = ({ region, param }: StageOptions): string[] => [
  ...['--region', region],
  ...param.flatMap((value) => ['--param', value]),
];

/**
 * Checks, once for all services and before anything is changed, what each of them checks alone.
 *
 * @returns whether it holds; if not, why was printed
 */
export async function preconditionsHold(options: StageOptions, ...more: string[]): Promise<boolean> {
  const serverless = join(dirname(require.resolve('serverless/package.json')), 'bin/serverless.js');
  const checked = ['preconditions', '--stage', options.stage, ...optionsOf(options), ...more];
  return (await run([serverless, ...checked], join(repository, 'services/bus'))) === 0;
}

/** Runs a command of compose for all services of serverless-compose.yml, in its order. @returns its exit code */
export function compose(command: 'deploy' | 'remove', options: StageOptions): Promise<number> {
  // Compose starts `serverless` by its name, which has to be found however this was started.
  process.env.PATH = [join(repository, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  process.env.FANFOLD_SERVERLESS_OPTIONS = JSON.stringify(optionsOf(options));
  const bin = join(dirname(require.resolve('@osls/compose/package.json')), 'bin/serverless-compose');
  return run([bin, command, '--stage', options.stage], repository);
}

async function run(nodeArguments: string[], folder: string): Promise<number> {
  const child = spawn(process.execPath, nodeArguments, { cwd: folder, stdio: 'inherit' });
  // Both get the signal of a terminal; this one goes when that one has ended.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
