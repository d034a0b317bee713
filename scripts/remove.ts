/** `pnpm run remove --stage <stage>`: all services, who publishes first, the bus last. docs/deploy.md has the rest. */
import { compose, preconditionsHold, type StageOptions, stageCommand } from './deploy/stageCommand.ts';

const options = stageCommand('pnpm run remove')
  .description('Removes all services of a stage from AWS. What holds data stays: docs/deploy.md.')
  .parse()
  .opts<StageOptions>();

process.exitCode = (await preconditionsHold(options, '--removal')) ? await remove() : 1;

/** @returns the exit code */
async function remove(): Promise<number> {
  const code = await compose('remove', options);
  if (code !== 0) return code;
  if (options.region) process.env.AWS_REGION = options.region;
  await (await import('./fanfold/stage.ts')).list(options);
  console.log(
    `\nIt stays on purpose, and what is deployed again goes on with it. To delete it: ./fanfold stage delete --stage ${options.stage}`,
  );
  return 0;
}
