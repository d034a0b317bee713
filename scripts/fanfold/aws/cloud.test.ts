import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../errors.ts';
import { cloudOf, invoke, longestMs } from './cloud.ts';

/** A stage in AWS, as far as it can be told without one. */
const sts = mockClient(STSClient);
const sns = mockClient(SNSClient);
const lambda = mockClient(LambdaClient);
const arnOf = (stage: string) => `arn:aws:sns:eu-west-1:123456789012:fanfold-${stage}-events`;
const operator = 'arn:aws:sts::123456789012:assumed-role/fanfold-test-operator/ada';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  for (const client of [sts, sns, lambda]) client.reset();
  sts.on(GetCallerIdentityCommand).resolves({ Account: '123456789012', Arn: operator });
  sns.on(ListTopicsCommand).resolves({ Topics: [{ TopicArn: arnOf('test-eu') }], NextToken: 'more' });
  sns.on(ListTopicsCommand, { NextToken: 'more' }).resolves({
    Topics: [{ TopicArn: arnOf('test') }, { TopicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms' }],
  });
});

it('a stage is known by its topic, and its operator by the ARN that AWS gives', async () => {
  const cloud = await cloudOf({ stage: 'test' });
  expect(cloud).toMatchObject({
    stage: 'test',
    stages: ['test-eu', 'test'],
    topicArn: arnOf('test'),
    operator,
  });
});

it('a stage without a topic is refused, with those that there are', async () => {
  const refused = cloudOf({ stage: 'tset' });
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(
    'There is no stage tset in eu-west-1, account 123456789012: no topic fanfold-tset-events. Check the stage and the region; stages there: test-eu, test.',
  );
});

it('without AWS_REGION a stage is where it is deployed without it, whatever a profile says', async () => {
  vi.stubEnv('AWS_REGION', undefined);
  const cloud = await cloudOf({ stage: 'test' });
  expect(cloud.region).toBe('eu-west-1');
  for (const client of [cloud.sns, cloud.sqs, cloud.s3, cloud.lambdaOf('audit'), cloud.kms()]) {
    expect(await client.config.region()).toBe('eu-west-1');
  }
});

it('a region that is given goes before AWS_REGION, for whatever is asked there', async () => {
  const cloud = await cloudOf({ stage: 'test', region: 'eu-central-1' });
  expect(cloud.region).toBe('eu-central-1');
  for (const client of [cloud.sns, cloud.sqs, cloud.s3, cloud.lambdaOf('audit'), cloud.kms()]) {
    expect(await client.config.region()).toBe('eu-central-1');
  }
});

it('whom AWS does not let in is told what to give', async () => {
  sts.on(GetCallerIdentityCommand).rejects(new Error('Could not load credentials from any providers'));
  await expect(cloudOf({ stage: 'test' })).rejects.toThrow(
    /^AWS refuses access: Could not load.*AWS_PROFILE and AWS_REGION/,
  );
});

describe('a function', () => {
  const answered = (payload: string, FunctionError?: string) =>
    lambda.on(InvokeCommand).resolves({
      Payload: Object.assign(Buffer.from(payload), { transformToString: () => payload }) as never,
      ...(FunctionError && { FunctionError }),
    });

  it('is run by its name, and gives its result', async () => {
    answered('{"events":[]}');
    expect(
      await invoke(await cloudOf({ stage: 'test' }), 'audit', 'exportEvents', { read: 'index' }),
    ).toEqual({
      events: [],
    });
    expect(lambda.commandCalls(InvokeCommand)[0]?.args[0].input).toEqual({
      FunctionName: 'fanfold-audit-test-exportEvents',
      Payload: '{"read":"index"}',
    });
  });

  it('is waited for as long as it may take, although nothing comes over the wire meanwhile', async () => {
    answered('{}');
    const cloud = await cloudOf({ stage: 'test' });
    await invoke(cloud, 'payments', 'republish', {}, longestMs);
    await invoke(cloud, 'audit', 'exportEvents', {});
    const patience = lambda.commandCalls(InvokeCommand).map(({ args }): unknown[] => args);
    expect(patience.map(([, options]) => options)).toEqual([
      { requestTimeout: 910_000 },
      { requestTimeout: 60_000 },
    ]);
    // A handler tells what it was made with only when it is used.
    const { configProvider } = cloud.lambdaOf('payments').config.requestHandler as unknown as {
      configProvider: Promise<{ socketTimeout: number }>;
    };
    expect(await configProvider).toMatchObject({ socketTimeout: 910_000 });
  });

  it('that fails is told of with its error', async () => {
    answered('{"errorMessage":"Task timed out"}', 'Unhandled');
    await expect(invoke(await cloudOf({ stage: 'test' }), 'audit', 'exportEvents', {})).rejects.toThrow(
      'fanfold-audit-test-exportEvents failed: Task timed out. See its log.',
    );
  });
});
