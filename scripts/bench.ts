/**
 * `pnpm bench`: what Fanfold costs, measured here and now, beside what it cannot do without and what else there is. Ratios
 * and counts are the results; times are this machine's.
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parts } from '../bench/parts.ts';
import { stopAll } from './processes.ts';
import { startProgress } from './progress.ts';

const program = new Command('pnpm bench')
  .description(
    `Measures what Fanfold costs, part by part:\n${parts.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}`,
  )
  .addOption(
    new Option('--only <parts...>', 'measure these parts alone').choices(parts.map(({ name }) => name)),
  )
  .option('--quick', 'small numbers, to check that it runs')
  .option('--json', 'print the figures as JSON')
  .option('--charts <folder>', 'write charts there, as SVG')
  .option(
    '--against <ref>',
    'dev: the commit that this checkout is compared with, in turn, in copies of both',
  )
  .option('--seconds <number>', 'dev: how long clients pay (60 if not given)', seconds)
  .option('--tests', 'dev: also compare how long `pnpm test` and .ci/run take: an hour or more')
  .parse();
const options = program.opts<{
  only?: string[];
  quick?: true;
  json?: true;
  charts?: string;
  against?: string;
  seconds?: number;
  tests?: true;
}>();
const { quick = false, tests = false, json, only, charts, against } = options;
const wanted = parts.filter(({ name }) => !only || only.includes(name));
if (!wanted.some(({ name }) => name === 'dev') && (against || options.seconds || tests)) {
  program.error('--against, --seconds and --tests are for the part dev: add it to --only.', { exitCode: 2 });
}

const resources = new AsyncDisposableStack();
let interrupted: Promise<void> | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted ??= resources
      .disposeAsync()
      .then(stopAll)
      .finally(() => process.exit(130));
  });
}
try {
  await measure();
} catch (error) {
  // What is ended then fails.
  if (!interrupted) throw error;
} finally {
  await (interrupted ?? resources.disposeAsync());
}
process.exit(0);

async function measure(): Promise<void> {
  const results: Record<string, unknown> = {};
  const [{ model } = { model: 'unknown' }] = cpus();
  const machine = { date: new Date().toISOString(), node: process.version, cpus: cpus().length, model };
  if (!json) {
    console.log(`Node ${machine.node}, ${machine.cpus} × ${model}, ${machine.date.slice(0, 10)}`);
  }
  const minutes = wanted.reduce((sum, each) => sum + each.minutes, 0);
  const progress = startProgress(quick ? 'measuring' : 'measuring, in minutes', minutes);
  resources.defer(() => progress.end());
  for (const { name, about, minutes, measure, report, chart } of wanted) {
    const tell = (what: string) => progress.note(`${name}: ${what}`);
    const result = await measure({
      ...{ quick, tests, tell, resources },
      ...(against && { against }),
      ...(options.seconds && { seconds: options.seconds }),
    });
    results[name] = result;
    if (charts && chart) await writeFile(join(charts, `${name}.svg`), chart(result));
    if (!json) console.log(`\n## ${name}: ${about}\n\n${report(result)}`);
    progress.advance(minutes);
  }
  progress.end();
  if (json) console.log(JSON.stringify({ ...machine, ...results }, null, 2));
}

function seconds(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It is a whole number from 1 to 9999.');
}
