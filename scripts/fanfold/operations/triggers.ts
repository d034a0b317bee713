import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DisableRuleCommand,
  EnableRuleCommand,
  type EventBridgeClient,
  ListRulesCommand,
  type Rule,
} from '@aws-sdk/client-eventbridge';
import {
  DeleteFunctionConcurrencyCommand,
  type EventSourceMappingConfiguration,
  GetFunctionConcurrencyCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
  paginateListEventSourceMappings,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import type { Cloud } from '../aws/cloud.ts';
import { noteHowFar } from '../aws/lacks.ts';
import { nameOfFunction, ownerOfFunction, ownerOfSchedule } from '../aws/places.ts';
import { commandFor } from '../commandFor.ts';
import { CommandError, UsageError } from '../errors.ts';
import { order } from './order.ts';

/** What runs a function that may write: the mapping of a queue or stream, a schedule, or the API. */
export type Trigger = {
  service: string;
  /** As in serverless.yml. */
  functionKey: string;
  kind: 'queue' | 'stream' | 'schedule' | 'api';
  /** The queue or table that is read, when it runs (`rate(1 minute)`), or the request that runs it (`POST /payments`). */
  source: string;
  state: 'on' | 'off' | 'changing';
};

/** One trigger of a service, by what it has and no other of the service has. */
export type TriggerName = Pick<Trigger, 'functionKey' | 'kind'>;

/** A trigger, and how it is switched. */
type Switchable = Trigger & { set(on: boolean): Promise<void> };

/** How often it is looked whether all is switched, and for how long: AWS takes up to some minutes for a mapping. */
const pollMs = 500;
const longestMs = 300_000;

/**
 * What runs functions of a stage.
 *
 * @param services only of these; of all without
 * @throws UsageError when a service has none of them
 */
export async function triggersOf(cloud: Cloud, services?: readonly string[]): Promise<Trigger[]> {
  return (await switchablesOf(cloud, services)).map(factsOf);
}

/**
 * Switches on or off all that runs functions of a stage, or one trigger of a service, once it is in the audit trail. Changes nothing that is as asked. What
 * is begun when it is switched off ends by itself. The publishers are the last that are switched off, and go on until that has
 * ended: so what was accepted is published. Before that the services note how far their tables are.
 *
 * @returns an operation's id, if anything was switched, all triggers as they are then, and what could not be noted
 * @throws when not all could be switched in time; then it may be ordered again
 */
export async function switchTriggers(
  cloud: Cloud,
  {
    on,
    services,
    only,
    reason = null,
  }: {
    on: boolean;
    services?: readonly string[] | undefined;
    only?: TriggerName | undefined;
    reason?: string | null;
  },
): Promise<{ operationId: string | null; triggers: Trigger[]; warnings: string[] }> {
  const wanted = on ? 'on' : 'off';
  const isMeant = ({ functionKey, kind }: Trigger) =>
    only === undefined || (functionKey === only.functionKey && kind === only.kind);
  const triggers = (await switchablesOf(cloud, services)).filter(isMeant);
  if (triggers.length === 0) {
    throw new UsageError(
      `${cloud.stage} has no ${only?.kind} that runs ${only?.functionKey} of ${services?.join(', ')}.`,
    );
  }
  if (triggers.every(({ state }) => state === wanted))
    return { operationId: null, triggers: triggers.map(factsOf), warnings: [] };
  const recorder = on
    ? undefined
    : triggers.find(({ state, ...trigger }) => isRecorder(trigger) && state === 'on');
  // The order waits in audit's queue then, and is not lost with a table that is put back.
  if (recorder) await switchAll(cloud, { on, services, areMeant: isRecorder });
  const operationId = await order(cloud, {
    command: on ? 'stage start' : 'stage stop',
    reason,
    filters: { ...(services && { service: services.join(',') }), ...only },
    messages: [],
  }).catch(async (error) => {
    if (recorder) await switchAll(cloud, { on: true, services, areMeant: isRecorder });
    throw error;
  });
  const warnings: string[] = [];
  if (!on && !only) {
    const stopped = await switchAll(cloud, { on, services, areMeant: isWriter });
    if (stopped.some((trigger) => !isWriter(trigger) && trigger.state !== wanted)) {
      const names = stopped.filter(isWriter).map((writer) => nameOfFunction(cloud.stage, writer));
      await delay(await cloud.settleMs([...new Set(names)]));
    }
    warnings.push(...(await noteHowFar(cloud, [...new Set(stopped.map(({ service }) => service))])));
  }
  const switched = await switchAll(cloud, { on, services, areMeant: isMeant });
  return { operationId, triggers: switched.filter(isMeant).map(factsOf), warnings };
}

/** What records orders. */
const isRecorder = ({ service, kind }: Pick<Trigger, 'service' | 'kind'>): boolean =>
  service === 'audit' && kind === 'queue';

/** What runs by a stream publishes what the others wrote. */
const isWriter = ({ kind }: Trigger): boolean => kind !== 'stream';

/** Switches those that are meant, and waits until they are. */
async function switchAll(
  cloud: Cloud,
  {
    on,
    services,
    areMeant,
  }: { on: boolean; services: readonly string[] | undefined; areMeant: (trigger: Trigger) => boolean },
): Promise<Switchable[]> {
  const wanted = on ? 'on' : 'off';
  for (const until = Date.now() + longestMs; ; ) {
    const triggers = await switchablesOf(cloud, services);
    const others = triggers.filter((trigger) => trigger.state !== wanted && areMeant(trigger));
    if (others.length === 0) return triggers;
    if (Date.now() > until) {
      throw new CommandError(
        `After ${longestMs / 60_000} minutes these are not ${wanted}:`,
        ...others.map(({ service, functionKey, kind }) => `  ${service} ${functionKey}: its ${kind}`),
        'Run the command again.',
      );
    }
    // What is changing cannot be changed; once that is over, it is looked at again.
    for (const { state, set } of others) if (state !== 'changing') await set(on);
    await delay(pollMs);
  }
}

/**
 * That nothing runs a function of these services, which would write while somebody else does.
 *
 * @throws CommandError when something does, with the command that stops it
 */
export async function requireStopped(cloud: Cloud, services: readonly string[]): Promise<void> {
  const running = await namesOfThose(cloud, services, ({ state }) => state !== 'off');
  if (running) {
    throw new CommandError(
      `${running} may run meanwhile. First: ${commandFor(cloud, `stage stop ${named(services)}`)}`,
    );
  }
}

/**
 * That all runs that runs functions of these services by itself.
 *
 * @throws CommandError when something does not, with the command that starts it
 */
export async function requireStarted(cloud: Cloud, services: readonly string[]): Promise<void> {
  const stopped = await namesOfThose(cloud, services, ({ state }) => state !== 'on');
  if (stopped) {
    throw new CommandError(
      `${stopped} must run for that. First: ${commandFor(cloud, `stage start ${named(services)}`)}`,
    );
  }
}

async function namesOfThose(
  cloud: Cloud,
  services: readonly string[],
  isOne: (trigger: Trigger) => boolean,
): Promise<string> {
  const found = (await triggersOf(cloud, services)).filter(isOne);
  return [...new Set(found.map(({ service, functionKey }) => `${service} ${functionKey}`))].join(', ');
}

const named = (services: readonly string[]): string =>
  services.map((service) => `--service ${service}`).join(' ');

async function switchablesOf(cloud: Cloud, services?: readonly string[]): Promise<Switchable[]> {
  const found: Switchable[] = [];
  for (const { lambda, events } of cloud.controls()) {
    found.push(...(await mappingsOf(cloud, lambda)), ...(await schedulesOf(cloud, events)));
  }
  const deployed = [...new Set(found.map(({ service }) => service))].sort();
  const unknown = services?.filter((service) => !deployed.includes(service)) ?? [];
  if (unknown.length > 0 || deployed.length === 0) {
    throw new UsageError(
      `${cloud.stage} has no functions that run by themselves${unknown.length > 0 ? ` of ${unknown.join(', ')}` : ''}. ` +
        `Services there: ${deployed.join(', ') || 'none'}.`,
    );
  }
  const meant = services ?? deployed;
  const apis = await Promise.all(meant.map((service) => writesOf(cloud, service)));
  return [...found.filter(({ service }) => meant.includes(service)), ...apis.flat()].sort((a, b) =>
    nameOf(a).localeCompare(nameOf(b)),
  );
}

const nameOf = ({ service, functionKey, kind }: Trigger): string => `${service} ${functionKey} ${kind}`;

const factsOf = ({ set: _, ...trigger }: Switchable): Trigger => trigger;

async function mappingsOf(cloud: Cloud, lambda: LambdaClient): Promise<Switchable[]> {
  const found: Switchable[] = [];
  for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client: lambda }, {})) {
    for (const mapping of EventSourceMappings) {
      const { FunctionArn = '', EventSourceArn = '', UUID } = mapping;
      const owner = ownerOfFunction(FunctionArn.split(':')[6] ?? '', cloud);
      if (!owner) continue;
      const [, , kind, , , resource = ''] = EventSourceArn.split(':');
      found.push({
        ...owner,
        kind: kind === 'sqs' ? 'queue' : 'stream',
        source: kind === 'sqs' ? resource : (resource.split('/')[1] ?? resource),
        state: stateOf(mapping),
        async set(on) {
          try {
            await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: on }));
          } catch (error) {
            // Somebody else was faster.
            if (!(error instanceof ResourceInUseException)) throw error;
          }
        },
      });
    }
  }
  return found;
}

