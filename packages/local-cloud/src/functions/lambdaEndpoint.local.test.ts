import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  TooManyRequestsException,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { startSwitchableMapping } from '../mappings/switchableMapping.ts';
import { type LambdaEndpoint, startLambdaEndpoint } from './lambdaEndpoint.ts';
import { reservedConcurrency } from './reservedConcurrency.ts';
import { startSchedules } from './schedules.ts';

// The calls that switch what runs functions, as the SDK makes them. serviceRuntime.local.test.ts runs functions.

const eventSourceArn = 'arn:aws:sqs:eu-west-1:000000000000:fanfold-local-billing-events';
const stopped = Promise.withResolvers<void>();
const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
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
  const concurrency = reservedConcurrency(async () => {
    begun.resolve();
    await ended.promise;
  });
  endpoint = await startLambdaEndpoint({
    invoke: concurrency.invoke,
    concurrency,
    functionNames: ['fanfold-payments-local-createPayment'],
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

it('a function is closed once its runs have ended, and opened', async () => {
  const FunctionName = 'fanfold-payments-local-createPayment';
  const reserved = async () =>
    (await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }))).ReservedConcurrentExecutions;
  const invoke = () => lambda.send(new InvokeCommand({ FunctionName }));
  expect(await reserved()).toBeUndefined();
  const happened: string[] = [];
  const running = invoke().then(() => happened.push('ended'));
  await begun.promise;
  const closing = lambda
    .send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }))
    .then(() => happened.push('closed'));
  await vi.waitFor(async () => expect(await reserved()).toBe(0), 10_000);
  expect(happened).toEqual([]);
  ended.resolve();
  await Promise.all([running, closing]);
  expect([...happened].sort()).toEqual(['closed', 'ended']);
  const once = new LambdaClient({ ...clientConfiguration(endpoint.url), maxAttempts: 1 });
  await expect(once.send(new InvokeCommand({ FunctionName }))).rejects.toThrow(TooManyRequestsException);
  await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  expect(await reserved()).toBeUndefined();
  expect((await invoke()).StatusCode).toBe(200);
  await expect(lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: 'none' }))).rejects.toThrow(
    ResourceNotFoundException,
  );
});
