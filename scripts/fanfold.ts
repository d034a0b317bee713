/**
 * The operator's command: `./fanfold <command>`. Exits with 0 when it is done, 1 when it failed or found something
 * wrong, 2 when it was used wrongly. Results go to standard output, what is wrong to standard error.
 */
import { resolve } from 'node:path';
import { Argument, Command, CommanderError, Option } from 'commander';
import { regionOf } from '../packages/topology/region.js';
import {
  date,
  eventType,
  identifier,
  identifiers,
  list,
  localMerchant,
  logName,
  merchant,
  perSecond,
  port,
  position,
  queueName,
  reference,
  region,
  scopeList,
  seconds,
  sentence,
  several,
  stage,
  stripeType,
  subject,
  time,
  upTo,
} from './fanfold/commands/arguments.ts';
import { demo } from './fanfold/commands/demo.ts';
import { token } from './fanfold/commands/token.ts';
import { CommandError, UsageError } from './fanfold/errors.ts';
import { merchantScopes } from './fanfold/operations/accessToken.ts';
import { republishing } from './fanfold/operations/republishing.ts';
import { restoredServices } from './fanfold/operations/restore/restoredServices.ts';
import { notify, print } from './fanfold/terminal.ts';

/** Of the command that runs: what it found, unless it fails. */
let exitCode = 0;

