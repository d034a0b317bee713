import { discard } from '@fanfold/deployment/discard';
import { describeKept } from '@fanfold/deployment/kept';
import { during, startProgress } from '../../progress.ts';
import { stageOptions } from '../commandFor.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type KeptOfService, keptOf } from '../operations/kept.ts';
import { ask, print, printHeading, printJson } from '../terminal.ts';

type Options = { stage: string; region: string; json?: true };

/**
 * `fanfold stage list`: what outlives the stage's stacks, whether they are deployed or not.
 *
 * @returns whether there is anything
 */
export async function list({ stage, region, json }: Options): Promise<boolean> {
  const { services, account } = await look({ stage, region });
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
 * @throws CommandError when the stage is still deployed
 * @throws UsageError when it was not confirmed
 */
export async function deleteKept({
  stage,
  region,
  confirm,
  json,
}: Options & { confirm?: string }): Promise<boolean> {
  const { services, clients, account } = await look({ stage, region });
  const deployed = services.filter(({ isDeployed }) => isDeployed).map(({ name }) => name);
  if (deployed.length > 0) {
    throw new CommandError(
      `${stage} is still deployed in ${region} (${deployed.join(', ')}). Remove it first: pnpm run remove${stageOptions({ stage, region })}.`,
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
    throw new UsageError(`Nothing was deleted: confirm it with --confirm ${meant}.`);
  }
  const discarded: object[] = [];
  let isEmpty = true;
  const progress = startProgress('deleting for good', kept.length);
  try {
    for (const service of services) {
      const isGone = await discard(service.kept, clients, new Date(), ({ kept: each, outcome, gone }) => {
        progress.advance();
        if (json) discarded.push({ ...each, outcome, gone });
        else print(`${describeKept(each)}: ${outcome}`);
      });
      isEmpty &&= isGone;
    }
  } finally {
    progress.end();
  }
  if (json) printJson({ stage, region, discarded });
  return isEmpty;
}

const look = (place: { stage: string; region: string }): ReturnType<typeof keptOf> =>
  during(`packaging the services for ${place.stage}, to find what outlives them`, () => keptOf(place));

function printKept(heading: string, services: KeptOfService[]): void {
  const there = services.filter(({ kept }) => kept.length > 0);
  if (there.length === 0) {
    print('Nothing is left.');
    return;
  }
  printHeading(heading);
  for (const { name, kept } of there) print(name, ...kept.map((each) => `  ${describeKept(each)}`));
}
