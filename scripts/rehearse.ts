/**
 * `pnpm rehearse`: deploys every service to an AWS endpoint on this machine, pays through what was deployed, changes and
 * removes it, and holds what was created to the templates. Exits with 1 when anything is not as it should be.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { styleText } from 'node:util';
import { CreateRoleCommand, DeleteRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { namesOfStack } from '@fanfold/local-cloud/packagedTemplates';
import { Command } from 'commander';
import { roleName } from '../packages/topology/names.js';
import { type Checkout, copyCheckout, pnpmCommand } from './checkout.ts';
import { type Ended, run, stopAll } from './processes.ts';
import { type Endpoint, startEndpoint } from './rehearse/endpoint.ts';
import { apisOf, pay, proofOf, recorded, refund } from './rehearse/flow.ts';
import { account, becomeOperator, createUser, type Identity, root } from './rehearse/identities.ts';
import { startIssuer } from './rehearse/issuer.ts';
import { lint } from './rehearse/linters.ts';
import { eventually, json } from './rehearse/merchant.ts';
import { copyBucket, fanfoldOf, handleDeadLetter, openConsole } from './rehearse/operator.ts';
import { typeIn } from './rehearse/page.ts';
import {
  longestPolicy,
  missingIn,
  neededBy,
  ofOtherStages,
  type Policy,
  policyFor,
  type Reference,
} from './rehearse/policy.ts';
import { progressOf } from './rehearse/progress.ts';
import { type Place, putBackAudit, putBackPaymentsAndBilling } from './rehearse/putBacks.ts';
import { pythonEnvironment } from './rehearse/python.ts';
import { readBack } from './rehearse/readBack.ts';
import { findStack, rootSettings, type Stack, stackName, stackOf } from './rehearse/stage.ts';
import { keptOf, requireOrder, stateOf } from './rehearse/state.ts';
import { updateBilling } from './rehearse/update.ts';

const { writePolicy } = new Command('pnpm rehearse')
  .description('Rehearses deploying, paying, updating and removing on an AWS endpoint on this machine.')
  .option('--write-policy', 'write docs/deploy-policy.json again, from the calls of the deployments')
  .parse()
  .opts<{ writePolicy?: true }>();

const repository = join(import.meta.dirname, '..');
/** Not under version control. Kept are only the Python packages, and what the last endpoint told and saw. */
const folder = join(repository, '.rehearsal');
const python = join(import.meta.dirname, 'rehearse/python');
const policyFile = join(repository, 'docs/deploy-policy.json');

/** In the order in which they are deployed. */
const services = await namesOfStack();
const region = 'eu-west-1';
const stage = 'production';
/** As long as the name of a stage may be. */
const secondStage = 'preview-of-a-long-branch-name-32';
const secondRegion = 'eu-central-1';
/** What is deployed there, one after the other: among it all that has names of its own. */
const servicesElsewhere = ['bus', 'audit', 'payments'];
const merchantId = 'acme';

const progress = progressOf(15, (line) => console.log(line));

