import { roleName } from '../../topology/names.js';
import { adopt, stackStatus } from './adoption.ts';
import { clientsWith, describeKept, type Template } from './kept.ts';
import {
  accessProblem,
  announcement,
  issuerDoubt,
  placeProblems,
  type Settings,
  settingsProblems,
} from './preconditions.ts';

/** What is used of a running Serverless Framework. */
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

/** How notices begin that scripts/deploy/service.cjs lets through compose. */
const adoptionNotice = 'Goes on with what is left of';
const removedNotice = 'There is no stack';

/** What makes a template of the stage's settings. */
const makesTemplate = ['package', 'deploy', 'deploy function'];

/**
 * The Serverless plugin around packaging and deploying: what has to hold before, and names that fit. Its command `preconditions`
 * checks once for all services what each of them checks when it is deployed alone.
 */
export default class Deployment {
  readonly commands = {
    preconditions: {
      usage: 'Checks what has to hold before the stage is deployed',
      lifecycleEvents: ['check'],
      options: { removal: { usage: 'Or before it is removed', type: 'boolean' } },
    },
    // Another command can be ended by running one instead of what is left of it.
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
    if (makesTemplate.includes(commands.join(' '))) this.#requireSettings();
    if (commands.join(' ') !== 'deploy') return;
    const caller = await this.#caller();
    // Deployed together, it was told once for all.
    if (!process.env.SLS_COMPOSE) await this.#announce(caller);
  }

  async #check(): Promise<void> {
    this.#refuseLocalStage();
    if (this.#removal) refuse(placeProblems(this.#settings));
    else this.#requireSettings();
    const caller = await this.#caller();
    if (!this.#removal) await this.#announce(caller);
  }

  /** What an earlier deployment left is taken over: without it, its names would be taken. */
  async #adopt(): Promise<void> {
    const { accountId } = await this.#aws.getAccountInfo();
    const stackName = this.#aws.naming.getStackName();
    const template = this.#serverless.service.provider.compiledCloudFormationTemplate;
    const clients = clientsWith(await this.#aws.getAwsSdkV3Config());
    const adopted = await adopt(stackName, template, accountId, clients).catch((error: Error) => {
      throw refusal(error.message);
    });
    if (adopted.length === 0) return;
    this.#log.notice(`${adoptionNotice} ${stackName}: ${adopted.map(describeKept).join(', ')}.`);
  }

  /** A stack that is not there counts as removed: a removal that stopped half-way can be run again. */
  async #skipRemoved(): Promise<void> {
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

  #requireSettings(): void {
    // What is packaged for a laptop is for the emulators.
    if (this.#aws.getStage() === 'local') return;
    refuse(settingsProblems(this.#settings, process.env.AWS_ENDPOINT_URL));
  }

  /** Its account, topic and token issuer are those of the emulators: in AWS it would trust a key on somebody's laptop. */
  #refuseLocalStage(): void {
    if (this.#aws.getStage() !== 'local') return;
    refuse(['The stage local runs on a laptop only. Deploy another one: --stage production, for example.']);
  }

  async #caller(): Promise<{ account: string; arn: string }> {
    try {
      const { accountId, arn } = await this.#aws.getAccountInfo();
      return { account: accountId, arn };
    } catch (error) {
      throw refusal(accessProblem(error as Error, this.#aws.getRegion()));
    }
  }

  async #announce(caller: { account: string; arn: string }): Promise<void> {
    for (const line of announcement(this.#settings, caller)) this.#log.notice(line);
    const doubt = await issuerDoubt(this.#settings.tokenIssuer);
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

/** An error that is written to be read: by this name the framework knows it, and shows no stack. */
const refusal = (message: string): Error => Object.assign(new Error(message), { name: 'ServerlessError' });