const program = new Command('fanfold')
  .usage('<command> [options]')
  .description(
    "The operator's tool for Fanfold: for the stack that `pnpm dev` starts, or for a stage in AWS.",
  )
  .addHelpText(
    'after',
    '\nThe stack is the one at FANFOLD_PORT (4000 if not set). To choose a stage in AWS, use --stage and --region (AWS_REGION if not given, or else eu-west-1), in the account of AWS_PROFILE.',
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
  .option('--merchant <id>', 'the merchant whose objects it gives access to', merchant, localMerchant)
  .addOption(
    new Option('--scope <scopes>', 'the scopes it has, separated by commas')
      .argParser(scopeList)
      .default(merchantScopes(), merchantScopes().join(',')),
  )
  .option(
    '--expires-in <seconds>',
    'how long it is valid; -60 makes one that expired a minute ago',
    seconds,
    3600,
  )
  .option('--json', 'print it as an OAuth token response')
  .action(token);

program
  .command('demo')
  .summary('make a payment and a refund, and show what follows')
  .description(
    'Makes a payment and a partial refund, and shows each step that follows, with its time, until audit has recorded all.',
  )
  .option('--merchant <id>', 'the merchant who is paid', merchant, localMerchant)
  .option('--json', 'print what happened as JSON')
  .action(demo);

program
  .command('learn')
  .argument('[page]', 'the number or the name of a page; without it the pages are listed')
  .summary('show the tutorial, and run its commands on the stack')
  .description(
    'Shows a page of docs/tutorial and runs its commands on the stack that `pnpm dev` has started. At a terminal it waits for Enter before each.',
  )
  .option('--json', 'print the pages, or one of them, as JSON, and run nothing')
  .action(async (page, options) => (await import('./fanfold/commands/learn.ts')).learn(page, options));

inStage(program.command('trace'))
  .argument(
    '<id>',
    'the id of a payment, refund, invoice, credit note, event, request, operation or order, or the number of an invoice or credit note',
    reference,
  )
  .summary('show which event caused which, across the services')
  .description(
    'Shows the events of each request, or run of a scheduled function, that something was part of: which event caused which, and when.',
  )
  .option(
    '--merchant <id>',
    `the merchant it belongs to; ${localMerchant} if not given on a laptop, required in AWS`,
    merchant,
  )
  .action(async (id, options) => (await import('./fanfold/commands/trace.ts')).trace(id, options));

program
  .command('webhook')
  .summary('send the stack a notification about a payment, signed as Stripe signs')
  .description(
    'Sends `POST /webhooks/stripe` of the stack on this machine a notification that is signed with FANFOLD_STRIPE_WEBHOOK_SECRET, or with ' +
      'what `pnpm dev` takes without it. It says only that there is news of a payment: payments asks Stripe what it is.',
  )
  .requiredOption(
    '--type <type>',
    'the type of the event at Stripe, such as payment_intent.succeeded',
    stripeType,
  )
  .requiredOption('--payment <id>', 'the payment that it is about', reference)
  .option('--merchant <id>', 'the merchant whose payment it is', merchant, localMerchant)
  .option('--json', 'print what was sent as JSON')
  .action(async (options) => (await import('./fanfold/commands/webhook.ts')).webhook(options));

inStageWithoutJson(program.command('console'))
  .summary('show the stage in a browser: events as they happen, queues, dead letters')
  .description(
    'Serves the console of a stage on this machine until Ctrl-C, and prints its address. Nothing is deployed for it: it does what you ' +
      'may do. `pnpm dev` serves the same for the stack on a laptop. See docs/operations.md, "Console".',
  )
  .option('--port <port>', 'the port on 127.0.0.1; any free one if not given', port, 0)
  .action(async (options) => (await import('./fanfold/commands/console.ts')).serveConsole(options));

/** With the AWS clients, which take longer to load than the other commands take to run. */
const deadLetters = () => import('./fanfold/commands/dlq.ts');

const dlq = program
  .command('dlq')
  .summary('list, show, redrive, edit, put aside and discard dead letters')
  .description(
    'Messages that could not be handled or delivered, and events that could not be published: see docs/operations.md, ' +
      '"Dead letters".',
  );

inStage(dlq.command('list'))
  .summary('count dead letters by queue and cause')
  .description('Counts the dead letters of a stage by queue and cause. Exits with 1 when there are any.')
  .action(async (options) => exitWith(await (await deadLetters()).list(options)));

filtered(inStage(dlq.command('show')), 'show')
  .summary('show what is known of dead letters')
  .description('Shows dead letters, without their bodies, which may have personal data.')
  .option('--body', 'with their bodies')
  .action(async (ids, options) => (await deadLetters()).show(ids, options));

acting(filtered(inStage(dlq.command('redrive')), 'redrive'))
  .summary('send dead letters to their consumer or publisher again')
  .description("Sends messages to their service's queue again, and records of a stream to its publisher.")
  .action(async (ids, options) => (await deadLetters()).redrive(ids, options));

acting(filtered(inStage(dlq.command('discard')), 'discard'))
  .summary('delete dead letters for good')
  .description('Deletes dead letters for good. Events that audit has recorded stay in its log.')
  .requiredOption('--reason <text>', 'why, for the audit trail', sentence)
  .action(async (ids, options) => (await deadLetters()).discard(ids, options));

inStage(dlq.command('edit'))
  .argument('<id>', 'the dead letter to edit: an id from `dlq list` or the log of its consumer', identifier)
  .summary('send one dead letter with another body to its consumer')
  .description(
    'Sends a corrected event instead of a dead letter, which is gone then. It has to fit the schema of its type, and to keep the id and ' +
      'the merchant of the original, if that had them. The audit trail keeps both bodies.',
  )
  .requiredOption(
    '--file <path>',
    'the file that has the body to send: a corrected copy of what `dlq show --body` shows',
  )
  .requiredOption('--reason <text>', 'why, for the audit trail', sentence)
  .option('--dry-run', 'only say whether it could be sent')
  .action(async (id, options) => (await deadLetters()).edit(id, options));

acting(filtered(inStage(dlq.command('put-aside')), 'put aside'))
  .summary('leave dead letters for later, out of the way of what is done with the others')
  .description(
    'Puts dead letters aside: they stay at their place for another 14 days, and only what names their ids does something with them.',
  )
  .requiredOption('--reason <text>', 'why, for the audit trail', sentence)
  .action(async (ids, options) => (await deadLetters()).putAside(ids, options));

acting(filtered(inStage(dlq.command('restore')), 'restore'))
  .summary('put dead letters back that were put aside')
  .description('Puts dead letters that were put aside back among the others.')
  .action(async (ids, options) => (await deadLetters()).restore(ids, options));

inStage(program.command('replay'))
  .summary('send recorded events again, to all services or to one queue')
  .description(
    'Sends recorded events again, unchanged and in the order of the log. See docs/operations.md, "Replay".',
  )
  .requiredOption('--from <time>', 'only events at or after this time, such as 2026-11-23T14:00:00Z', time)
  .requiredOption('--to <time>', 'only events before this time', time)
  .option('--type <type>', 'only events of this type', eventType)
  .option('--subject <id>', 'only events about this payment, invoice …', subject)
  .option('--merchant <id>', 'only events of this merchant', merchant)
  .option(
    '--to-queue <name>',
    "only to this queue, or this service's, and only the types that it subscribes to",
    queueName,
  )
  .option('--after <position>', 'only events after this position in the log', position)
  .option('--rate <per second>', 'how many a second at most', perSecond, 100)
  .option('--dry-run', 'only count the events that would be sent')
  .action(async (options) => (await import('./fanfold/commands/replay.ts')).replay(options));

inStage(program.command('findings'))
  .summary('show the days on which events or documents are missing, and what of the log does not fit')
  .description(
    "Shows what billing and audit found missing when they compared a day with payments' counts, and where the payment provider differs. " +
      'Without --date, the findings of the last seven days. Also shows whether a table was put back to an earlier time and has to be restored, ' +
      'and whether the audit log fits, so that it can be signed. ' +
      'Exits with 1 when anything is wrong. See docs/operations.md, "An event is missing", and docs/audit-log.md, ' +
      '"The log does not fit".',
  )
  .option('--date <day>', 'only of this day (UTC), such as 2026-11-23', date)
  .option('--merchant <id>', 'only of this merchant', merchant)
  .action(async (options) =>
    exitWith(await (await import('./fanfold/commands/findings.ts')).findings(options)),
  );

inStage(program.command('republish'))
  .summary('publish the events of a day again, from the tables')
  .description(
    'Makes payments, and then billing, publish the events of a day again from their tables, in case some were never published. ' +
      'See docs/operations.md, "Publish a day from the table".',
  )
  .requiredOption('--date <day>', 'the day (UTC) of the events, such as 2026-11-23', date)
  .option('--merchant <id>', 'only events of this merchant', merchant)
  .addOption(new Option('--service <name>', 'only this service').choices(republishing))
  .action(async (options) => (await import('./fanfold/commands/republish.ts')).republish(options));

inStage(program.command('restore'))
  .addArgument(new Argument('<service>', 'the service whose table was put back').choices(restoredServices))
  .summary("bring back what a service's table lacks after it was put back to an earlier time")
  .description(
    "Brings back what a service's table lacks that was put back to an earlier time, from what is recorded elsewhere: shows it first, " +
      'asks, writes it, and compares the table with all that is recorded. May be interrupted and run again. ' +
      'Exits with 1 when the table does not have all of it, or the log does not fit.',
  )
  .option('--dry-run', 'only show what would be written')
  .option('--yes', 'do not ask for confirmation')
  .action(async (service, options) =>
    exitWith(!(await (await import('./fanfold/commands/restore.ts')).restore(service, options))),
  );

/** A path as it was typed: pnpm runs this in the repository, and says from where. */
const fromHere = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path);