async function rehearse(): Promise<void> {
  const environments = join(folder, 'python');
  const linters = pythonEnvironment(environments, join(python, 'linters.txt'));
  linters.catch(() => {}); // Reported where it is awaited.
  const [endpoint, issuer, checkout] = await progress.step(
    'an AWS endpoint, a token issuer, a copy of the checkout',
    () =>
      Promise.all([
        pythonEnvironment(environments, join(python, 'endpoint.txt')).then((programs) =>
          startEndpoint(programs, outside, folder),
        ),
        startIssuer(join(here, 'issuer-key.json')),
        copyCheckout(repository, join(here, 'checkout')),
      ]),
  );
  const policy = writePolicy ? everything : JSON.parse(await readFile(policyFile, 'utf8'));
  const deployer = await createUser(endpoint, region, 'deployer', JSON.stringify(policy));
  const environmentOf = (identity: Identity, inRegion = region): Record<string, string> => ({
    ...inheritedEnvironment(),
    ...identity.environment,
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: inRegion,
    AWS_EC2_METADATA_DISABLED: 'true',
    FANFOLD_TOKEN_ISSUER: issuer.url,
    FANFOLD_LOG_ORIGIN: 'log.example/production/audit',
    // The framework looks every five seconds how far CloudFormation is.
    SLS_AWS_MONITORING_FREQUENCY: '300',
  });
  const deploying = environmentOf(deployer);
  const deploy = (to: string, below?: string, inRegion = region) =>
    checkout.pnpm(['run', 'deploy', '--stage', to], environmentOf(deployer, inRegion), below);

  await progress.step('a first deployment, which fails in the middle', async () => {
    const RoleName = roleName({ service: 'billing', stage, functionKey: 'consumer', region });
    const iam = new IAMClient(rootSettings(endpoint, region));
    await iam.send(
      new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(lambdaTrust) }),
    );
    const { code, output } = await deploy(stage);
    if (code === 0) throw new Error('It succeeded, although a role of its name was there.');
    if (!output.includes(RoleName)) throw new Error(`It does not name ${RoleName}:\n${output}`);
    progress.found(`it names what is in its way, ${RoleName}`);
    await iam.send(new DeleteRoleCommand({ RoleName }));
  });

  await progress.step('the same, repaired', async () => {
    succeed(await deploy(stage));
    progress.found('the second try of a first deployment succeeds');
    await compareAll(endpoint, checkout, stage);
  });

  let apis = await apisOf(endpoint, issuer, { stage, region, merchantId });
  const { payment, creditNote } = await progress.step(
    'a payment and a refund through what is deployed',
    async () => {
      const { payment, invoice } = await pay(apis);
      progress.found(`${payment.id} is captured; ${invoice.number} is issued, on the payment, and recorded`);
      const creditNote = await refund(apis, payment.id);
      progress.found(`a part is given back; ${creditNote.number} is issued, on the refund, and recorded`);
      return { payment, creditNote };
    },
  );

  await progress.step('each service alone, without a change', async () => {
    const before = await stateOf(endpoint, region, stage, services);
    for (const service of services) succeed(await deploy(stage, `services/${service}`));
    const after = await stateOf(endpoint, region, stage, services);
    if (before !== after) throw new Error(`Something changed:\n${before}\n${after}`);
    progress.found('nothing changes when nothing has changed');
  });

  const operator = await becomeOperator(endpoint, region, stage);
  const operating = environmentOf(operator);
  const fanfold = fanfoldOf(checkout.folder, operating);
  const inStage = ['--stage', stage];
  const [logStack, billingStack] = await Promise.all(
    ['audit', 'billing'].map((service) => stackOf(endpoint, region, stackName(service, stage))),
  );
  const bucket = physical(logStack, 'LogBucket');
  const verifyLog = async () => {
    const copy = join(here, 'log');
    await copyBucket(endpoint, region, bucket, copy);
    // As the API shows it, with the witness's signature.
    await writeFile(join(copy, 'checkpoint'), (await apis.audit.get('/checkpoint')).text);
    const key = (await fanfold(['audit', 'key', ...inStage])).trim();
    const witness = (await fanfold(['audit', 'key', '--witness', ...inStage])).trim();
    return fanfold([
      'verify',
      '--log',
      copy,
      '--key',
      key,
      '--witness',
      witness,
      '--remember',
      join(here, 'seen'),
    ]);
  };
  await progress.step("operators' commands, with the role of docs/operations.md", async () => {
    const traced = await fanfold(['trace', payment.id, '--merchant', merchantId, ...inStage]);
    if (!traced.includes('invoice.issued.v1')) throw new Error(`The trace has no invoice:\n${traced}`);
    progress.found('trace shows the payment with its invoice');
    const page = await openConsole(checkout.folder, operating, stage);
    const { queues, services: seen } = await page.picture();
    const subscribers = queues.filter(({ types }) => types !== null).map(({ service }) => service);
    for (const service of services.filter((each) => each !== 'bus')) {
      if (seen.some(({ name }) => name === service) && subscribers.includes(service)) continue;
      throw new Error(`The console does not show ${service} with its queue.`);
    }
    const shown = await page.call('payment', { id: payment.id, merchant: merchantId });
    if (shown.payment.status !== 'captured' || shown.creditNotes[0]?.number !== creditNote.number) {
      throw new Error(`The console shows another payment:\n${JSON.stringify(shown)}`);
    }
    await handleDeadLetter(fanfold, endpoint, {
      stage,
      region,
      queueUrl: billingStack?.outputs.EventsQueueUrl ?? '',
      page,
    });
    await page.close();
    progress.found(
      'the console shows the services with their queues, the payment with its documents, and dead letters',
    );
    progress.found('dlq lists, shows, redrives and discards a message that is no event');
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const to = new Date(Date.now() - 1_000).toISOString();
    await fanfold(['replay', '--from', from, '--to', to, '--to-queue', 'billing', ...inStage]);
    await eventually('an empty queue', async () => {
      const text = await fanfold(['dlq', 'list', ...inStage]);
      return text ? true : undefined;
    });
    const { data } = json<{ data: unknown[] }>(await apis.billing.get('/credit-notes'));
    if (data.length !== 1) throw new Error(`Replayed events made ${data.length} credit notes of one.`);
    progress.found(`replay sends all again to billing, and ${creditNote.number} stays the only one`);
    const event = await recorded(apis.audit, 'payment.captured.v1', payment.id);
    const proof = join(here, 'payment.tlog-proof');
    await writeFile(proof, await proofOf(apis.audit, event));
    await fanfold(['verify', proof, '--key', (await fanfold(['audit', 'key', ...inStage])).trim()]);
    progress.found(
      'the schedules sign and witness a checkpoint; verify takes the proof with the key of audit key',
    );
    await verifyLog();
    progress.found('verify takes the whole log');
  });
  const sizeBefore = Number((await apis.audit.get('/checkpoint')).text.split('\n')[1]);

  await progress.step(`a second stage beside it, ${secondStage}`, async () => {
    const before = await stateOf(endpoint, region, stage, services);
    succeed(await deploy(secondStage));
    await compareAll(endpoint, checkout, secondStage);
    if (before !== (await stateOf(endpoint, region, stage, services)))
      throw new Error('The first stage changed.');
    const beside = await apisOf(endpoint, issuer, { stage: secondStage, region, merchantId });
    const { invoice } = await pay(beside);
    if (!invoice.number.endsWith('-000001')) throw new Error(`${invoice.number} is not its first invoice.`);
    progress.found('a payment there has the first invoice of that stage');
  });

  await progress.step('tables put back in both stages at once, by docs/restore.md', async () => {
    const placeOf = (ofStage: string, identity: Identity): Place => ({
      stage: ofStage,
      repository,
      apis: () => apisOf(endpoint, issuer, { stage: ofStage, region, merchantId }),
      type: (script, service) =>
        typeIn(script, {
          checkout: checkout.folder,
          folder: join(here, `commands-${service}`),
          commands: {
            aws: {
              program: [process.execPath, join(repository, 'scripts/rehearse/awsCommand.ts')],
              environment: environmentOf(root),
            },
            pnpm: { program: pnpmCommand(), environment: deploying },
            fanfold: {
              program: [process.execPath, join(checkout.folder, 'scripts/fanfold.ts')],
              environment: environmentOf(identity),
            },
          },
        }),
      found: progress.found,
    });
    const besides = await becomeOperator(endpoint, region, secondStage);
    await Promise.all([
      putBackPaymentsAndBilling(placeOf(stage, operator)),
      putBackAudit(placeOf(secondStage, besides)),
    ]);
    apis = await apisOf(endpoint, issuer, { stage, region, merchantId });
    await compareAll(endpoint, checkout, stage, ['payments', 'billing']);
    await compareAll(endpoint, checkout, secondStage, ['audit']);
    await fanfold(['dlq', 'list', ...inStage]);
    await verifyLog();
  });

  await progress.step('an update of billing: memory, an event type more, a function more', async () => {
    await updateBilling(checkout);
    const before = await stackOf(endpoint, region, stackName('billing', stage));
    succeed(await deploy(stage, 'services/billing'));
    await compareAll(endpoint, checkout, stage, ['billing']);
    const after = await stackOf(endpoint, region, stackName('billing', stage));
    const replaced = Object.keys(before.resources).filter(
      (id) => physical(before, id) !== physical(after, id),
    );
    if (replaced.length > 0) throw new Error(`Replaced by the update: ${replaced.join(', ')}.`);
    await requireOrder(endpoint, region, after.name, 'ConsumerLambdaFunction', 'EventsSubscription');
    progress.found(
      'nothing is replaced, and the filter lets the new type through after the consumer knows it',
    );
    const lambda = new LambdaClient(rootSettings(endpoint, region));
    const { Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: `${after.name}-rehearsed`, Payload: '{}' }),
    );
    if (Payload?.transformToString() !== '"rehearsed"') throw new Error('The new function does not answer.');
    const authorized = json<{ id: string }>(
      await apis.payments.post('/payments', { ...manualPayment, orderId: 'order-1002' }),
      201,
    );
    json(await apis.payments.post(`/payments/${authorized.id}/cancel`, {}));
    await recorded(apis.audit, 'payment.canceled.v1', authorized.id);
    await fanfold(['dlq', 'list', ...inStage]);
    progress.found('the new function runs, and an event of the new type is no dead letter');
  });

  await progress.step(`the same stage in a second region, ${secondRegion}`, async () => {
    for (const service of servicesElsewhere) {
      succeed(await deploy(stage, `services/${service}`, secondRegion));
    }
    await compareAll(endpoint, checkout, stage, servicesElsewhere, secondRegion);
  });

  const stateElsewhere = () => stateOf(endpoint, secondRegion, stage, servicesElsewhere);
  const elsewhere = await stateElsewhere();

  const owner = fanfoldOf(checkout.folder, environmentOf(root));
  const keyBefore = (await fanfold(['audit', 'key', ...inStage])).trim();
  await progress.step('remove, and what is kept', async () => {
    const output = succeed(await checkout.pnpm(['run', 'remove', '--stage', stage], deploying));
    for (const service of services) {
      const stack = await findStack(endpoint, region, stackName(service, stage));
      if (stack && stack.status !== 'DELETE_COMPLETE') throw new Error(`${stack.name} is ${stack.status}.`);
    }
    const kept = await keptOf(endpoint, region, stage);
    const notListed = kept.filter((name) => !output.includes(name));
    if (notListed.length > 0) throw new Error(`Kept, and not told: ${notListed.join(', ')}\n${output}`);
    const listed = await owner(['stage', 'list', ...inStage]);
    const unlisted = kept.filter((name) => !listed.includes(name));
    if (unlisted.length > 0) throw new Error(`Kept, and not listed: ${unlisted.join(', ')}\n${listed}`);
    progress.found(
      `the stacks are gone; remove and \`fanfold stage list\` tell all ${kept.length} that are kept`,
    );
  });

  await progress.step('deploy again, with what was kept', async () => {
    succeed(await deploy(stage));
    await compareAll(endpoint, checkout, stage);
    const again = await apisOf(endpoint, issuer, { stage, region, merchantId });
    json(await again.payments.get(`/payments/${payment.id}`));
    progress.found(`${payment.id} is there`);
    const { invoice } = await pay(again);
    if (!invoice.number.endsWith('-000005')) throw new Error(`${invoice.number} does not go on.`);
    const keyAfter = (await fanfold(['audit', 'key', ...inStage])).trim();
    if (keyAfter !== keyBefore) throw new Error(`The log has another key: ${keyAfter}, not ${keyBefore}.`);
    await eventually(
      'a checkpoint that covers the new events',
      async () => {
        const answer = await again.audit.get('/checkpoint');
        return Number(answer.text.split('\n')[1]) > sizeBefore ? true : undefined;
      },
      150_000,
    );
    progress.found(`numbers go on with ${invoice.number}, the log goes on under its old key`);
  });

  await progress.step('remove for good', async () => {
    succeed(await checkout.pnpm(['run', 'remove', '--stage', stage], deploying));
    await owner(['stage', 'delete', '--confirm', `${stage}@${region}`, ...inStage]);
    const kept = await keptOf(endpoint, region, stage);
    if (kept.length > 0) throw new Error(`Still there: ${kept.join(', ')}.`);
    progress.found('nothing is left of it');
    if (elsewhere !== (await stateElsewhere())) throw new Error(`The stage in ${secondRegion} changed.`);
    progress.found('the same stage in the other region is as it was');
  });

  await progress.step('permissions of whoever deploys', async () => {
    const types = [
      ...new Set((await endpoint.calls()).flatMap((call) => ('type' in call ? [call.type] : []))),
    ];
    const program = join(python, 'handlerPermissions.py');
    const { handlers, withoutResource } = JSON.parse(
      succeed(await run(join(await linters, 'python'), [program, ...types])),
    ) as Reference;
    const needed = [...neededBy(await endpoint.calls(), handlers, deployer.arn), ...ofOtherStages];
    const least = policyFor(needed, withoutResource);
    if (writePolicy) await writeFile(policyFile, `${JSON.stringify(least, null, 2)}\n`);
    const allowed = JSON.parse(await readFile(policyFile, 'utf8')) as Policy;
    const missing = missingIn(allowed, needed);
    if (missing.length > 0) {
      throw new Error(
        `docs/deploy-policy.json does not allow what deploying calls; write it with pnpm rehearse --write-policy:\n` +
          missing.map(({ action, resource = '' }) => `  ${action} ${resource}`).join('\n'),
      );
    }
    const size = JSON.stringify(allowed).replace(/\s/g, '').length;
    if (size > longestPolicy)
      throw new Error(`docs/deploy-policy.json has ${size} characters, over ${longestPolicy}.`);
    progress.found(
      `docs/deploy-policy.json allows all ${needed.length} that were needed, in ${size} characters`,
    );
  });

  await progress.step('cfn-lint and checkov', async () => {
    const template = '.serverless/cloudformation-template-update-stack.json';
    const templates = Object.fromEntries(
      services.map((service) => [service, join(checkout.folder, 'services', service, template)]),
    );
    const findings = await lint(await linters, repository, templates, join(outside, 'templates'));
    if (findings.length > 0) throw new Error(findings.join('\n'));
    progress.found('nothing is found in the templates that is not explained');
  });
  for (const line of neverChecked) progress.notChecked(line);
  await issuer.stop();
  await endpoint.stop();
}

