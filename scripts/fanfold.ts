/**
 * The operator's command: `./fanfold <command>`. Exits with 0 when it is done, 1 when it failed or found something
 * wrong, 2 when it was used wrongly. Results go to standard output, what is wrong to standard error.
 */
import { resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { regionOf } from '../packages/topology/region.js';
import {
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
  region,
  scopeList,
  seconds,
  sentence,
  several,
  stage,
  subject,
  time,
  upTo,
} from './fanfold/commands/arguments.ts';
import { demo } from './fanfold/commands/demo.ts';
import { token } from './fanfold/commands/token.ts';
import { CommandError, UsageError } from './fanfold/errors.ts';
import { merchantScopes } from './fanfold/operations/accessToken.ts';
import { republishing } from './fanfold/operations/republish.ts';
import { notify, print } from './fanfold/terminal.ts';

const program = new Command('fanfold')
  .usage('<command> [options]')
  .description(
    "The operator's tool for Fanfold: for the stack that `pnpm dev` starts, or for a stage in AWS.",
  )
  .addHelpText(
    'after',
    '\nThe stack is the one at FANFOLD_PORT (4000 if not set). A stage in AWS is chosen with --stage and --region (AWS_REGION if not given, and eu-west-1 without that), for the account of AWS_PROFILE.',
  )
  .configureOutput({
    writeOut: (text) => print(...linesOf(text)),
    writeErr: (text) => notify(...linesOf(text)),
  })
  .exitOverride();

/** What commander writes ends its lines itself. */
const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');

/** Where a stage in AWS is. */
const inRegion = [
  '--region <region>',
  'where a stage in AWS is; AWS_REGION if not given',
  region,
  regionOf(),
] as const;

program
  .command('token')
  .summary('print an access token for development')
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
  .summary('make a payment and a refund, and show what follows')
  .description(
    'Makes a payment and a partial refund, and shows each step that follows, with its time, until all is audited.',
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
  .summary('show which events led to which, across the services')
  .description(
    'Shows the events of every request, or run of a clock, that something had part in: what caused which, and when.',
  )
  .option('--merchant <id>', `whose it is; ${localMerchant} on a laptop, to be given in AWS`, merchant)
  .action(async (id, options) => (await import('./fanfold/commands/trace.ts')).trace(id, options));

/** With the AWS clients, which take longer to load than the other commands take to run. */
const deadLetters = () => import('./fanfold/commands/dlq.ts');

const dlq = program
  .command('dlq')
  .summary('list, show, redrive and discard dead letters')
  .description(
    'Messages that could not be handled or delivered, and events that could not be published:\n' +
      'docs/operations.md, "Dead letters".',
  );

inStage(dlq.command('list'))
  .summary('count dead letters by queue and cause')
  .description('Counts the dead letters of a stage by queue and cause. Exits with 1 when there are any.')
  .action(async (options) => exitWith(await (await deadLetters()).list(options)));

filtered(inStage(dlq.command('show')), 'show')
  .summary('show what is known of dead letters')
  .description('Shows dead letters, without their bodies, which may hold personal data.')
  .option('--body', 'with their bodies')
  .action(async (ids, options) => (await deadLetters()).show(ids, options));

acting(filtered(inStage(dlq.command('redrive')), 'redrive'))
  .summary('send dead letters to their consumer again')
  .description(
    'Sends messages to the queue of their service again, and records of a stream to its publisher.',
  )
  .action(async (ids, options) => (await deadLetters()).redrive(ids, options));

acting(filtered(inStage(dlq.command('discard')), 'discard'))
  .summary('delete dead letters for good')
  .description('Deletes dead letters. Events that audit has recorded stay in its log.')
  .requiredOption('--reason <text>', 'why, for the audit trail', sentence)
  .action(async (ids, options) => (await deadLetters()).discard(ids, options));

inStage(program.command('replay'))
  .summary('send recorded events again, to all services or to one queue')
  .description(
    'Sends recorded events again, unchanged and in the order of the log: docs/operations.md, "Replay".',
  )
  .requiredOption('--from <time>', 'the earliest time of an event, such as 2026-11-23T14:00:00Z', time)
  .requiredOption('--to <time>', 'the time before which an event must have been', time)
  .option('--type <type>', 'only events of this type', eventType)
  .option('--subject <id>', 'only events about this payment, invoice …', subject)
  .option('--merchant <id>', 'only events of this merchant', merchant)
  .option(
    '--to-queue <name>',
    'only to this queue, or that of this service, and only the types that it subscribes to',
    queueName,
  )
  .option('--after <position>', 'only events after this position in the log', position)
  .option('--rate <per second>', 'how many a second at most', perSecond, 100)
  .option('--dry-run', 'only count the events that would be sent')
  .action(async (options) => (await import('./fanfold/commands/replay.ts')).replay(options));

inStage(program.command('findings'))
  .summary('show the days on which events or documents are missing')
  .description(
    'Shows what billing and audit found missing when they compared a day with what payments had counted:\n' +
      'docs/operations.md, "An event is missing". Without --date, what was found in the last seven days.\n' +
      'Exits with 1 when there is anything.',
  )
  .option('--date <day>', 'only of this day (UTC), such as 2026-11-23', date)
  .option('--merchant <id>', 'only of this merchant', merchant)
  .action(async (options) =>
    exitWith(await (await import('./fanfold/commands/findings.ts')).findings(options)),
  );

inStage(program.command('republish'))
  .summary('publish the events of a day again, from the tables')
  .description(
    'Has payments and then billing publish the events of a day again from their tables, for those that never were:\n' +
      'docs/operations.md, "Publish a day from the table".',
  )
  .requiredOption('--date <day>', 'the day (UTC) of the events, such as 2026-11-23', date)
  .option('--merchant <id>', 'only events of this merchant', merchant)
  .addOption(new Option('--service <name>', 'only this service').choices(republishing))
  .action(async (options) => (await import('./fanfold/commands/republish.ts')).republish(options));

/** A path as it was typed: pnpm runs this in the repository, and says from where. */
const fromHere = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path);

const stages = program
  .command('stage')
  .summary('what a removed stage left, and to delete it for good')
  .description('What outlives a stage in AWS: docs/deploy.md, "Remove a stage".');

const ofStage = (command: Command): Command =>
  command
    .requiredOption('--stage <stage>', 'the stage in AWS', stage)
    .option(...inRegion)
    .option('--json', 'print the result as JSON');

ofStage(stages.command('list'))
  .summary('what outlives its removal')
  .description('Shows the tables, queues, buckets and keys of a stage that outlive its stacks.')
  .action(async (options) => void (await (await import('./fanfold/commands/stage.ts')).list(options)));

ofStage(stages.command('delete'))
  .summary('delete for good what it left')
  .description(
    'Deletes what a removed stage left, with all data in it, for good. Exits with 1 when something has to stay: files of the\n' +
      'audit log, until they are locked no longer.',
  )
  .option('--confirm <stage@region>', 'both once more, instead of being asked for them')
  .action(async (options) =>
    exitWith(!(await (await import('./fanfold/commands/stage.ts')).deleteKept(options))),
  );

const audit = program
  .command('audit')
  .summary('the key of the audit log, and erasing personal data')
  .description('The audit log: docs/audit-log.md.');

inStage(audit.command('key'))
  .summary('print the public key of the audit log')
  .description(
    'Prints the public key (vkey) that the log is verified with, from KMS, and nothing else:\n  KEY=$(./fanfold audit key)',
  )
  .option('--witness', 'the key of its witness instead')
  .option('--origin <name>', 'the name of the log; the one in its checkpoint if not given', logName)
  .action(async (options) => (await import('./fanfold/commands/auditKey.ts')).auditKey(options));

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
  .action(async (id, options) => (await import('./fanfold/commands/erase.ts')).erase(id, options));

program
  .command('verify')
  .argument('[file]', 'a proof of an event, .tlog-proof')
  .summary('verify the proof of an event, or the whole audit log')
  .description(
    'Verifies a proof file offline, or with --log a whole log: packages/verify/README.md says what is verified, and what\n' +
      'it does not prove. Exits with 1 when anything is wrong.',
  )
  .option('--log <url or folder>', 'the whole log, at this place')
  .option(
    '--stage <name>',
    'local, or a stage in AWS: with its key from KMS, and its whole log if no file is given',
    stage,
  )
  .option(...inRegion)
  .option('--key <vkey>', 'a key of the log, as `fanfold audit key` prints it; may be given again', several)
  .option('--witness <vkey>', 'a witness that must have signed too; may be given again', several)
  .option(
    '--remember <file>',
    'where the verified checkpoint is kept, which the log must continue the next time',
  )
  .option('--json', 'print the result as JSON')
  .action(async (file, options) => {
    const { log, remember } = options;
    process.exitCode = await (await import('./fanfold/commands/verify.ts')).verify(file && fromHere(file), {
      ...options,
      ...(log && { log: /^https?:/.test(log) ? log : fromHere(log) }),
      ...(remember && { remember: fromHere(remember) }),
    });
  });

program
  .command('faults')
  .summary('make every call fail in turn, and check that nothing is lost or done twice')
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
    new Option('--minutes <n>', 'soak: random stories and faults, for so long')
      .argParser(upTo(1440))
      .conflicts(['full', 'cell']),
  )
  .option('--seed <n>', 'what --quick or a soak draws from', upTo(2 ** 31))
  .addOption(new Option('--cell <id>', 'one run, as a report names it').conflicts('full'))
  .option('--workers <n>', 'processes that run beside each other', upTo(64))
  .option('--report <file>', 'write what was found into this document, such as docs/reliability.md')
  .option('--json', 'print what was found as JSON')
  .action(async (options) => (await import('./fanfold/commands/faults.ts')).faults(options));

