import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { findStack } from '@fanfold/deployment/adoption';
import { discard } from '@fanfold/deployment/discard';
import {
  type Clients,
  clientsWith,
  describeKept,
  findKept,
  type Kept,
  keepablesOf,
} from '@fanfold/deployment/kept';
import { packageService, serviceNames } from '@fanfold/local-cloud/packagedTemplates';
import { clientSettings } from '@fanfold/runtime/aws';
import { UsageError } from './arguments.ts';
import { ask, print, printHeading, printJson } from './terminal.ts';

type Options = { stage: string; json?: true };

/** What of a service is there: its stack, and what outlives that. */
type Service = { name: string; isDeployed: boolean; kept: Kept[] };

/** `fanfold stage list`: what outlives the stage's stacks, whether they are deployed or not. */
export async function list({ stage, json }: Options): Promise<void> {
  const { services, region, account } = await look(stage);
  if (json) {
    printJson({ stage, region, account, services });
  } else {
    printKept(`What outlives a removal of ${stage}, in ${region}, account ${account}:`, services);
  }
}

/**
 * `fanfold stage delete`: deletes for good what a removed stage left.
 *
 * @param confirm the stage's name; asked for when it is not given
 * @returns whether nothing is left
 * @throws UsageError when the stage is still deployed, or the name was not confirmed
 */
export async function deleteKept({ stage, confirm, json }: Options & { confirm?: string }): Promise<boolean> {
  const { services, clients, region, account } = await look(stage);
  const deployed = services.filter(({ isDeployed }) => isDeployed).map(({ name }) => name);
  if (deployed.length > 0) {
    throw new UsageError(
      `${stage} is still deployed in ${region} (${deployed.join(', ')}). Remove it first: pnpm run remove --stage ${stage}.`,
    );
  }
  const kept = services.flatMap((service) => service.kept);
  if (!json) printKept(`To be deleted for good, in ${region}, account ${account}:`, services);
  if (kept.length === 0) {
    if (json) printJson({ stage, discarded: [] });
    return true;
  }
  if ((confirm ?? (await ask(`Type the name of the stage to delete it for good: `))) !== stage) {
    throw new UsageError(`Nothing is deleted: it has to be confirmed with --confirm ${stage}.`);
  }
  const discarded: object[] = [];
  let isEmpty = true;
  for (const service of services) {
    const isGone = await discard(service.kept, clients, new Date(), ({ kept, outcome, gone }) => {
      if (json) discarded.push({ ...kept, outcome, gone });
      else print(`${describeKept(kept)}: ${outcome}`);
    });
    isEmpty &&= isGone;
  }
  if (json) printJson({ stage, discarded });
  return isEmpty;
}

async function look(
  stage: string,
): Promise<{ services: Service[]; clients: Clients; region: string; account: string }> {
  if (stage === 'local')
    throw new UsageError('The stage local is on a laptop: its data is in .fanfold/, if anywhere.');
  const sts = new STSClient(clientSettings);
  const { Account: account = '' } = await sts.send(new GetCallerIdentityCommand({}));
  const region = await sts.config.region();
  const clients = clientsWith(clientSettings);
  const services: Service[] = [];
  for (const name of (await serviceNames()).filter((service) => service !== 'bus')) {
    const template = await packageService(
      join(import.meta.dirname, '../../services', name),
      stage,
      // What is kept has its name from neither.
      { tokenIssuer: 'https://issuer.invalid', logOrigin: 'unnamed' },
      region,
    );
    services.push({
      name,
      isDeployed: (await findStack(`fanfold-${name}-${stage}`, clients.cloudformation)) !== undefined,
      kept: await findKept(keepablesOf(template, account), clients),
    });
  }
  return { services, clients, region, account };
}

function printKept(heading: string, services: Service[]): void {
  const there = services.filter(({ kept }) => kept.length > 0);
  if (there.length === 0) {
    print('Nothing is left.');
    return;
  }
  printHeading(heading);
  for (const { name, kept } of there) print(name, ...kept.map((each) => `  ${describeKept(each)}`));
}
