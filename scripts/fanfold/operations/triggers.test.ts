import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { ListTopicsCommand, PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { confirms } from '../aws/batchFixtures.ts';
import { cloudOf } from '../aws/cloud.ts';
import { UsageError } from '../errors.ts';
import { requireStopped, switchTriggers } from './triggers.ts';

/** Two stages in AWS, one of whose names begins with the other's, which take time to switch a mapping as Lambda does. */
const [sts, sns, lambda, events] = [
  mockClient(STSClient),
  mockClient(SNSClient),
  mockClient(LambdaClient),
  mockClient(EventBridgeClient),
];
const account = '123456789012';
let mappings: { UUID: string; FunctionArn: string; EventSourceArn: string; State: string }[];
let rules: { Name: string; ScheduleExpression?: string; State: 'ENABLED' | 'DISABLED' }[];
/** Of each function that is deployed; undefined if it reserves none. */
let reserved: Map<string, number | undefined>;
/** How many seconds each function may take. */
const timeouts: Record<string, number> = {
  'fanfold-billing-test-consumer': 30,
  'fanfold-payments-test-janitor': 900,
  'fanfold-payments-test-createPayment': 15,
  'fanfold-payments-test-refundPayment': 15,
};
/** What was changed, in order. */
let changes: string[];

vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => {
    if (ms > 1_000) changes.push(`${ms} ms later`);
    settle();
  },
}));

/** Time goes by: what was being switched is. */
function settle(): void {
  for (const mapping of mappings) {
    mapping.State = mapping.State.replace('Disabling', 'Disabled').replace('Enabling', 'Enabled');
  }
}

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  for (const client of [sts, sns, lambda, events]) client.reset();
  const mapping = (UUID: string, functionName: string, source: string, State = 'Enabled') => ({
    UUID,
    FunctionArn: `arn:aws:lambda:eu-west-1:${account}:function:${functionName}`,
    EventSourceArn: source,
    State,
  });
  const queue = `arn:aws:sqs:eu-west-1:${account}:fanfold-test-billing-events`;
  const stream = `arn:aws:dynamodb:eu-west-1:${account}:table/fanfold-test-billing/stream/2026-11-30T00:00:00.000`;
  mappings = [
    mapping('1', 'fanfold-billing-test-consumer', queue),
    mapping('2', 'fanfold-billing-test-publisher', stream, 'Enabling'),
    mapping('3', 'fanfold-billing-eu-test-consumer', queue),
    mapping('4', 'fanfold-billing-test-eu-consumer', queue),
    mapping('5', 'somebody-elses', queue),
  ];
  rules = [
    { Name: 'fanfold-test-payments-janitor', ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' },
    { Name: 'fanfold-test-eu-payments-janitor', ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' },
  ];
  reserved = new Map([
    ['fanfold-payments-test-createPayment', undefined],
    ['fanfold-payments-test-refundPayment', undefined],
  ]);
  changes = [];
  sts.on(GetCallerIdentityCommand).resolves({ Account: account, Arn: `arn:aws:iam::${account}:user/ada` });
  sns.on(ListTopicsCommand).resolves({
    Topics: ['test', 'test-eu', 'eu-test'].map((stage) => ({
      TopicArn: `arn:aws:sns:eu-west-1:${account}:fanfold-${stage}-events`,
    })),
  });
  sns.on(PublishBatchCommand).callsFake((input) => {
    changes.push(`ordered: ${JSON.parse(input.PublishBatchRequestEntries[0].Message).data.command}`);
    return confirms()(input);
  });
  lambda.on(ListEventSourceMappingsCommand).callsFake(({ Marker }) => ({
    EventSourceMappings: Marker ? mappings.slice(2) : mappings.slice(0, 2),
    ...(!Marker && { NextMarker: 'more' }),
  }));
  lambda.on(UpdateEventSourceMappingCommand).callsFake(({ UUID, Enabled }) => {
    const found = mappings.find((each) => each.UUID === UUID);
    if (!found || /ing$/.test(found.State)) {
      throw new ResourceInUseException({ message: 'it is being changed', $metadata: {} });
    }
    found.State = Enabled ? 'Enabling' : 'Disabling';
    changes.push(`${found.State} ${found.FunctionArn.split(':').at(-1)}`);
    return {};
  });
  const requireFunction = (name: string) => {
    if (!reserved.has(name)) throw new ResourceNotFoundException({ message: name, $metadata: {} });
  };
  lambda.on(GetFunctionConcurrencyCommand).callsFake(({ FunctionName }) => {
    requireFunction(FunctionName);
    const ReservedConcurrentExecutions = reserved.get(FunctionName);
    return ReservedConcurrentExecutions === undefined ? {} : { ReservedConcurrentExecutions };
  });
  lambda.on(InvokeCommand).callsFake(({ FunctionName }) => {
    changes.push(`${FunctionName} runs`);
    return { Payload: { transformToString: () => '{}' } };
  });
  lambda
    .on(GetFunctionConfigurationCommand)
    .callsFake(({ FunctionName }) => ({ Timeout: timeouts[FunctionName] }));
  lambda.on(PutFunctionConcurrencyCommand).callsFake(({ FunctionName, ReservedConcurrentExecutions }) => {
    requireFunction(FunctionName);
    reserved.set(FunctionName, ReservedConcurrentExecutions);
    changes.push(`${ReservedConcurrentExecutions} of ${FunctionName}`);
    return {};
  });
  lambda.on(DeleteFunctionConcurrencyCommand).callsFake(({ FunctionName }) => {
    requireFunction(FunctionName);
    reserved.set(FunctionName, undefined);
    changes.push(`any of ${FunctionName}`);
    return {};
  });
  events.on(ListRulesCommand).callsFake(({ NamePrefix, NextToken }) => {
    const found = rules.filter(({ Name }) => Name.startsWith(NamePrefix));
    return NextToken ? { Rules: found.slice(1) } : { Rules: found.slice(0, 1), NextToken: 'more' };
  });
  const set = (Name: string, State: 'ENABLED' | 'DISABLED') => {
    const found = rules.find((each) => each.Name === Name);
    if (found) found.State = State;
    changes.push(`${State} ${Name}`);
    return {};
  };
  events.on(EnableRuleCommand).callsFake(({ Name }) => set(Name, 'ENABLED'));
  events.on(DisableRuleCommand).callsFake(({ Name }) => set(Name, 'DISABLED'));
});