printErrorsLast(program);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    notify(...(error instanceof CommandError ? error.lines : [(error as Error).message]));
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

/** What is wrong comes after the help: before it, it would be out of sight. */
function printErrorsLast(command: Command): void {
  command.configureOutput({
    outputError: (text, write) => {
      command.outputHelp({ error: true });
      write(`\n${text}`);
    },
  });
  command.commands.forEach(printErrorsLast);
}

/** A command that did its work, and whether it found something wrong. */
function exitWith(foundSomethingWrong: boolean): void {
  if (foundSomethingWrong) process.exitCode = 1;
}

function inStage(command: Command): Command {
  return command
    .option('--stage <name>', 'local, or a stage in AWS', stage, 'local')
    .option(...inRegion)
    .option('--json', 'print the result as JSON');
}

function filtered(command: Command, verb: string): Command {
  return command
    .argument(
      '[id...]',
      `of the dead letters to ${verb}, as \`dlq list\` or the log of their consumer has it`,
      identifiers,
    )
    .option('--queue <name>', 'those of this service, queue or bucket', queueName)
    .option('--cause <cause>', 'those with this cause', sentence)
    .option('--type <type>', 'those that are events of this type', eventType)
    .option('--merchant <id>', 'those that are events of this merchant', merchant)
    .option('--all', 'all of them');
}

function acting(command: Command): Command {
  return command
    .option('--rate <per second>', 'how many a second at most', perSecond, 100)
    .option('--dry-run', 'only say what would be done');
}