const tables = program
  .command('table')
  .summary('save a table of the stack on this machine, and put it back, to rehearse a restore')
  .description(
    'Does to a table of the stack on this machine what a point-in-time recovery does to one in AWS, to rehearse docs/restore.md.',
  );

tables
  .command('save')
  .argument('<table>', 'such as billing, payments, audit or audit-keys')
  .argument('<file>', 'a new file')
  .summary('write what a table has now into a file')
  .description('Writes what a table has now into a new file, which has personal data in it like the table.')
  .option('--json', 'print the result as JSON')
  .action(async (table, file, options) =>
    (await import('./fanfold/commands/localTable.ts')).save(table, fromHere(file), options),
  );

tables
  .command('put-back')
  .argument('<table>', 'such as billing, payments, audit or audit-keys')
  .argument('<file>', 'a file that `table save` has written')
  .summary('have a table be as it was saved')
  .description(
    'Replaces a table by another one of its name that has what was saved. What was written since is gone from it, as in AWS. ' +
      "The table's service must be stopped.",
  )
  .option('--json', 'print the result as JSON')
  .action(async (table, file, options) =>
    (await import('./fanfold/commands/localTable.ts')).putBack(table, fromHere(file), options),
  );

const stages = program
  .command('stage')
  .summary('stop and start a stage, list and delete what a removed one left')
  .description(
    'What runs by itself in a stage (docs/operations.md, "Stop and start"), and what outlives one in AWS (docs/deploy.md, ' +
      '"Remove a stage").',
  );

switching(inStage(stages.command('stop')))
  .summary('stop what writes: APIs, consumers, scheduled functions, and at last publishers')
  .description(
    'Requests that would write are answered 503 from now on; others go on. Switches off the mappings of queues and the schedules, and ' +
      'then, when what was running has ended and is published, those of streams. Messages wait in their queues (for 4 days).',
  )
  .action(async (options) => (await import('./fanfold/commands/triggers.ts')).stop(options));

