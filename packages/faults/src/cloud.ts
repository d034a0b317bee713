import {
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { accountId, credentials, region } from '@fanfold/local-cloud/account';
import type { Cloud } from '../../../scripts/fanfold/aws/cloud.ts';
import { servicesUnderTest } from './functions.ts';
import type { World } from './world.ts';

/**
 * The stage that the operator's commands see: its functions run in the world, and orders are published to its topic. What is
 * not stopped goes on between any two of its calls.
 */
export function cloudOf(world: World): Cloud {
  const { sns, sqs } = world.messaging;
  let going = Promise.resolve();
  const goingOn =
    <Input>(send: (input: Input) => Promise<unknown>) =>
    async (input: Input): Promise<unknown> => {
      going = going.then(() => {
        world.clock.advance(1000);
        return world.drain({ patienceMs: 0 });
      });
      await going;
      return send(input);
    };
  const lambda = Object.assign(new LambdaClient({ region, credentials }), {
    send: goingOn(async (command: { input: object }) => {
      if (command instanceof InvokeCommand) return invoke(world, command.input);
      if (command instanceof GetFunctionConcurrencyCommand) return concurrencyIn(world, command.input);
      return mappingsIn(world);
    }),
  });
  return {
    stage: 'local',
    stages: ['local'],
    account: accountId,
    region,
    topicArn: `arn:aws:sns:${region}:${accountId}:fanfold-local-events`,
    operator: 'an operator',
    sns,
    sqs: { send: goingOn(sqs.send) },
    quietMs: Number.POSITIVE_INFINITY,
    lambdaOf: () => lambda,
    // Schedules are run by the story.
    controls: () => [{ lambda, events: { send: async () => ({ Rules: [] }) } }],
  } as unknown as Cloud;
}

async function invoke(world: World, { FunctionName = '', Payload = '' }: InvokeCommandInput) {
  const [, service, functionKey] = /^fanfold-(\w+)-local-(\w+)$/.exec(FunctionName) ?? [];
  const outcome = await world.run(`${service}.${functionKey}`, JSON.parse(String(Payload)));
  if (outcome.status === 'killed') throw new Error(`${FunctionName} ended without an answer.`);
  const isFailed = outcome.status === 'threw';
  const answer = isFailed ? { errorMessage: outcome.error.message } : outcome.value;
  return {
    ...(isFailed && { FunctionError: 'Unhandled' }),
    Payload: { transformToString: () => JSON.stringify(answer ?? null) },
  };
}

/** Requests of stopped services are refused. */
const concurrencyIn = (world: World, { FunctionName = '' }: { FunctionName?: string | undefined }) =>
  [...world.stopped].some((service) => FunctionName.startsWith(`fanfold-${service}-`))
    ? { ReservedConcurrentExecutions: 0 }
    : {};

/** What Lambda lists of the consumers: those of stopped services are disabled. */
const mappingsIn = async (world: World) => ({
  EventSourceMappings: servicesUnderTest.map((service) => ({
    UUID: service,
    FunctionArn: `arn:aws:lambda:${region}:${accountId}:function:fanfold-${service}-local-consumer`,
    EventSourceArn: `arn:aws:sqs:${region}:${accountId}:fanfold-local-${service}-events`,
    State: world.stopped.has(service) ? 'Disabled' : 'Enabled',
  })),
});
