import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { aloneIn, serviceNames } from '@fanfold/local-cloud/packagedTemplates';
import { describe, expect, onTestFinished, test } from 'vitest';

const repository = join(import.meta.dirname, '..');
const services = (await serviceNames()).sort();

/**
 * An AWS that says who is calling, and refuses everything else.
 *
 * @param there the stacks and queues that it has: it then also says of what it is asked for whether that is there
 */
async function refusingAws(there?: {
  stacks: string[];
  queues: string[];
}): Promise<{ environment: Record<string, string>; asked: string[]; regions: Set<string> }> {
  const asked: string[] = [];
  const regions = new Set<string>();
  const server = createServer(async (request, response) => {
    const call = await text(request);
    const region = request.headers.authorization?.split('/')[2];
    if (region) regions.add(region);
    const [status, body] =
      (call.includes('Action=GetCallerIdentity') && ([200, identity] as const)) ||
      (there && answerOf(request, call, there)) ||
      ([403, refusal] as const);
    if (status === 403) asked.push(call);
    response.writeHead(status, { 'Content-Type': 'text/xml' }).end(body);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const environment = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    FANFOLD_TOKEN_ISSUER: `http://127.0.0.1:${port}`,
    FANFOLD_LOG_ORIGIN: 'example.com/production/audit',
  };
  return { environment, asked, regions };
}

/** Of a stack, a table, queue, bucket or key: whether it is there. */
function answerOf(
  { method, headers }: IncomingMessage,
  call: string,
  { stacks, queues }: { stacks: string[]; queues: string[] },
): readonly [number, string] | undefined {
  const stack = /Action=DescribeStack.*StackName=([\w-]+)/.exec(call)?.[1] ?? '';
  if (stack !== '' && !stacks.includes(stack)) return [400, missingStack(stack)];
  if (call.includes('Action=DescribeStacks&')) return [200, describedStack(stack)];
  if (method === 'HEAD') return [404, ''];
  const [service, action] = String(headers['x-amz-target'] ?? '').split('.');
  if (action === 'GetQueueUrl') {
    const { QueueName } = JSON.parse(call);
    return queues.includes(QueueName)
      ? [200, JSON.stringify({ QueueUrl: `https://queues.example/${QueueName}` })]
      : [400, '{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}'];
  }
  if (action === 'DescribeKey') return [400, '{"__type":"NotFoundException"}'];
  return service ? [400, '{"__type":"ResourceNotFoundException"}'] : undefined;
}

const missingStack = (name: string) =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message></Error></ErrorResponse>`;
const describedStack = (name: string) =>
  `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>${name}</StackName>` +
  '<CreationTime>2026-11-30T12:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus></member></Stacks>' +
  '</DescribeStacksResult></DescribeStacksResponse>';

const identity =
  '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/test</Arn>' +
  '<UserId>test</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
const refusal =
  '<ErrorResponse><Error><Code>AccessDenied</Code><Message>refused by the test</Message></Error></ErrorResponse>';

/**
 * Runs a program of the repository as a user does who has nothing set up for AWS, and for whom the framework has compiled
 * before how it checks a configuration.
 */
const run = (file: string, folder: string, options: string[], environment: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, [join(repository, file), ...options], {
    cwd: join(repository, folder),
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      SLS_SCHEMA_CACHE_BASE_DIR: process.env.SLS_SCHEMA_CACHE_BASE_DIR,
      HOME: '/nonexistent',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...environment,
    },
  });

const serverless = (service: string, options: string[], environment?: Record<string, string>) =>
  aloneIn(join(repository, 'services', service), () =>
    run('node_modules/serverless/bin/serverless.js', `services/${service}`, options, environment),
  );

// One service stands for all: tests/templates/stages.test.ts looks whether each has the plugin and its settings.
describe('serverless deploy', () => {
  test('goes to AWS with the stage that the command names', async () => {
    const { environment, asked, regions } = await refusingAws();
    const deploy = serverless('bus', ['deploy', '--stage', 'production'], environment);
    await expect(deploy).rejects.toMatchObject({ stdout: expect.stringContaining('refused by the test') });
    expect(asked.join('\n')).toContain('StackName=fanfold-bus-production');
    expect(regions).toEqual(new Set(['eu-west-1']));
  });

  test('is refused for the stage of the laptop', async () => {
    const { environment, asked } = await refusingAws();
    await expect(serverless('bus', ['deploy'], environment)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('The stage local runs on a laptop only'),
    });
    expect(asked).toEqual([]);
  });

  test('of a service alone says all that it lacks, without a stack, before AWS is asked', async () => {
    const deploy = serverless('bus', ['deploy', '--stage', 'production']);
    const { stdout } = await deploy.catch((error: { stdout: string }) => error);
    expect(stdout).toContain(
      '\nThere is no token issuer for this stage. Give --param tokenIssuer=https://…, set',
    );
    expect(stdout).toContain(
      '\nThe audit log has no name. The name is in all its checkpoints, for ever. Give',
    );
    expect(stdout).not.toContain('    at ');
  });
});

describe('pnpm run deploy', () => {
  test('says once what is missing, and then does nothing', async () => {
    const deploy = run('scripts/deploy.ts', '.', ['--stage', 'production']);
    const { stdout } = await deploy.catch((error: { stdout: string }) => error);
    expect(stdout.match(/There is no token issuer/g)).toHaveLength(1);
    expect(stdout).not.toContain('Deploying');
  });

  test('says in a sentence which stage cannot be', async () => {
    const deploy = run('scripts/deploy.ts', '.', ['--stage', 'Prod_1']);
    await expect(deploy).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        "error: option '--stage <stage>' argument 'Prod_1' is invalid. It has 1 to 32 lower-case letters, digits and hyphens.\n",
    });
  });

  test('says once that there are no credentials', async () => {
    const {
      AWS_ACCESS_KEY_ID: _id,
      AWS_SECRET_ACCESS_KEY: _key,
      ...environment
    } = (await refusingAws()).environment;
    const deploy = run('scripts/deploy.ts', '.', ['--stage', 'production'], environment);
    await expect(deploy).rejects.toMatchObject({
      stdout: expect.stringContaining('There are no AWS credentials: set AWS_PROFILE'),
    });
  });

  test('finds the framework wherever it is started, tells what can never be taken back, and hands its options on', async () => {
    const { environment, asked } = await refusingAws();
    const options = ['--stage', 'production', '--region', 'eu-central-1', '--param', 'logRetentionDays=30'];
    const deploy = run('scripts/deploy.ts', '.', options, { ...environment, PATH: '/usr/bin:/bin' });
    const { stdout, stderr } = await deploy.catch((error: { stdout: string; stderr: string }) => error);
    expect(stderr).toContain(
      'Deploying the stage production to eu-central-1, account 123456789012, as arn:aws:iam::',
    );
    expect(stderr).toContain('The audit log is named example.com/production/audit, for ever.');
    expect(stderr).toContain('Each file that it writes is locked for 30 days');
    expect(`${stdout}${stderr}`).toContain('refused by the test');
    // The others wait for the bus.
    expect(new Set(asked.join('\n').match(/StackName=[\w-]+/g))).toEqual(
      new Set(['StackName=fanfold-bus-production']),
    );
  });
});

// To see what a stage keeps its services are packaged, once for all tests, and for those of a simulated day.
describe('pnpm run remove', { timeout: 120_000 }, () => {
  const stackOf = (service: string) => `fanfold-${service}-production`;
  const remove = (environment: Record<string, string>, ...options: string[]) =>
    run('scripts/remove.ts', '.', ['--stage', 'production', ...options], environment);

  /** What a region that is given goes before. */
  const elsewhere = { AWS_REGION: 'us-east-1' };

  /** What a removal has: neither issuer nor name of the log, and a PATH of its own. */
  async function stageWith(services: string[], queues: string[] = []) {
    const aws = await refusingAws({ stacks: services.map(stackOf), queues });
    const { FANFOLD_TOKEN_ISSUER: _issuer, FANFOLD_LOG_ORIGIN: _origin, ...rest } = aws.environment;
    return { ...aws, environment: { ...rest, PATH: '/usr/bin:/bin' } };
  }

  test('asks for neither issuer nor name of the log, and begins with who publishes', async () => {
    const { environment, asked, regions } = await stageWith(services);
    await expect(remove(environment)).rejects.toMatchObject({ code: 1 });
    expect(new Set(asked.join('\n').match(/StackName=[\w-]+/g))).toEqual(
      new Set(['StackName=fanfold-billing-production', 'StackName=fanfold-payments-production']),
    );
    expect(regions).toEqual(new Set(['eu-west-1']));
  });

  test('goes on where an earlier one stopped: a stack that is not there counts as removed', async () => {
    const { environment, asked } = await stageWith(['audit', 'bus']);
    const { stdout, stderr } = await remove(environment).catch((error) => error);
    expect(`${stdout}${stderr}`).toContain(
      'There is no stack fanfold-payments-production: nothing to remove.',
    );
    expect(new Set(asked.join('\n').match(/StackName=[\w-]+/g))).toEqual(
      new Set(['StackName=fanfold-audit-production']),
    );
  });

  test('of a stage of which nothing is there says so', async () => {
    const { environment } = await stageWith([]);
    const { stdout, stderr } = await remove({ ...environment, ...elsewhere }, '--region', 'eu-west-1');
    expect(stdout).toContain('There is nothing to remove: production has no stack in eu-west-1.');
    expect(stdout).toContain('Nothing is left.');
    expect(stdout).not.toContain('stage delete');
    expect(stderr).not.toContain('    at ');
  });

  test('tells what is left, and how to delete just that: in its region, and confirmed with both', async () => {
    const queue = 'fanfold-production-billing-events';
    const { environment, regions } = await stageWith([], [queue]);
    const { stdout } = await remove({ ...environment, ...elsewhere }, '--region', 'eu-west-1');
    expect(stdout).toContain(queue);
    const hint = './fanfold stage delete --stage production --region eu-west-1';
    expect(stdout).toContain(hint);
    const typed = hint.split(' ').slice(1);
    const confirmed = (confirm: string) =>
      run('scripts/fanfold.ts', '.', [...typed, '--confirm', confirm], environment);
    for (const confirm of ['production', 'production@us-east-1']) {
      await expect(confirmed(confirm)).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringContaining('confirm it with --confirm production@eu-west-1.'),
      });
    }
    expect(regions).toEqual(new Set(['eu-west-1']));
  });
});

test('fanfold stage says what to give to whom AWS does not let in', async () => {
  const {
    AWS_ACCESS_KEY_ID: _id,
    AWS_SECRET_ACCESS_KEY: _key,
    ...environment
  } = (await refusingAws()).environment;
  const list = run('scripts/fanfold.ts', '.', ['stage', 'list', '--stage', 'production'], environment);
  await expect(list).rejects.toMatchObject({ stderr: expect.stringContaining('AWS refuses access: ') });
});