switching(inStage(stages.command('start')))
  .summary('start what was stopped')
  .description(
    'Switches on the mappings of queues and streams, the schedules and the APIs, and waits until they are.',
  )
  .action(async (options) => (await import('./fanfold/commands/triggers.ts')).start(options));

const ofStage = (command: Command): Command =>
  command
    .requiredOption('--stage <stage>', 'the stage in AWS', stage)
    .option(...inRegion)
    .option('--json', 'print the result as JSON');

ofStage(stages.command('list'))
  .summary('list what outlives its removal')
  .description('Shows the tables, queues, buckets and keys of a stage that outlive its stacks.')
  .action(async (options) => void (await (await import('./fanfold/commands/stage.ts')).list(options)));

ofStage(stages.command('delete'))
  .summary('delete what it left, for good')
  .description(
    'Deletes what a removed stage left, with all its data, for good. Exits with 1 when something must stay: files of the ' +
      'audit log that are still locked.',
  )
  .option('--confirm <stage@region>', 'confirm with both, without being asked')
  .action(async (options) =>
    exitWith(!(await (await import('./fanfold/commands/stage.ts')).deleteKept(options))),
  );

const audit = program
  .command('audit')
  .summary("print the audit log's key, erase personal data")
  .description('The audit log. See docs/audit-log.md.');

inStage(audit.command('key'))
  .summary('print the public key of the audit log')
  .description(
    'Prints the public key (vkey) that the log is verified with, from KMS, and nothing else:\n  KEY=$(./fanfold audit key)',
  )
  .option('--witness', "the witness's key instead")
  .option('--origin <name>', 'the name of the log; the one in its checkpoint if not given', logName)
  .action(async (options) => (await import('./fanfold/commands/auditKey.ts')).auditKey(options));

inStage(audit.command('erase'))
  .argument('<id>', 'the id of a payment, or of a refund, invoice or credit note of it', subject)
  .summary('erase what is recorded of a payment and its customer')
  .description(
    'Destroys the key of what audit has recorded of a payment, its refunds and documents. Then nobody can read it any more. ' +
      'The log does not change, and every proof stays valid. See docs/audit-log.md, "Erasing".',
  )
  .option(
    '--merchant <id>',
    `the merchant it belongs to; ${localMerchant} if not given on a laptop, required in AWS`,
    merchant,
  )
  .option(
    '--reason <text>',
    'why, for the audit trail: for example the number of the request, nothing personal',
    sentence,
  )
  .option('--dry-run', 'only show what would be erased')
  .option('--yes', 'do not ask for confirmation')
  .action(async (id, options) => (await import('./fanfold/commands/erase.ts')).erase(id, options));

program
  .command('verify')
  .argument('[file]', 'the proof of an event, a .tlog-proof file')
  .summary('verify the proof of an event, or the whole audit log')
  .description(
    'Verifies a proof file offline, or with --log the whole log. packages/verify/README.md says what is verified, and what ' +
      'that does not prove. Exits with 1 when anything is wrong, and with 2 when it cannot be read.',
  )
  .option(
    '--document <file>',
    'the PDF or XML file of an invoice or credit note that the event must name by its hash',
  )
  .option('--log <url or folder>', 'verify the whole log at this place')
  .option(
    '--stage <name>',
    'local, or a stage in AWS: take the key from its KMS, and verify its whole log if no file is given',
    stage,
  )
  .option(...inRegion)
  .option('--key <vkey>', 'a key of the log, as `fanfold audit key` prints it; may be repeated', several)
  .option('--witness <vkey>', 'the key of a witness that must have signed too; may be repeated', several)
  .option(
    '--policy <file>',
    'instead of keys: the logs, the witnesses and the quorum that must have signed (https://c2sp.org/tlog-policy)',
  )
  .option(
    '--max-age <seconds>',
    'of the whole log: exit with 1 if a witness has not signed for longer, or with a policy the newest signature is older; if not given, only warn after 300 seconds',
  )
  .option(
    '--remember <file>',
    'the file for the verified checkpoint, which the log must continue the next time',
  )
  .option('--json', 'print the result as JSON')
  .action(async (file, options) => {
    const { log, policy, remember, document } = options;
    exitCode = await (await import('./fanfold/commands/verify.ts')).verify(file && fromHere(file), {
      ...options,
      ...(log && { log: /^https?:/.test(log) ? log : fromHere(log) }),
      ...(policy && { policy: fromHere(policy) }),
      ...(remember && { remember: fromHere(remember) }),
      ...(document && { document: fromHere(document) }),
    });
  });

