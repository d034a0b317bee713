import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import type { Cloud } from '../../aws/cloud.ts';
import { auditRestoration } from './audit.ts';
import type { RestoreRun } from './restoration.ts';

/** Audit's functions, with a log of three entries of which two have no event, and its queue. */
const [lambda, sqs] = [mockClient(LambdaClient), mockClient(SQSClient)];
let hidden: number;

beforeEach(() => {
  hidden = 0;
  lambda.reset();
  lambda.on(InvokeCommand).callsFake(({ Payload }) => {
    const { read, restore } = JSON.parse(Payload);
    const answers: Record<string, object> = {
      log: { misfits: [], lack: null },
      plan: { size: 3, published: 3, fitting: 3, from: null, to: null, isForked: false },
      open: {
        count: 2,
        days: { '2026-11-23': { 'payment.captured.v1': 1, 'operator.acted.v1': 1 } },
        entries: ['payment.captured.v1', 'operator.acted.v1'].map((type, position) => ({
          ...{ position, type },
          time: '2026-11-23T10:00:00.000Z',
        })),
      },
    };
    return { Payload: { transformToString: () => JSON.stringify(answers[read ?? restore]) } };
  });
  sqs.on(GetQueueUrlCommand).resolves({ QueueUrl: 'queue' });
  sqs.on(GetQueueAttributesCommand).callsFake(() => ({
    Attributes: { ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: String(hidden) },
  }));
});

const cloud = {
  stage: 'test',
  region: 'eu-west-1',
  lambdaOf: () => new LambdaClient({ region: 'eu-west-1' }),
  sqs: new SQSClient({ region: 'eu-west-1' }),
  stages: ['test'],
} as unknown as Cloud;
const run: RestoreRun = {
  step: (_what, _total, work) => work(() => {}),
  isDry: false,
  pause: async () => {},
  signal: new AbortController().signal,
};
const prove = async () => {
  const { holds, lines } = await auditRestoration.prove(cloud, run);
  return { holds, text: lines.join('\n') };
};

it('Entries without an event are not called lost while messages that may have it wait in the queue', async () => {
  hidden = 6;
  const { holds, text } = await prove();
  expect(holds).toBe(false);
  expect(text).toContain("They need not be lost: 6 messages wait in audit's queue");
  expect(text).toContain('Then run `fanfold restore audit --stage test --region eu-west-1` again');
});

it('Entries without an event say which of them can come back when no message waits', async () => {
  const { holds, text } = await prove();
  expect(holds).toBe(false);
  expect(text).toContain('2 entries have no event, of 2026-11-23:');
  expect(text).toContain('  at 1: operator.acted.v1 of 2026-11-23T10:00:00.000Z');
  expect(text).not.toContain('They need not be lost');
  expect(text).toContain('What is neither there nor in a queue is lost');
});
