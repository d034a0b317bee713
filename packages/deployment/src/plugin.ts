import { roleName, stageProblem } from '../../topology/names.js';

/** What is used of a running Serverless Framework. */
type Serverless = {
  getProvider(name: 'aws'): { getStage(): string; getRegion(): string };
  processedInput: { commands: string[] };
  service: {
    service: string;
    provider: { iam?: { role?: { name?: string } } };
    functions: Record<string, { iamRoleStatements?: object[]; iamRoleStatementsName?: string }>;
  };
};

/** The Serverless plugin around packaging and deploying: what has to hold before, and names that fit. */
export default class Deployment {
  readonly hooks = { initialize: () => this.#initialize() };
  readonly #serverless: Serverless;

  constructor(serverless: Serverless) {
    this.#serverless = serverless;
  }

  #initialize(): void {
    const [command] = this.#serverless.processedInput.commands;
    if (command === 'deploy' || command === 'package') this.#requireStage(command);
    this.#nameRoles();
  }

  #requireStage(command: string): void {
    const stage = this.#serverless.getProvider('aws').getStage();
    const problem = stageProblem(stage);
    if (problem) throw refusal(problem);
    // Its account, topic and token issuer are those of the emulators: in AWS it would trust a key on somebody's laptop.
    if (command !== 'deploy' || stage !== 'local') return;
    throw refusal(
      'The stage local runs on a laptop only. Deploy another one: --stage production, for example.',
    );
  }

  #nameRoles(): void {
    const { service, provider, functions } = this.#serverless.service;
    const aws = this.#serverless.getProvider('aws');
    const named = (functionKey: string) =>
      roleName({
        service: service.replace(/^fanfold-/, ''),
        stage: aws.getStage(),
        functionKey,
        region: aws.getRegion(),
      });
    for (const [key, definition] of Object.entries(functions ?? {})) {
      if (definition.iamRoleStatements) definition.iamRoleStatementsName ??= named(key);
    }
    // The framework's own role, which no function has: packages/topology/roles.yml.
    if (provider.iam?.role) provider.iam.role.name ??= named('none');
  }
}

/** An error that is written to be read: by this name the framework knows it, and shows no stack. */
function refusal(message: string): Error {
  return Object.assign(new Error(message), { name: 'ServerlessError' });
}