program
  .command('monitor')
  .argument('<url...>', 'a log that is served below this URL, or lies in this folder')
  .summary('verify what is new in audit logs, ours or others')
  .description(
    'Verifies that each log continues what it was at the last run, every new entry and tile, and who has signed. Several URLs of one ' +
      'log must show one history. Exits with 0 when all are sound, 1 when one is not, 2 when one could not be read.',
  )
  .option(
    '--policy <file>',
    'the logs, the witnesses and the quorum that must have signed (https://c2sp.org/tlog-policy)',
  )
  .option('--key <vkey>', 'or a key of a log, as `fanfold audit key` prints it; may be repeated', several)
  .option('--witness <vkey>', 'and the key of a witness that must have signed; may be repeated', several)
  .option(
    '--max-age <seconds>',
    'how old the newest signature of a witness may be (without --policy that of each)',
  )
  .option(
    '--state <folder>',
    'where the checkpoints of earlier runs are; .fanfold/verified if not given, as for `verify --log`',
  )
  .option('--timeout <seconds>', 'give up what is not read after so long; 3600 if not given')
  .option('--json', 'print the result as JSON')
  .action(async (urls: string[], options) => {
    const { policy, state } = options;
    exitCode = await (await import('@fanfold/verify/monitor')).monitor(
      urls.map((url) => (/^https?:/.test(url) ? url : fromHere(url))),
      { ...options, ...(policy && { policy: fromHere(policy) }), ...(state && { state: fromHere(state) }) },
    );
  });

program
  .command('describe')
  .summary('write the descriptions of APIs and events, or compare them with those of a commit')
  .description(
    'Writes services/<name>/openapi.json and asyncapi.json, and docs/events.md, from the code: schemas, routes, subscriptions ' +
      'and what description.ts of each service says. It changes nothing when the code has not changed. ' +
      'With --against it writes nothing, prints what changed since a commit for those who call and subscribe, and exits with 1 ' +
      'when anything breaks that no new version declares.',
  )
  .addOption(
    new Option('--examples', 'record the examples anew before, from the running stack').conflicts('against'),
  )
  .option('--against <ref>', 'compare with this commit, branch or tag')
  .option('--json', 'print the result as JSON')
  .action(async ({ against, ...options }) => {
    const { describe, describeAgainst } = await import('./fanfold/commands/describe.ts');
    if (against === undefined) await describe(options);
    else exitWith(await describeAgainst(against, options));
  });

const making = program
  .command('new')
  .summary('make a service that runs, an event or an endpoint')
  .description('Writes what CONTRIBUTING.md says by hand of its recipes. It never overwrites a file.');

making
  .command('service')
  .argument('<name>', 'the name of the service and its folder')
  .summary('make a service that runs, with its tests')
  .description(
    'Makes a service that keeps an entry for each event that it subscribes to: its template, consumer, store, tests and README in ' +
      'services/<name>, and its places in serverless-compose.yml and the lockfile. No other file changes. A running `pnpm dev` starts it.',
  )
  .requiredOption('--subscribes-to <types>', 'the types of events that it handles, separated by commas', list)
  .option('--publishes <types>', 'new types of events that it publishes, separated by commas', list)
  .option('--api', 'with an HTTP API that shows what it has')
  .option('--json', 'print the result as JSON')
  .action(async (name, options) => (await import('./fanfold/commands/new.ts')).service(name, options));

making
  .command('event')
  .argument('<type>', 'a noun, a verb in the past and a version, such as points.earned.v1')
  .requiredOption('--service <name>', 'the service that publishes it')
  .summary('declare an event that a service publishes')
  .description(
    'Writes services/<name>/events/<type>.ts, which declares the event, and a real message beside it.',
  )
  .option('--json', 'print the result as JSON')
  .action(async (type, options) => (await import('./fanfold/commands/new.ts')).event(type, options));

