import { roleName } from '../../topology/names.js';
import type { Template } from './kept.ts';
import type { Settings } from './preconditions.ts';

/** Loaded by the commands that need them: to package for the laptop takes neither AWS clients nor the rules of sellers. */
const stacks = async () => ({ ...(await import('./adoption.ts')), ...(await import('./kept.ts')) });
const preconditions = () => import('./preconditions.ts');

/** The parts of the Serverless Framework that this plugin uses. */
type Serverless = {
  getProvider(name: 'aws'): Provider;
  processedInput: { commands: string[] };
  pluginManager: {
    spawn(command: string, options: { terminateLifecycleAfterExecution: boolean }): Promise<void>;
  };
  service: {
    service: string;
    provider: { iam?: { role?: { name?: string } }; compiledCloudFormationTemplate: Template };
    custom?: { deployment?: Omit<Settings, 'stage' | 'region'> };
    functions?: Record<string, { iamRoleStatements?: object[]; iamRoleStatementsName?: string }>;
  };
};

type Provider = {
  getStage(): string;
  getRegion(): string;
  getAccountInfo(): Promise<{ accountId: string; arn: string }>;
  getAwsSdkV3Config(): Promise<object>;
  naming: { getStackName(): string };
};

type Log = { notice(text: string): void; warning(text: string): void };

/** The beginnings of notices that scripts/deploy/service.cjs lets through compose. */
const adoptionNotice = 'Goes on with what is left of';
const removedNotice = 'There is no stack';

/** The commands that package a template with the settings of the stage. */
const makesTemplate = ['package', 'deploy', 'deploy function'];

/**
 * The Serverless plugin for packaging and deploying: it checks the preconditions and makes names that fit. Its
 * command `preconditions` checks once for all services what each of them checks when it is deployed alone.
 */
export default class Deployment {
  readonly commands = {
    preconditions: {
      usage: 'Checks the preconditions of a deployment',
      lifecycleEvents: ['check'],
      options: { removal: { usage: 'Or before it is removed', type: 'boolean' } },
    },
    // A command can be ended early by running this one instead of the rest of it.
    removed: { type: 'entrypoint', lifecycleEvents: ['notice'] },
  };
  readonly hooks = {
    initialize: () => this.#initialize(),
    'preconditions:check': () => this.#check(),
    'before:deploy:deploy': () => this.#adopt(),
    'before:remove:remove': () => this.#skipRemoved(),
    'removed:notice': () =>
      this.#log.notice(`${removedNotice} ${this.#aws.naming.getStackName()}: nothing to remove.`),
  };
  readonly #serverless: Serverless;
  readonly #removal: boolean;
  readonly #log: Log;

  constructor(serverless: Serverless, { removal = false }: { removal?: boolean }, { log }: { log: Log }) {
    this.#serverless = serverless;
    this.#removal = removal;
    this.#log = log;
  }