function stateOf({ State }: EventSourceMappingConfiguration): Trigger['state'] {
  if (State === 'Enabled') return 'on';
  return State === 'Disabled' ? 'off' : 'changing';
}

async function schedulesOf(cloud: Cloud, events: EventBridgeClient): Promise<Switchable[]> {
  const found: Switchable[] = [];
  for (const { Name = '', ScheduleExpression, State } of await rulesOf(events, `fanfold-${cloud.stage}-`)) {
    const owner = ownerOfSchedule(Name, cloud);
    if (!owner || ScheduleExpression === undefined) continue;
    found.push({
      ...owner,
      kind: 'schedule',
      source: ScheduleExpression,
      state: State === 'ENABLED' ? 'on' : 'off',
      async set(on) {
        await events.send(on ? new EnableRuleCommand({ Name }) : new DisableRuleCommand({ Name }));
      },
    });
  }
  return found;
}

async function rulesOf(events: EventBridgeClient, NamePrefix: string): Promise<Rule[]> {
  const rules: Rule[] = [];
  for (let NextToken: string | undefined; ; ) {
    const page = await events.send(new ListRulesCommand({ NamePrefix, ...(NextToken && { NextToken }) }));
    rules.push(...(page.Rules ?? []));
    NextToken = page.NextToken;
    if (!NextToken) return rules;
  }
}