making
  .command('endpoint')
  .argument('<operation>', 'its function: a verb and a noun, such as getBalance')
  .requiredOption('--service <name>', 'the service whose API has it')
  .requiredOption('--route <route>', "its method and path, such as 'GET /loyalty/{paymentId}/balance'")
  .requiredOption('--scope <scope>', 'the scope that an access token must have, such as loyalty:read')
  .summary('add a route to the API of a service')
  .description(
    'Writes its handler and its test, and adds its function to serverless.yml and what it answers to description.ts, examples.json and ' +
      'openapi.json. Its role may do nothing yet. A running `pnpm dev` starts it.',
  )
  .option('--json', 'print the result as JSON')
  .action(async (operation, options) =>
    (await import('./fanfold/commands/new.ts')).endpoint(operation, options),
  );

program
  .command('gameday')
  .argument('[failure]', 'one failure, as --list names it; all, one after another, if not given')
  .summary('make failures on the stack of this machine, and follow their runbooks')
  .description(
    'Makes each failure on the stack that `pnpm dev` runs, waits until its alarm would ring by the definition that is deployed and by what ' +
      'the stack measures, follows the commands of the runbook, and waits until the stack is whole again. ' +
      'Exits with 1 when something of that did not happen. See docs/operations.md, "Game day".',
  )
  .option('--list', 'only list the failures, with their alarms and runbooks')
  .option('--json', 'print the result as JSON')
  .action(async (failure, options) =>
    exitWith(!(await (await import('./fanfold/commands/gameday.ts')).gameday(failure, options))),
  );

program
  .command('faults')
  .summary('make every call fail in turn, and check that nothing is lost or done twice')
  .description(
    'Runs the services on its own emulators, makes each call, delivery and request fail in turn, lets everything recover, ' +
      'and checks the promises of docs/reliability.md. Then removes each guard from the code, and checks that this is noticed. ' +
      'Without options it makes each kind of fault once at each boundary: some minutes.',
  )
  .option(
    '--full',
    'every single fault, and every pair in the short stories: an hour; run again, it continues where it stopped',
  )
  .addOption(
    new Option('--quick', 'each group of faults once in each part of the flow, drawn with --seed').conflicts([
      'full',
      'cell',
      'minutes',
    ]),
  )
  .option('--no-mutants', 'do not remove guards')
  .addOption(
    new Option('--minutes <n>', 'soak: random stories and faults, for this many minutes')
      .argParser(upTo(1440))
      .conflicts(['full', 'cell']),
  )
  .option('--seed <n>', 'the seed of the random choices of --quick or a soak', upTo(2 ** 31))
  .addOption(new Option('--cell <id>', 'one run, as a report names it').conflicts('full'))
  .option('--workers <n>', 'processes that run in parallel', upTo(64))
  .option('--report <file>', 'write the results into this document, such as docs/reliability.md')
  .option('--json', 'print the results as JSON')
  .action(async (options) => (await import('./fanfold/commands/faults.ts')).faults(options));

printErrorsLast(program);
if (import.meta.main) process.exitCode = await run(process.argv.slice(2));

/** Runs a command. @returns its exit code */
export async function run(commandArguments: string[]): Promise<number> {
  exitCode = 0;
  try {
    await program.parseAsync(commandArguments, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    notify(...(error instanceof CommandError ? error.lines : [(error as Error).message]));
    return error instanceof UsageError ? 2 : 1;
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
  if (foundSomethingWrong) exitCode = 1;
}

function inStage(command: Command): Command {
  return inStageWithoutJson(command).option('--json', 'print the result as JSON');
}

function inStageWithoutJson(command: Command): Command {
  return command.option('--stage <name>', 'local, or a stage in AWS', stage, 'local').option(...inRegion);
}

function switching(command: Command): Command {
  return command
    .option('--service <name>', 'only of this service; may be repeated', several)
    .option('--reason <text>', 'why, for the audit trail', sentence);
}

function filtered(command: Command, verb: string): Command {
  return command
    .argument(
      '[id...]',
      `the dead letters to ${verb}: ids from \`dlq list\` or the log of their consumer`,
      identifiers,
    )
    .option('--queue <name>', 'only those of this service, queue or bucket', queueName)
    .option('--cause <cause>', 'only those with this cause', sentence)
    .option('--type <type>', 'only events of this type', eventType)
    .option('--merchant <id>', 'only events of this merchant', merchant)
    .option('--all', 'all of them');
}

function acting(command: Command): Command {
  return command
    .option('--rate <per second>', 'how many a second at most', perSecond, 100)
    .option('--dry-run', 'only show what would be done');
}
