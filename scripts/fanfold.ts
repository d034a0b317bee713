/**
 * The operator's command: `./fanfold <command>`. Exits with 0 when it is done, 1 when it failed or found something
 * wrong, 2 when it was used wrongly. Results go to standard output, what is wrong to standard error.
 */
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import {
  CommandError,
  date,
  eventType,
  identifiers,
  localMerchant,
  logName,
  merchant,
  perSecond,
  position,
  queueName,
  reference,
  republishing,
  scopeList,
  seconds,
  sentence,
  several,
  stage,
  subject,
  time,
  UsageError,
  upTo,
} from './fanfold/arguments.ts';
import { demo } from './fanfold/demo.ts';
import { print, tell } from './fanfold/terminal.ts';
import { merchantScopes, token } from './fanfold/token.ts';

const program = new Command('fanfold')
  .usage('<command> [options]')
  .description("The operator's tool for Fanfold: the stack that `pnpm dev` starts, or a stage in AWS.")
  .addHelpText(
    'after',
    '\nThe stack is the one at FANFOLD_PORT (4000 if not set). With --stage it is in AWS, where AWS_PROFILE and AWS_REGION lead.',
  )
  .showHelpAfterError()
  .configureOutput({
    writeOut: (text) => print(...linesOf(text)),
    writeErr: (text) => tell(...linesOf(text)),
  })
  .exitOverride();

/** What commander writes ends its lines itself. */
const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');

program
  .command('token')
  .summary('print a development access token')
  .description('Prints an access token that the stack accepts, and nothing else:\n  TOKEN=$(./fanfold token)')
  .option('--merchant <id>', 'whose objects it gives access to', merchant, 'acme')
  .addOption(
    new Option('--scope <scopes>', 'what it allows, separated by commas')
      .argParser(scopeList)
      .default(merchantScopes, merchantScopes.join(',')),
  )
  .option('--expires-in <seconds>', 'how long it is valid; -60 for one that has expired', seconds, 3600)
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

inStage(program.command('trace'))
  .argument(
    '<id>',
    'of a payment, refund, invoice, credit note, event, request or operation; or the number of a document, or an order',
    reference,
  )
  .summary('show what led to what, across the services')
  .description(
    'Shows every flow of work that something had part in: which events, because of what, and when.',
  )
  .option('--merchant <id>', `whose it is; ${localMerchant} on a laptop, to be given in AWS`, merchant)
  .action(async (id, options) => (await import('./fanfold/trace.ts')).trace(id, options));

/** With the AWS clients, which take longer to load than the other commands take to run. */
const deadLetters = () => import('./fanfold/dlq.ts');

const dlq = program
  .command('dlq')
  .summary('look at dead letters, redrive and discard them')
  .description('What could not be handled, delivered or published: docs/operations.md, "Dead letters".');

inStage(dlq.command('list'))
  .summary('what there is, by queue and cause')
  .description('Counts the dead letters of a stage by queue and cause. Exits with 1 when there are any.')
  .action(async (options) => exitWith(await (await deadLetters()).list(options)));

filtered(inStage(dlq.command('show')), 'show')
  .summary('what is known of some')
  .description('Shows dead letters. What their bodies say may be personal data, and is left out.')
  .option('--body', 'show the bodies too')
  .action(async (ids, options) => (await deadLetters()).show(ids, options));

acting(filtered(inStage(dlq.command('redrive')), 'redrive'))
  .summary('give them to whom they were meant for')
  .description('Sends dead letters to the queue that they came from, or publishes what was not published.')
  .action(async (ids, options) => (await deadLetters()).redrive(ids, options));

acting(filtered(inStage(dlq.command('discard')), 'discard'))
  .summary('take them away for good')
  .description('Deletes dead letters. What they said is still in the audit trail, if it got there.')
  .requiredOption('--reason <text>', 'why, for the audit trail', sentence)
  .action(async (ids, options) => (await deadLetters()).discard(ids, options));

inStage(program.command('replay'))
  .summary('send recorded events again')
  .description(
    'Sends events again as they were recorded, in the order of the log: docs/operations.md, "Replay".',
  )
  .requiredOption('--from <time>', 'the earliest time of an event, such as 2026-11-23T14:00:00Z', time)
  .requiredOption('--to <time>', 'the time before which an event must have been', time)
  .option('--type <type>', 'only events of this type', eventType)
  .option('--subject <id>', 'only events of this payment, invoice …', subject)
  .option('--merchant <id>', 'only events of this merchant', merchant)
  .option('--to-queue <name>', "only to a service's queue, or a queue by its name, what it hears", queueName)
  .option('--after <position>', 'go on behind this position in the log', position)
  .option('--rate <per second>', 'how many a second at most', perSecond, 100)
  .option('--dry-run', 'only count what would be sent')
  .action(async (options) => (await import('./fanfold/replay.ts')).replay(options));

inStage(program.command('findings'))
  .summary('which days were found not to be complete')
  .description(
    'Shows what billing and audit found missing when they compared days: docs/operations.md, "An event is missing".\n' +
      'Without --date those that were found in the last seven days. Exits with 1 when there are any.',
  )
  .option('--date <day>', 'only of this day (UTC), such as 2026-11-23', date)
  .option('--merchant <id>', 'only of this merchant', merchant)
  .action(async (options) => exitWith(await (await import('./fanfold/findings.ts')).findings(options)));

