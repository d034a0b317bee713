/**
 * The operator's command: `pnpm fanfold <command>`. Exits with 0 when it is done, 1 when it failed or found something
 * wrong, 2 when it was used wrongly. Results go to standard output, what is wrong to standard error.
 */
import { merchantId } from '@fanfold/contracts/event';
import { cellFrom } from '@fanfold/faults/cells';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { demo } from './fanfold/demo.ts';
import { faults } from './fanfold/faults.ts';
import { scopes, token } from './fanfold/token.ts';
import { trace } from './fanfold/trace.ts';

const program = new Command('fanfold')
  .usage('<command> [options]')
  .description("The operator's tool for the Fanfold stack that `pnpm dev` starts.")
  .addHelpText('after', '\nThe stack is the one at FANFOLD_PORT (4000 if not set).')
  .exitOverride();

program
  .command('token')
  .summary('print a development access token')
  .description(
    'Prints an access token that the stack accepts, and nothing else:\n  TOKEN=$(pnpm --silent fanfold token)',
  )
  .option('--merchant <id>', 'whose objects it gives access to', merchant, 'acme')
  .addOption(
    new Option('--scope <scopes>', 'what it allows, separated by commas')
      .argParser(scopeList)
      .default(scopes, scopes.join(',')),
  )
  .option('--expires-in <seconds>', 'how long it is valid; negative for one that has expired', seconds, 3600)
  .option('--json', 'print it as an OAuth token response')
  .action(token);

program
  .command('demo')
  .summary('make a payment and a refund, and tell what follows')
  .description(
    'Makes a payment and a partial refund, and tells each thing that follows until all of it is audited.',
  )
  .option('--merchant <id>', 'who is paid', merchant, 'acme')
  .option('--json', 'print what happened as JSON')
  .action(demo);

program
  .command('trace')
  .argument('<id>', 'of a payment, refund, invoice, credit note, event or request')
  .summary('show what led to what, across the services')
  .description('Shows every flow of work that an id had part in: what was said, because of what, and when.')
  .option('--merchant <id>', 'whose it is', merchant, 'acme')
  .option('--json', 'print the flows as JSON')
  .action(trace);

program
  .command('faults')
  .summary('break every call in turn, and see that nothing is lost and nothing happens twice')
  .description(
    'Runs the services on emulators of its own, breaks every call, delivery and request in turn, lets everything heal\n' +
      'and checks the promises of docs/reliability.md. Then takes out every guard, and sees that it is missed.\n' +
      'Without options each kind of fault strikes once at each boundary: some minutes.',
  )
  .option('--full', 'every single fault, and every pair in the short stories: an hour')
  .option('--no-mutants', 'leave the guards where they are')
  .addOption(
    new Option('--minutes <n>', 'soak: stories and faults drawn by lot, for so long')
      .argParser(upTo(1440))
      .conflicts(['full', 'cell']),
  )
  .addOption(new Option('--seed <n>', 'what a soak draws its lots from').argParser(upTo(2 ** 31)))
  .addOption(new Option('--cell <id>', 'one run, as a report names it').conflicts(['full']))
  .option('--workers <n>', 'processes that run beside each other', upTo(64))
  .option('--report <file>', 'write what was found into this document, such as docs/reliability.md')
  .option('--json', 'print what was found as JSON')
  .action((options) => {
    if (options.seed !== undefined && options.minutes === undefined) {
      program.error('error: --seed is for a soak: say for how long, with --minutes 15 for example.');
    }
    if (options.cell !== undefined) cellOf(options.cell);
    return faults(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

function merchant(value: string): string {
  if (merchantId.safeParse(value).success) return value;
  throw new InvalidArgumentError('It has 1 to 64 letters, digits, _ or -.');
}

function scopeList(value: string): string[] {
  const list = value.split(',');
  if (list.every((scope) => scopes.includes(scope))) return list;
  throw new InvalidArgumentError(`It is a list, separated by commas, of: ${scopes.join(', ')}.`);
}

/** A whole number from 1 to a limit. */
function upTo(limit: number): (value: string) => number {
  return (value) => {
    if (/^[1-9]\d{0,9}$/.test(value) && Number(value) <= limit) return Number(value);
    throw new InvalidArgumentError(`It is a whole number from 1 to ${limit}.`);
  };
}

/** Bad usage when it is none. */
function cellOf(id: string): void {
  try {
    cellFrom(id);
  } catch (error) {
    program.error(
      `error: ${(error as Error).message}\nA violation is printed with the --cell that repeats it.`,
    );
  }
}

function seconds(value: string): number {
  if (/^-?[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It is a whole number other than 0.');
}
