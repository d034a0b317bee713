import { join } from 'node:path';
import { findStack } from '@fanfold/deployment/adoption';
import { type Clients, clientsWith, findKept, type Kept, keepablesOf } from '@fanfold/deployment/kept';
import { anyParameters, packageService, serviceNames } from '@fanfold/local-cloud/packagedTemplates';
import { signIn } from '../aws/cloud.ts';
import { UsageError } from '../errors.ts';

/** What of a service is there: its stack, and what outlives that. */
export type KeptOfService = { name: string; isDeployed: boolean; kept: Kept[] };

/**
 * What of a stage in AWS outlives its stacks, whether they are deployed or not, the bus first: services whose tables are
 * deleted, and their marks are not, would have to be restored when they are deployed again. Packages the services to see what they keep,
 * which takes some seconds each.
 *
 * @throws UsageError for the stage local
 * @throws when AWS lets nobody in
 */
export async function keptOf({
  stage,
  region,
}: {
  stage: string;
  region: string;
}): Promise<{ services: KeptOfService[]; clients: Clients; account: string }> {
  if (stage === 'local')
    throw new UsageError('The stage local is on a laptop: its data is in .fanfold/, if anywhere.');
  const { account, settings } = await signIn(region);
  const clients = clientsWith(settings);
  const names = (await serviceNames()).sort((a, b) => Number(b === 'bus') - Number(a === 'bus'));
  const services = await Promise.all(
    names.map(async (name): Promise<KeptOfService> => {
      const template = await packageService(
        join(import.meta.dirname, '../../../services', name),
        stage,
        anyParameters,
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