/**
 * The requests to a service's API that write. Their functions may run, unless their reserved concurrency is 0: then API
 * Gateway answers 503. Templates reserve none, so that it is deleted to let them run again.
 */
async function writesOf(cloud: Cloud, service: string): Promise<Switchable[]> {
  const lambda = cloud.lambdaOf(service);
  const found = await Promise.all(
    writesInApi(service).map(async ({ functionKey, source }): Promise<Switchable[]> => {
      const FunctionName = nameOfFunction(cloud.stage, { service, functionKey });
      try {
        const { ReservedConcurrentExecutions: reserved } = await lambda.send(
          new GetFunctionConcurrencyCommand({ FunctionName }),
        );
        const state = reserved === 0 ? 'off' : 'on';
        return [{ service, functionKey, kind: 'api', source, state, set: (on) => reserve(FunctionName, on) }];
      } catch (error) {
        // What is deployed may be older than this checkout.
        if (error instanceof ResourceNotFoundException) return [];
        throw error;
      }
    }),
  );
  return found.flat();

  async function reserve(FunctionName: string, on: boolean): Promise<void> {
    if (on) await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    else {
      await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
    }
  }
}

/** The OpenAPI document of a service names the function of each request. */
function writesInApi(service: string): { functionKey: string; source: string }[] {
  const file = join(import.meta.dirname, '../../../services', service, 'openapi.json');
  if (!existsSync(file)) return [];
  const { paths } = JSON.parse(readFileSync(file, 'utf8')) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'get')
      .map(([method, { operationId }]) => ({
        functionKey: operationId,
        source: `${method.toUpperCase()} ${path}`,
      })),
  );
}
