import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import {
  LambdaClient,
  ListEventSourceMappingsCommand,
  ResourceInUseException,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { startSwitchableMapping } from '../mappings/switchableMapping.ts';
import { type LambdaEndpoint, startLambdaEndpoint } from './lambdaEndpoint.ts';
import { startSchedules } from './schedules.ts';

// The calls that switch what runs functions, as the SDK makes them. serviceRuntime.local.test.ts runs functions.

const eventSourceArn = 'arn:aws:sqs:eu-west-1:000000000000:fanfold-local-billing-events';
const stopped = Promise.withResolvers<void>();
let endpoint: LambdaEndpoint;
let lambda: LambdaClient;
let events: EventBridgeClient;

beforeAll(async () => {
  const mapping = await startSwitchableMapping(
    { functionName: 'fanfold-billing-local-consumer', eventSourceArn, enabled: true },
    async () => ({ stop: () => stopped.promise, idle: async () => {} }),
  );
  const Targets = [{ Arn: 'arn:aws:lambda:eu-west-1:000000000000:function:clock' }];
  const rule = (Name: string) => ({
    Type: 'AWS::Events::Rule',
    Properties: { Name, ScheduleExpression: 'rate(1 minute)', Targets },
  });
  const schedules = startSchedules({
    resources: { A: rule('fanfold-local-payments-janitor'), B: rule('another') },
    invoke: async () => {},
    onError: () => {},
  });
  endpoint = await startLambdaEndpoint({
    invoke: async () => {},
    mappings: [mapping],
    schedules: schedules.all,
  });
  lambda = new LambdaClient(clientConfiguration(endpoint.url));
  events = new EventBridgeClient(clientConfiguration(endpoint.url));
  return () => schedules.stop();
});

afterAll(() => endpoint.stop());

it('a mapping is listed and switched, and not twice at once', async () => {
  const list = async () =>
    (await lambda.send(new ListEventSourceMappingsCommand({}))).EventSourceMappings ?? [];
  const [{ UUID = '', ...facts } = {}] = await list();
  expect(facts).toEqual({
    FunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:fanfold-billing-local-consumer',
    EventSourceArn: eventSourceArn,
    State: 'Enabled',
  });
  const update = (Enabled: boolean) => lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
  expect(await update(false)).toMatchObject({ UUID, State: 'Disabling' });
  await expect(update(true)).rejects.toThrow(ResourceInUseException);
  stopped.resolve();
  expect(await list()).toMatchObject([{ State: 'Disabled' }]);
});

it('rules are listed by what their names begin with, disabled and enabled', async () => {
  const states = async () =>
    (await events.send(new ListRulesCommand({ NamePrefix: 'fanfold-local-' }))).Rules?.map(
      ({ Name, ScheduleExpression, State }) => [Name, ScheduleExpression, State],
    );
  const Name = 'fanfold-local-payments-janitor';
  expect(await states()).toEqual([[Name, 'rate(1 minute)', 'ENABLED']]);
  await events.send(new DisableRuleCommand({ Name }));
  expect(await states()).toEqual([[Name, 'rate(1 minute)', 'DISABLED']]);
  await events.send(new EnableRuleCommand({ Name }));
  expect(await states()).toEqual([[Name, 'rate(1 minute)', 'ENABLED']]);
  await expect(events.send(new DisableRuleCommand({ Name: 'none' }))).rejects.toThrow();
});
