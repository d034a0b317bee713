import { join } from 'node:path';
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
import { UsageError } from './arguments.ts';
import { signIn } from './cloud.ts';
import { ask, notify, print, printHeading, printJson } from './terminal.ts';

type Options = { stage: string; region: string; json?: true };

/** What of a service is there: its stack, and what outlives that. */
type Service = { name: string; isDeployed: boolean; kept: Kept[] };

/**
 * `fanfold stage list`: what outlives the stage's stacks, whether they are deployed or not.
 *
 * @returns whether there is anything
 */
export async function list({ stage, region, json }: Options): Promise<boolean> {
  const { services, account } = await look(stage, region);
  if (json) {
    printJson({ stage, region, account, services });
  } else {
    printKept(`What outlives a removal of ${stage}, in ${region}, account ${account}:`, services);
  }
  return services.some(({ kept }) => kept.length > 0);
}

/**
 * `fanfold stage delete`: deletes for good what a removed stage left.
 *
 * @param confirm the stage and its region, `production@eu-west-1`; asked for when it is not given
 * @returns whether nothing is left
 * @throws UsageError when the stage is still deployed, or it was not confirmed
 */
export async function deleteKept({
  stage,
  region,
  confirm,
  json,
}: Options & { confirm?: string }): Promise<boolean> {
  const { services, clients, account } = await look(stage, region);
  const deployed = services.filter(({ isDeployed }) => isDeployed).map(({ name }) => name);
  if (deployed.length > 0) {
    throw new UsageError(
      `${stage} is still deployed in ${region} (${deployed.join(', ')}). Remove it first: pnpm run remove --stage ${stage} --region ${region}.`,
    );
  }
  const kept = services.flatMap((service) => service.kept);
  if (!json) printKept(`To be deleted for good, in ${region}, account ${account}:`, services);
  if (kept.length === 0) {
    if (json) printJson({ stage, region, discarded: [] });
    return true;
  }
  // A stage of the same name may be in another region.
  const meant = `${stage}@${region}`;
  if ((confirm ?? (await ask(`Type ${meant} to delete it for good: `))) !== meant) {
    throw new UsageError(`Nothing is deleted: it has to be confirmed with --confirm ${meant}.`);
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
  if (json) printJson({ stage, region, discarded });
  return isEmpty;
}

async function look(
  stage: string,
  region: string,
): Promise<{ services: Service[]; clients: Clients; account: string }> {
  if (stage === 'local')
    throw new UsageError('The stage local is on a laptop: its data is in .fanfold/, if anywhere.');
  const { account, settings } = await signIn(region);
  const clients = clientsWith(settings);
  notify(`Packages the services for ${stage}, to see what they keep …`);
  const names = (await serviceNames()).filter((service) => service !== 'bus');
  const services = await Promise.all(
    names.map(async (name): Promise<Service> => {
      const template = await packageService(
        join(import.meta.dirname, '../../services', name),
        stage,
        // What is kept has its name from neither.
        { tokenIssuer: 'https://issuer.invalid', logOrigin: 'unnamed' },
        region,
      );
      return {
        name,
        isDeployed: (await findStack(`fanfold-${name}-${stage}`, clients.cloudformation)) !== undefined,
        kept: await findKept(keepablesOf(template, account), clients),
      };
    }),
  );
  return { services, clients, account };
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
