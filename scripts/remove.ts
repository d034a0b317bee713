/** `pnpm run remove --stage <stage>`: all services, who publishes first, the bus last. docs/deploy.md has the rest. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { stackStatus } from '@fanfold/deployment/adoption';
import { serviceNames } from '@fanfold/local-cloud/packagedTemplates';
import { compose, preconditionsHold, type StageOptions, stageCommand } from './deploy/stageCommand.ts';
import { stageOptions } from './fanfold/commandFor.ts';

const options = stageCommand('pnpm run remove')
  .description('Removes all services of a stage from AWS. What holds data stays: docs/deploy.md.')
  .parse()
  .opts<StageOptions>();

process.exitCode = (await preconditionsHold(options, '--removal')) ? await remove() : 1;

/** @returns the exit code */
async function remove(): Promise<number> {
  const { stage, region } = options;
  const inPlace = stageOptions({ stage, region });
  try {
    if (!(await isDeployed())) {
      console.log(
        `There is nothing to remove: ${stage} has no stack in ${region}. Other stages and regions may have.`,
      );
    } else {
      const code = await compose('remove', options);
      if (code !== 0) return code;
    }
    const isAnythingLeft = await (await import('./fanfold/commands/stage.ts')).list(options);
    if (!isAnythingLeft) return 0;
  } catch (error) {
    console.error(
      `${(error as Error).message}\nRun the same command again, or: ./fanfold stage list${inPlace}`,
    );
    return 1;
  }
  console.log(
    `\nThis stays on purpose, and the next deployment of the stage continues with it. To delete it: ./fanfold stage delete${inPlace}`,
  );
  return 0;
}

async function isDeployed(): Promise<boolean> {
  const client = new CloudFormationClient({ region: options.region });
  const stacks = (await serviceNames()).map((service) => `fanfold-${service}-${options.stage}`);
  const statuses = await Promise.all(stacks.map((stack) => stackStatus(stack, client)));
  return statuses.some((status) => status !== undefined);
}