/** What no endpoint on this machine tells. */
const neverChecked = [
  'quotas of an account, charges, and how long permissions take to be known',
  "how a mapping retries and bisects a stream's batch, and whether its role may read the stream or queue",
  'the time of a deployment in AWS',
];

/** Holds all that was created to the templates. */
async function compareAll(
  endpoint: Endpoint,
  checkout: Checkout,
  ofStage: string,
  some = services,
  inRegion = region,
): Promise<void> {
  const read = await Promise.all(
    some.map((service) =>
      readBack(endpoint, {
        ...{ region: inRegion, account, service, stage: ofStage },
        folder: join(checkout.folder, 'services', service),
      }),
    ),
  );
  const problems = read.flatMap((each) => each.problems);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const count = read.flatMap(({ counts }) => Object.values(counts)).reduce((sum, each) => sum + each, 0);
  for (const property of read.flatMap((each) => each.notKept)) {
    progress.notChecked(`${property}: MiniStack does not keep it; it is in the template that was sent`);
  }
  progress.found(`${count} resources of ${some.join(', ')} are as their templates say`);
}

const physical = (stack: Stack | undefined, logicalId: string): string =>
  stack?.resources[logicalId]?.PhysicalResourceId ?? '';

const manualPayment = {
  amount: 5_000,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  captureMethod: 'manual',
  customer: { name: 'Ada Example', address: { country: 'BE' } },
};

const lambdaTrust = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

/** Until it is known what deploying calls. */
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

/** Of this process, without what would lead elsewhere than to the endpoint. */
function inheritedEnvironment(): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(AWS_|FANFOLD_|npm_)/.test(name));
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  };
}

/** @throws with what it said, when it failed */
function succeed({ code, output }: Ended): string {
  if (code !== 0) throw new Error(`It ended with ${code}:\n${output}`);
  return output;
}

const here = join(folder, String(process.pid));
/** Outside the repository: its packages would be found by functions that do not bring them along. */
const outside = await mkdtemp(join(tmpdir(), 'fanfold-rehearsal-'));
let exitCode = 0;
try {
  await mkdir(here, { recursive: true });
  await Promise.race([rehearse(), interrupted()]);
  console.log(progress.summary().join('\n'));
} catch (error) {
  console.error(`${styleText('red', 'Error:')} ${(error as Error).message}`);
  exitCode = 1;
} finally {
  progress.end();
  await stopAll();
  for (const temporary of [here, outside]) await rm(temporary, { recursive: true, force: true });
}
process.exit(exitCode);

async function interrupted(): Promise<never> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  throw new Error('Interrupted.');
}