const test = () => cloudOf({ stage: 'test', region: 'eu-west-1' });

it('a stage is stopped: its writing requests, mappings and schedules, and those of no other, after it was recorded; and at last its publishers', async () => {
  const { operationId, triggers } = await switchTriggers(await test(), { on: false });
  expect(operationId).toMatch(/^op_/);
  expect(triggers).toEqual([
    {
      service: 'billing',
      functionKey: 'consumer',
      kind: 'queue',
      source: 'fanfold-test-billing-events',
      state: 'off',
    },
    {
      service: 'billing',
      functionKey: 'publisher',
      kind: 'stream',
      source: 'fanfold-test-billing',
      state: 'off',
    },
    {
      service: 'payments',
      functionKey: 'createPayment',
      kind: 'api',
      source: 'POST /payments',
      state: 'off',
    },
    { service: 'payments', functionKey: 'janitor', kind: 'schedule', source: 'rate(1 minute)', state: 'off' },
    {
      service: 'payments',
      functionKey: 'refundPayment',
      kind: 'api',
      source: 'POST /payments/{id}/refunds',
      state: 'off',
    },
  ]);
  expect(changes).toEqual([
    'ordered: stage stop',
    'Disabling fanfold-billing-test-consumer',
    '0 of fanfold-payments-test-createPayment',
    'DISABLED fanfold-test-payments-janitor',
    '0 of fanfold-payments-test-refundPayment',
    // What has begun ends, but for what takes longer than a minute, and is published.
    '65000 ms later',
    'fanfold-billing-test-markTable runs',
    'fanfold-payments-test-markTable runs',
    'Disabling fanfold-billing-test-publisher',
  ]);
});

it('of a service, as long is waited before its publisher stops as the longest of its functions may take', async () => {
  await switchTriggers(await test(), { on: false, services: ['billing'] });
  expect(changes).toEqual([
    'ordered: stage stop',
    'Disabling fanfold-billing-test-consumer',
    '35000 ms later',
    'fanfold-billing-test-markTable runs',
    'Disabling fanfold-billing-test-publisher',
  ]);
});

