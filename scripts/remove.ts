/** `pnpm run remove --stage <stage>`: all services, who publishes first, the bus last. docs/deploy.md has the rest. */
import { compose, preconditionsHold, type StageOptions, stageCommand } from './deploy/stageCommand.ts';

const options = stageCommand('pnpm run remove')
  .description('Removes all services of a stage from AWS. What holds data stays: docs/deploy.md.')
  .parse()
  .opts<StageOptions>();

process.exitCode = (await preconditionsHold(options, '--removal')) ? await compose('remove', options) : 1;