  async #initialize(): Promise<void> {
    this.#nameRoles();
    const { commands } = this.#serverless.processedInput;
    if (commands[0] === 'deploy') this.#refuseLocalStage();
    if (makesTemplate.includes(commands.join(' '))) await this.#requireSettings();
    if (commands.join(' ') !== 'deploy') return;
    const caller = await this.#caller();
    await this.#requireSecret();
    // When services are deployed together, this was printed once for all.
    if (!process.env.SLS_COMPOSE) await this.#announce(caller);
  }

  async #check(): Promise<void> {
    this.#refuseLocalStage();
    if (this.#removal) refuse((await preconditions()).placeProblems(this.#settings));
    else await this.#requireSettings();
    const caller = await this.#caller();
    if (this.#removal) return;
    await this.#requireSecret();
    await this.#announce(caller);
  }

  /** Adopts what an earlier deployment has left. Otherwise its names would be taken. */
  async #adopt(): Promise<void> {
    const { accountId } = await this.#aws.getAccountInfo();
    const stackName = this.#aws.naming.getStackName();
    const template = this.#serverless.service.provider.compiledCloudFormationTemplate;
    const { adopt, clientsWith, describeKept } = await stacks();
    const clients = clientsWith(await this.#aws.getAwsSdkV3Config());
    const adopted = await adopt(stackName, template, accountId, clients).catch((error: Error) => {
      throw refusal(error.message);
    });
    if (adopted.length === 0) return;
    this.#log.notice(`${adoptionNotice} ${stackName}: ${adopted.map(describeKept).join(', ')}.`);
  }

  /** A stack that does not exist counts as removed, so that an interrupted removal can be run again. */
  async #skipRemoved(): Promise<void> {
    const { clientsWith, stackStatus } = await stacks();
    const { cloudformation } = clientsWith(await this.#aws.getAwsSdkV3Config());
    if ((await stackStatus(this.#aws.naming.getStackName(), cloudformation)) !== undefined) return;
    await this.#serverless.pluginManager.spawn('removed', { terminateLifecycleAfterExecution: true });
  }

  get #aws(): Provider {
    return this.#serverless.getProvider('aws');
  }

  get #settings(): Settings {
    const { deployment } = this.#serverless.service.custom ?? {};
    if (!deployment) {
      throw refusal(
        'serverless.yml has no custom.deployment: take it from packages/topology/plugins.yml, as the other services do.',
      );
    }
    return { ...deployment, stage: this.#aws.getStage(), region: this.#aws.getRegion() };
  }

  async #requireSettings(): Promise<void> {
    // A local package is for the emulators.
    if (this.#aws.getStage() === 'local') return;
    const { settingsProblems } = await preconditions();
    refuse(settingsProblems(this.#settings, process.env.AWS_ENDPOINT_URL));
  }

  /**
   * Its account, topic and token issuer are those of the emulators. In AWS it would trust a key on somebody's laptop.
   */
  #refuseLocalStage(): void {
    if (this.#aws.getStage() !== 'local') return;
    refuse(['The stage local runs on a laptop only. Deploy another one: --stage production, for example.']);
  }

  async #caller(): Promise<{ account: string; arn: string }> {
    try {
      const { accountId, arn } = await this.#aws.getAccountInfo();
      return { account: accountId, arn };
    } catch (error) {
      const { accessProblem } = await preconditions();
      throw refusal(accessProblem(error as Error, this.#aws.getRegion()));
    }
  }

  /** Whether it is there, not what it is: nobody who deploys needs the key. */
  async #requireSecret(): Promise<void> {
    if (this.#settings.paymentProvider !== 'stripe') return;
    const { clientsWith, secretIsThere } = await stacks();
    const { accessProblem, secretProblem } = await preconditions();
    const { secrets } = clientsWith(await this.#aws.getAwsSdkV3Config());
    const isThere = await secretIsThere(this.#settings.stripeSecretName, secrets).catch((error: Error) => {
      throw refusal(accessProblem(error, this.#settings.region));
    });
    if (!isThere) refuse([secretProblem(this.#settings)]);
  }

  async #announce(caller: { account: string; arn: string }): Promise<void> {
    const { announcement, issuerWarning } = await preconditions();
    for (const line of announcement(this.#settings, caller)) this.#log.notice(line);
    const doubt = await issuerWarning(this.#settings.tokenIssuer);
    if (doubt) this.#log.warning(doubt);
  }

  #nameRoles(): void {
    const { service, provider, functions = {} } = this.#serverless.service;
    const aws = this.#aws;
    const named = (functionKey: string) =>
      roleName({
        service: service.replace(/^fanfold-/, ''),
        stage: aws.getStage(),
        functionKey,
        region: aws.getRegion(),
      });
    for (const [key, definition] of Object.entries(functions)) {
      if (definition.iamRoleStatements) definition.iamRoleStatementsName ??= named(key);
    }
    // The framework's own role, which no function has: packages/topology/roles.yml.
    if (provider.iam?.role) provider.iam.role.name ??= named('none');
  }
}

function refuse(problems: string[]): void {
  if (problems.length > 0) throw refusal(problems.join('\n'));
}

/** An error with a message for users. The framework recognises it by this name, and prints no stack. */
const refusal = (message: string): Error => Object.assign(new Error(message), { name: 'ServerlessError' });