it('a service that could not note how far its table is stops all the same, and that is told', async () => {
  lambda.on(InvokeCommand).resolves({
    FunctionError: 'Unhandled',
    Payload: { transformToString: () => '{"errorMessage":"no bucket"}' } as never,
  });
  const { triggers, warnings } = await switchTriggers(await test(), { on: false, services: ['billing'] });
  expect(triggers.every(({ state }) => state === 'off')).toBe(true);
  expect(warnings).toEqual([expect.stringMatching(/^How far billing's table is .*: .*no bucket/)]);
});

it('one trigger of a service is stopped, and a publisher at once as what writes goes on', async () => {
  const only = { functionKey: 'publisher', kind: 'stream' } as const;
  const { triggers } = await switchTriggers(await test(), { on: false, services: ['billing'], only });
  expect(triggers).toMatchObject([{ service: 'billing', functionKey: 'publisher', state: 'off' }]);
  expect(changes).toEqual(['ordered: stage stop', 'Disabling fanfold-billing-test-publisher']);
  const [ordered] = sns.commandCalls(PublishBatchCommand);
  const [entry] = ordered?.args[0].input.PublishBatchRequestEntries ?? [];
  // Whoever reads the audit trail must not take it for a stop of the whole service.
  expect(JSON.parse(entry?.Message ?? '').data.filters).toEqual({ service: 'billing', ...only });
  const none = switchTriggers(await test(), {
    on: false,
    services: ['billing'],
    only: { functionKey: 'janitor', kind: 'schedule' },
  });
  await expect(none).rejects.toThrow('test has no schedule that runs janitor of billing.');
});

describe('the order to stop audit', () => {
  beforeEach(() => {
    settle();
    mappings.push({
      UUID: '6',
      FunctionArn: `arn:aws:lambda:eu-west-1:${account}:function:fanfold-audit-test-consumer`,
      EventSourceArn: `arn:aws:sqs:eu-west-1:${account}:fanfold-test-audit-events`,
      State: 'Enabled',
    });
  });

  it('waits in its queue, so that it is not lost with a table that is put back', async () => {
    await switchTriggers(await test(), { on: false, services: ['audit'] });
    expect(changes).toEqual([
      'Disabling fanfold-audit-test-consumer',
      'ordered: stage stop',
      'fanfold-audit-test-publishLog runs',
    ]);
  });

  it('that is refused leaves audit on', async () => {
    sns.on(PublishBatchCommand).rejects(new Error('AccessDenied'));
    await expect(switchTriggers(await test(), { on: false })).rejects.toThrow('AccessDenied');
    expect(changes).toEqual([
      'Disabling fanfold-audit-test-consumer',
      'Enabling fanfold-audit-test-consumer',
    ]);
  });
});

it('what is stopped already is not ordered again, and is started again', async () => {
  await switchTriggers(await test(), { on: false });
  changes = [];
  expect((await switchTriggers(await test(), { on: false })).operationId).toBeNull();
  expect(changes).toEqual([]);
  await switchTriggers(await test(), { on: true, services: ['billing'] });
  expect(changes).toEqual([
    'ordered: stage start',
    'Enabling fanfold-billing-test-consumer',
    'Enabling fanfold-billing-test-publisher',
  ]);
});

it('requests are let in again, and only those that were not', async () => {
  reserved.set('fanfold-payments-test-createPayment', 0);
  await switchTriggers(await test(), { on: true, services: ['payments'] });
  expect(changes).toEqual(['ordered: stage start', 'any of fanfold-payments-test-createPayment']);
});

it('what must not meet a running function is refused until it is stopped', async () => {
  const cloud = await test();
  settle();
  await expect(requireStopped(cloud, ['billing'])).rejects.toThrow(
    'billing consumer, billing publisher may run meanwhile. First: `fanfold stage stop --service billing --stage test --region eu-west-1`',
  );
  await switchTriggers(cloud, { on: false, services: ['billing'] });
  await requireStopped(cloud, ['billing']);
  await expect(requireStopped(cloud, ['billing', 'payments'])).rejects.toThrow(
    'payments createPayment, payments janitor, payments refundPayment',
  );
});

it('a service that the stage does not have is refused', async () => {
  const switching = switchTriggers(await test(), { on: false, services: ['loyalty'] });
  await expect(switching).rejects.toThrow(UsageError);
  await expect(switching).rejects.toThrow('of loyalty. Services there: billing, payments.');
  expect(changes).toEqual([]);
});

it('what does not become so is named', async () => {
  let now = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => {
    now += 60_000;
    return now;
  });
  lambda
    .on(UpdateEventSourceMappingCommand)
    .rejects(new ResourceInUseException({ message: 'busy', $metadata: {} }));
  await expect(switchTriggers(await test(), { on: false })).rejects.toThrow('billing consumer: its queue');
});