inStage(program.command('republish'))
  .summary('have a day said again from the tables')
  .description(
    'Lets payments and then billing say again what they said on a day, for what was never published:\n' +
      'docs/operations.md, "Publish a day from the table".',
  )
  .requiredOption('--date <day>', 'the day (UTC) on which it was said, such as 2026-11-23', date)
  .option('--merchant <id>', 'only what this merchant was about', merchant)
  .addOption(new Option('--service <name>', 'only this service').choices(republishing))
  .action(async (options) => (await import('./fanfold/republish.ts')).republish(options));

/** A path as it was typed: pnpm runs this in the repository, and says from where. */
const fromHere = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path);

const audit = program
  .command('audit')
  .summary("the log's key, and erasing what is recorded of somebody")
  .description('The audit log: docs/audit-log.md.');

inStage(audit.command('key'))
  .summary('print the public key that its checkpoints are signed with')
  .description(
    'Prints the vkey to verify the log with, from KMS, and nothing else:\n  KEY=$(./fanfold audit key)',
  )
  .option('--witness', "its witness's key instead")
  .option('--origin <name>', 'the name of the log; the one in its checkpoint if not given', logName)
  .action(async (options) => (await import('./fanfold/auditKey.ts')).auditKey(options));

inStage(audit.command('erase'))
  .argument('<id>', 'of a payment, or of a refund, invoice or credit note of one', subject)
  .summary('make unreadable for ever what is recorded of a payment and its customer')
  .description(
    'Destroys the key of all that the log has of a payment, its refunds and documents: for ever, also for us.\n' +
      'The log stays as it is, and every proof still verifies: docs/audit-log.md, "Erasing".',
  )
  .option('--merchant <id>', `whose it is; ${localMerchant} on a laptop, to be given in AWS`, merchant)
  .option('--reason <text>', 'why, for the audit trail: a number of the request, nothing personal', sentence)
  .option('--dry-run', 'only say what would be erased')
  .option('--yes', 'do not ask for a confirmation')
  .action(async (id, options) => (await import('./fanfold/erase.ts')).erase(id, options));

program
  .command('verify')
  .argument('[file]', 'a proof of an event, .tlog-proof')
  .summary('verify the proof of an event, or the whole audit log')
  .description(
    'Verifies a proof file offline, or with --log a whole log: packages/verify/README.md says what is verified, and what\n' +
      'it does not prove. Exits with 1 when anything is wrong.',
  )
  .option('--log <url or folder>', 'the whole log that lies there')
  .option(
    '--stage <name>',
    'a stage of yours, and local: its key from KMS, and the whole of its log without a file',
    stage,
  )
  .option('--key <vkey>', 'a key of the log, as `fanfold audit key` prints it; may be given again', several)
  .option('--witness <vkey>', 'a witness that must have signed too; may be given again', several)
  .option('--remember <file>', 'where the checkpoint is kept that the log must continue the next time')
  .option('--json', 'print the result as JSON')
  .action(async (file, options) => {
    const { log, remember } = options;
    process.exitCode = await (await import('./fanfold/verify.ts')).verify(file && fromHere(file), {
      ...options,
      ...(log && { log: /^https?:/.test(log) ? log : fromHere(log) }),
      ...(remember && { remember: fromHere(remember) }),
    });
  });

program
  .command('faults')
  .summary('break every call in turn, and see that nothing is lost and nothing happens twice')
  .description(
    'Runs the services on emulators of its own, breaks every call, delivery and request in turn, lets everything heal\n' +
      'and checks the promises of docs/reliability.md. Then takes out every guard, and sees that it is missed.\n' +
      'Without options each kind of fault strikes once at each boundary: some minutes.',
  )
  .option('--full', 'every single fault, and every pair in the short stories: an hour')
  .addOption(
    new Option('--quick', 'each group of faults once in each part of the flow, drawn with --seed').conflicts([
      'full',
      'cell',
      'minutes',
    ]),
  )
  .option('--no-mutants', 'leave the guards where they are')
  .addOption(
    new Option('--minutes <n>', 'soak: stories and faults drawn by lot, for so long')
      .argParser(upTo(1440))
      .conflicts(['full', 'cell']),
  )
  .option('--seed <n>', 'what --quick or a soak draws from', upTo(2 ** 31))
  .addOption(new Option('--cell <id>', 'one run, as a report names it').conflicts('full'))
  .option('--workers <n>', 'processes that run beside each other', upTo(64))
  .option('--report <file>', 'write what was found into this document, such as docs/reliability.md')
  .option('--json', 'print what was found as JSON')
  .action(async (options) => (await import('./fanfold/faults.ts')).faults(options));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    tell(...(error instanceof CommandError ? error.lines : [(error as Error).message]));
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

/** A command that did its work, and whether it found something wrong. */
function exitWith(foundSomethingWrong: boolean): void {
  if (foundSomethingWrong) process.exitCode = 1;
}

function inStage(command: Command): Command {
  return command
    .option('--stage <name>', 'local, or a stage in AWS', stage, 'local')
    .option('--json', 'print the result as JSON');
}

function filtered(command: Command, verb: string): Command {
  return command
    .argument('[id...]', `of the messages to ${verb}`, identifiers)
    .option('--queue <name>', 'those of a service, or of one queue or bucket', queueName)
    .option('--cause <cause>', 'those with this cause', sentence)
    .option('--type <type>', 'those that are events of this type', eventType)
    .option('--merchant <id>', "those that are this merchant's events", merchant)
    .option('--all', 'all of them');
}

function acting(command: Command): Command {
  return command
    .option('--rate <per second>', 'how many a second at most', perSecond, 100)
    .option('--dry-run', 'only say what would be done');
}
