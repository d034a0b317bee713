import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { serviceNames } from '@fanfold/local-cloud/packagedTemplates';
import { describe, expect, onTestFinished, test } from 'vitest';

const repository = join(import.meta.dirname, '..');
const services = (await serviceNames()).sort();

/** An AWS that says who is calling, and refuses everything else. */
async function refusingAws(): Promise<{ environment: Record<string, string>; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const call = await text(request);
    const [status, body] = call.includes('Action=GetCallerIdentity') ? [200, identity] : [403, refusal];
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
  return { environment, asked };
}

const identity =
  '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/test</Arn>' +
  '<UserId>test</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
const refusal =
  '<ErrorResponse><Error><Code>AccessDenied</Code><Message>refused by the test</Message></Error></ErrorResponse>';

/** Runs a program of the repository as a user does who has nothing set up for AWS. */
const run = (file: string, folder: string, options: string[], environment: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, [join(repository, file), ...options], {
    cwd: join(repository, folder),
    env: { PATH: process.env.PATH, HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true', ...environment },
  });

const serverless = (service: string, options: string[], environment?: Record<string, string>) =>
  run('node_modules/serverless/bin/serverless.js', `services/${service}`, options, environment);

describe('serverless deploy', () => {
  test.each(services)('of %s goes to AWS with the stage that the command names', async (service) => {
    const { environment, asked } = await refusingAws();
    const deploy = serverless(service, ['deploy', '--stage', 'production'], environment);
    await expect(deploy).rejects.toMatchObject({ stdout: expect.stringContaining('refused by the test') });
    expect(asked.join('\n')).toContain(`StackName=fanfold-${service}-production`);
  });

  test.each(services)('of %s is refused for the stage of the laptop', async (service) => {
    const { environment, asked } = await refusingAws();
    await expect(serverless(service, ['deploy'], environment)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('The stage local runs on a laptop only'),
    });
    expect(asked).toEqual([]);
  });

  test('of a service alone says all that it lacks, without a stack, before AWS is asked', async () => {
    const deploy = serverless('payments', ['deploy', '--stage', 'production']);
    const { stdout } = await deploy.catch((error: { stdout: string }) => error);
    expect(stdout).toContain(
      '\nThere is no token issuer for this stage. Give --param tokenIssuer=https://…, set',
    );
    expect(stdout).toContain(
      '\nThe audit log has no name, which stands in all its checkpoints for ever. Give',
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
    expect(stderr).toContain('Stage production goes to eu-central-1, account 123456789012, as arn:aws:iam::');
    expect(stderr).toContain('The audit log is named example.com/production/audit, for ever.');
    expect(stderr).toContain('Each file that it writes is locked for 30 days');
    expect(`${stdout}${stderr}`).toContain('refused by the test');
    // The others wait for the bus.
    expect(new Set(asked.join('\n').match(/StackName=[\w-]+/g))).toEqual(
      new Set(['StackName=fanfold-bus-production']),
    );
  });
});

test('pnpm run remove asks for neither issuer nor name of the log, and begins with who publishes', async () => {
  const { environment, asked } = await refusingAws();
  const { FANFOLD_TOKEN_ISSUER: _issuer, FANFOLD_LOG_ORIGIN: _origin, ...rest } = environment;
  const remove = run('scripts/remove.ts', '.', ['--stage', 'production'], { ...rest, PATH: '/usr/bin:/bin' });
  await expect(remove).rejects.toMatchObject({ code: 1 });
  expect(new Set(asked.join('\n').match(/StackName=[\w-]+/g))).toEqual(
    new Set(['StackName=fanfold-billing-production', 'StackName=fanfold-payments-production']),
  );
});
