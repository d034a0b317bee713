/**
 * `pnpm rehearse`: deploys every service to an AWS endpoint on this machine, pays through what was deployed, changes and
 * removes it, and holds what was created to the templates. Exits with 1 when anything is not as it should be.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { styleText } from 'node:util';
import { copyCheckout } from './rehearse/checkout.ts';
import { type Endpoint, startEndpoint } from './rehearse/endpoint.ts';
import { apisOf, pay, proofOf, recorded, refund } from './rehearse/flow.ts';
import { type Issuer, startIssuer } from './rehearse/issuer.ts';
import { type Ended, stopAll } from './rehearse/processes.ts';
import { progressOf } from './rehearse/progress.ts';
import { pythonEnvironment } from './rehearse/python.ts';

const repository = join(import.meta.dirname, '..');
/** Not under version control. Kept are only the Python packages. */
const folder = join(repository, '.rehearsal');
const python = join(import.meta.dirname, 'rehearse/python');
const region = 'eu-west-1';
const stage = 'production';

const progress = progressOf(4, (line) => console.log(line));

async function rehearse(): Promise<void> {
  const programs = await progress.step('Python packages', () =>
    pythonEnvironment(join(folder, 'python'), join(python, 'endpoint.txt')),
  );
  const [endpoint, issuer, checkout] = await Promise.all([
    startEndpoint(programs, outside, join(folder, 'endpoint.log')),
    startIssuer(join(here, 'issuer-key.json')),
    copyCheckout(repository, join(here, 'checkout')),
  ]);
  const environment = environmentOf(endpoint, issuer);

  await progress.step('deploy all services', async () => {
    succeed(await checkout.pnpm(['run', 'deploy', '--stage', stage], environment));
    progress.found('deployed');
  });

  const apis = await apisOf(endpoint, issuer, { stage, region, merchantId: 'acme' });
  await progress.step('pay through what is deployed', async () => {
    const { payment, invoice } = await pay(apis);
    progress.found(`${payment.id} is captured, ${invoice.number} is issued and noted, both are recorded`);
    const creditNote = await refund(apis, payment.id);
    progress.found(`its refund has ${creditNote.number}`);
    const event = await recorded(apis.audit, 'payment.captured.v1', payment.id);
    const proof = await proofOf(apis.audit, event);
    progress.found(`a proof with ${proof.length} bytes`);
  });

  await progress.step('remove', async () => {
    for (const service of ['payments', 'billing', 'audit', 'bus']) {
      succeed(
        await checkout.pnpm(
          ['exec', 'serverless', 'remove', '--stage', stage],
          environment,
          `services/${service}`,
        ),
      );
    }
  });
  await endpoint.stop();
  await issuer.stop();
}

function environmentOf(endpoint: Endpoint, issuer: Issuer): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(AWS_|FANFOLD_|npm_config_)/.test(name),
  );
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    FANFOLD_TOKEN_ISSUER: issuer.url,
    FANFOLD_LOG_ORIGIN: `fanfold.example/${stage}/audit`,
    // The framework looks every five seconds how far CloudFormation is.
    SLS_AWS_MONITORING_FREQUENCY: '300',
  };
}

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
  await stopAll();
  for (const temporary of [here, outside]) await rm(temporary, { recursive: true, force: true });
}
process.exit(exitCode);

async function interrupted(): Promise<never> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  throw new Error('Interrupted.');
}
