import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListTopicsCommand, PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it, vi } from 'vitest';
import { eraseRequest } from '../../../services/audit/src/erase/eraseRequest.ts';
import { confirms } from '../aws/batchFixtures.ts';
import { UsageError } from '../errors.ts';
import { erase } from './erase.ts';

const sts = mockClient(STSClient);
const sns = mockClient(SNSClient);
const lambda = mockClient(LambdaClient);
const print = vi.spyOn(console, 'log');
const printed = () => print.mock.calls.flat().join('\n');
const options = { stage: 'test', merchant: 'acme' };

/** What audit has of anybody. */
let readable: string[];
let erasures: object[];
const erasure = { dataSubject: 'pay_1', erasedAt: '2026-03-03T10:00:00.000Z', operationId: 'op_before' };

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  print.mockReset().mockReturnValue();
  for (const client of [sts, sns, lambda]) client.reset();
  sts.on(GetCallerIdentityCommand).resolves({ Account: '123456789012', Arn: 'arn:aws:iam::1:user/ada' });
  sns.on(ListTopicsCommand).resolves({
    Topics: [{ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:fanfold-test-events' }],
  });
  sns.on(PublishBatchCommand).callsFake(confirms());
  [readable, erasures] = [['pay_1'], []];
  lambda.on(InvokeCommand).callsFake(({ Payload }) => {
    const request = eraseRequest.parse(JSON.parse(Payload));
    const answer =
      'dryRun' in request ? { readable, erasures } : [{ ...erasure, operationId: request.operationId }];
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });
});

const asked = () =>
  lambda.commandCalls(InvokeCommand).map(({ args }) => JSON.parse(String(args[0].input.Payload)));
const orders = () => sns.commandCalls(PublishBatchCommand).length;
const onlyLooked = () => {
  expect(asked().map(({ dryRun }) => dryRun)).toEqual([true]);
  expect(orders()).toBe(0);
};

it('what nothing is recorded of is told so, and nothing is ordered', async () => {
  readable = [];
  const erased = erase('pay_9', { ...options, yes: true });
  await expect(erased).rejects.not.toThrow(UsageError);
  await expect(erased).rejects.toThrow('Nothing is recorded of pay_9 for the merchant acme in test');
  expect(orders()).toBe(0);
});

it('nothing is erased where nobody can be asked, unless it is said that nobody has to be', async () => {
  const erased = erase('inv_1', options);
  await expect(erased).rejects.toThrow(UsageError);
  await expect(erased).rejects.toThrow('Use --yes');
  onlyLooked();
});

it('a dry run says what would be erased', async () => {
  await erase('inv_1', { ...options, dryRun: true });
  expect(printed()).toBe(
    'Would be erased: all that the log of test has of pay_1 of acme, and of its customer.',
  );
  onlyLooked();
});

it('what was confirmed is said in the audit trail, and then erased', async () => {
  await erase('inv_1', { ...options, yes: true, reason: 'request 4711' });
  const [, order] = asked();
  expect(order).toMatchObject({ merchantId: 'acme', subject: 'inv_1', reason: 'request 4711' });
  expect(printed()).toBe(
    `pay_1: erased at ${erasure.erasedAt} by ${order.operationId}\n` +
      `In the audit trail: ${order.operationId}. \`fanfold trace ${order.operationId} --stage test --region eu-west-1\` shows it.`,
  );
  expect(
    sns.commandCalls(PublishBatchCommand)[0]?.calledBefore(lambda.commandCalls(InvokeCommand)[1] as never),
  ).toBe(true);
});

it('what was erased before is told with when and by which order, and not ordered again', async () => {
  [readable, erasures] = [[], [erasure]];
  await erase('pay_1', { ...options, yes: true });
  expect(printed()).toMatch(/^pay_1: erased at 2026-03-03T10:00:00.000Z by op_before\n/);
  onlyLooked();
});

it('in AWS it has to be said whose it is', async () => {
  await expect(erase('pay_1', { stage: 'test', yes: true })).rejects.toThrow('with --merchant <id>');
  expect(asked()).toEqual([]);
});
