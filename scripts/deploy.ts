/** `pnpm run deploy --stage <stage>`: all services, in the order of serverless-compose.yml. docs/deploy.md has the rest. */
import { compose, preconditionsHold, type StageOptions, stageCommand } from './deploy/stageCommand.ts';

const options = stageCommand('pnpm run deploy')
  .description('Deploys all services of a stage to AWS: docs/deploy.md.')
  .parse()
  .opts<StageOptions>();

process.exitCode = (await preconditionsHold(options)) ? await compose('deploy', options) : 1;
