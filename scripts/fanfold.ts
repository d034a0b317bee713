/**
 * The operator's command: `pnpm fanfold <command>`. Exits with 0 when it is done, 1 when it failed or found something
 * wrong, 2 when it was used wrongly. Results go to standard output, what is wrong to standard error.
 */
import { merchantId } from '@fanfold/contracts/event';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { demo } from './fanfold/demo.ts';
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

function seconds(value: string): number {
  if (/^-?[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It is a whole number other than 0.');
}
