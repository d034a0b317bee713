import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import {
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  type PublishBatchRequestEntry,
  SNSClient,
} from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { confirms } from '../aws/batchFixtures.ts';
import { UsageError } from '../errors.ts';
import { discard, redrive, show } from './dlq.ts';
import { replay } from './replay.ts';
import { republish } from './republish.ts';

/** What the commands do when AWS refuses, wholly or in part, which the emulators never do. */
const [sns, sqs, s3, sts, lambda] = [
  mockClient(SNSClient),
  mockClient(SQSClient),
  mockClient(S3Client),
  mockClient(STSClient),
  mockClient(LambdaClient),
];

// Each command listens for Ctrl-C once, for as long as its process lives; here they share one.
process.setMaxListeners(50);

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.spyOn(console, 'log').mockReset().mockReturnValue();
  vi.spyOn(console, 'error').mockReturnValue();
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  for (const client of [sns, sqs, s3, sts, lambda]) client.reset();
  sts
    .on(GetCallerIdentityCommand)
    .resolves({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/ada' });
  sns.on(ListTopicsCommand).resolves({
    Topics: [{ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:fanfold-test-events' }],
  });
  sns.on(PublishBatchCommand).callsFake(confirms());
  s3.on(ListBucketsCommand).resolves({});
  sqs
    .on(ListQueuesCommand)
    .resolves({ QueueUrls: ['https://sqs/1/fanfold-test-billing-events-dead-letters'] });
  sqs.on(GetQueueUrlCommand).resolves({ QueueUrl: 'https://sqs/1/fanfold-test-billing-events' });
  sqs.on(GetQueueAttributesCommand).resolves({});
  sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(confirms());
  sqs.on(SendMessageBatchCommand).callsFake(confirms());
  sqs.on(DeleteMessageBatchCommand).callsFake(confirms());
  const messages = [{ MessageId: 'message-1', ReceiptHandle: 'receipt-1', Body: '{}' }];
  sqs.on(ReceiveMessageCommand).callsFake(() => ({ Messages: messages.splice(0) }));
});

const denied = new Error('AccessDenied: not authorized to perform sns:Publish');
const namesOf = (client: typeof sqs | typeof sns) =>
  client.calls().map(({ args }) => args[0].constructor.name);

describe('dead letters', () => {
  const options = { stage: 'test', all: true, rate: 100 } as const;

  it.each([
    ['redriven', () => redrive([], options)],
    ['discarded', () => discard([], { ...options, reason: 'a test' })],
  ])('are not %s when that cannot be said, and are released', async (_, command) => {
    sns.on(PublishBatchCommand).rejects(denied);
    await expect(command()).rejects.toThrow('Nothing was done, because the order could not be published');
    expect(namesOf(sqs)).not.toContain('SendMessageBatchCommand');
    expect(namesOf(sqs)).not.toContain('DeleteMessageBatchCommand');
    expect(sqs.commandCalls(ChangeMessageVisibilityBatchCommand).at(-1)?.args[0].input.Entries).toMatchObject(
      [{ ReceiptHandle: 'receipt-1', VisibilityTimeout: 0 }],
    );
  });

  it('that are none are no fault: not of who looks at all of them, redrives or discards them', async () => {
    sqs.on(ReceiveMessageCommand).resolves({});
    await show([], { stage: 'test', all: true });
    await redrive([], options);
    await discard([], { ...options, reason: 'a test' });
    expect(vi.mocked(console.log).mock.calls.flat()).toEqual(
      Array(3).fill('There are no dead letters in test.'),
    );
  });

  it('are sent in as many calls as their bodies and attributes take together', async () => {
    const attribute = { DataType: 'String', StringValue: 'x'.repeat(300) };
    const messages = Array.from({ length: 10 }, (_, n) => ({
      MessageId: `message-${n}`,
      ReceiptHandle: `receipt-${n}`,
      // Ten of these are less than 256 KiB, and more with their attributes.
      Body: 'x'.repeat(26_000),
      MessageAttributes: { type: attribute },
    }));
    sqs.on(ReceiveMessageCommand).callsFake(() => ({ Messages: messages.splice(0) }));
    await redrive([], options);
    const sizes = sqs.commandCalls(SendMessageBatchCommand).map(({ args }) => args[0].input.Entries?.length);
    expect(sizes).toEqual([9, 1]);
  });

  it('are looked for, shown and followed up in the region that was given', async () => {
    const region = 'eu-central-1';
    await redrive([], { ...options, region });
    expect(vi.mocked(console.log).mock.calls.flat().join('\n')).toMatch(
      /^1 of 1 redriven\. In the audit trail: (op_\w+)\. `fanfold trace \1 --stage test --region eu-central-1` shows it\.$/,
    );
    await expect(redrive(['no-such-id'], { stage: 'test', region, rate: 100 })).rejects.toThrow(
      'See `fanfold dlq list --stage test --region eu-central-1`.',
    );
    await expect(async () => show([], { stage: 'test', region })).rejects.toThrow(
      '`fanfold dlq list --stage test --region eu-central-1` shows what there is.',
    );
  });

  it('with an id that none has are not found, and may be out of sight', async () => {
    const { all: _, ...rest } = options;
    const unknown = redrive(['no-such-id'], rest);
    await expect(unknown).rejects.toThrow('No dead letter has the id no-such-id');
    await expect(unknown).rejects.not.toThrow(UsageError);
    sqs
      .on(GetQueueAttributesCommand)
      .resolves({ Attributes: { ApproximateNumberOfMessagesNotVisible: '5' } });
    await expect(redrive(['no-such-id'], rest)).rejects.toThrow('5 more at');
  });

  it('that cannot be sent stay, are released, and are told of', async () => {
    sqs.on(SendMessageBatchCommand).rejects(new Error('AccessDenied'));
    await expect(redrive([], options)).rejects.toThrow(
      'AccessDenied. The others are where they were: run the command again.',
    );
    expect(namesOf(sqs)).not.toContain('DeleteMessageBatchCommand');
    expect(namesOf(sqs).at(-1)).toBe('ChangeMessageVisibilityBatchCommand');
  });

  it('of which one is not taken are told of with the reason', async () => {
    sqs
      .on(SendMessageBatchCommand)
      .callsFake(confirms({ Id: '0', Code: 'InvalidMessageContents', Message: 'no' }));
    await expect(redrive([], options)).rejects.toThrow(
      'message-1 is not redriven: InvalidMessageContents: no',
    );
  });
});

describe('a replay', () => {
  const options = {
    stage: 'test',
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-02T00:00:00.000Z',
    rate: 1000,
  };
  const count = 25;
  const events = Array.from({ length: count }, (_, i) => ({
    merchantId: 'acme',
    id: `pay_${i}:1`,
    type: 'payment.captured.v1',
    position: 100 + i,
  }));
  const answer = (value: unknown) => ({
    Payload: { transformToString: () => JSON.stringify(value) } as never,
  });
  /** The ids of replayed events, call by call. */
  const sent = () =>
    sns
      .commandCalls(PublishBatchCommand)
      .map(({ args }) => args[0].input.PublishBatchRequestEntries ?? [])
      .filter(([first]) => first?.MessageAttributes?.replay)
      .map((entries) => entries.map(({ Message = '' }) => JSON.parse(Message).id));

  beforeEach(() => {
    // In two parts, the second one first; texts seven at a time.
    lambda.on(InvokeCommand).callsFake(({ Payload }) => {
      const request = JSON.parse(Payload);
      if (request.read === 'texts') {
        const texts = (request.events as typeof events).slice(0, 7);
        return answer(
          texts.map(({ id, position }) => ({
            position,
            text: JSON.stringify({ id, type: 't', source: 's', subject: 'x', merchantid: 'acme' }),
          })),
        );
      }
      return answer(
        request.after ? { events: events.slice(0, 10) } : { events: events.slice(10), next: 'more' },
      );
    });
  });

  it('sends every event once, in the order of the log, however the log gives them', async () => {
    await replay(options);
    expect(sent().flat()).toEqual(events.map(({ id }) => id));
  });

  describe('with a closed day in its range', () => {
    const closing = {
      ...(events[0] as (typeof events)[0]),
      id: 'day_1:1',
      type: 'payments.day-closed.v1',
      position: 999,
    };
    beforeEach(() => {
      events.push(closing);
      return () => void events.pop();
    });
    const printed = () => vi.mocked(console.log).mock.calls.flat().join('\n');

    it('leaves it out, and says so', async () => {
      await replay(options);
      expect(sent().flat()).toHaveLength(count);
      expect(printed()).toContain('Left out: 1 of type payments.day-closed.v1,');
    });

    it('sends it when its type is named', async () => {
      await replay({ ...options, type: closing.type });
      expect(sent().flat()).toContain('day_1:1');
      expect(printed()).not.toContain('Left out');
    });

    it('and nothing else says why nothing is sent', async () => {
      await expect(replay({ ...options, after: 998 })).rejects.toThrow(
        /No recorded event matches.*\nLeft out: 1 of/,
      );
    });
  });

  it('of a type that is not known tells which are', async () => {
    lambda.on(InvokeCommand).resolves(answer({ events: [] }));
    const mistyped = replay({ ...options, type: 'payment.captred.v1' });
    await expect(mistyped).rejects.toThrow(UsageError);
    await expect(mistyped).rejects.toThrow(
      'is no type of event that is known here. These are: payment.authorized.v1,',
    );
  });

  it('until the future is asked for wrongly, and told what is wrong with the queue as well', async () => {
    const arn = 'arn:aws:sqs:eu-west-1:123456789012:fanfold-test-billing-events';
    sns
      .on(ListSubscriptionsByTopicCommand)
      .resolves({ Subscriptions: [{ Protocol: 'sqs', Endpoint: arn, SubscriptionArn: 'arn' }] });
    const future = { ...options, to: '2999-01-01T00:00:00.000Z', toQueue: 'shipping' };
    await expect(replay(future)).rejects.toThrow(UsageError);
    await expect(replay(future)).rejects.toThrow(
      /^--to 2999.* is in the future.*\nNo queue shipping is subscribed .*\n {2}fanfold-test-billing-events$/,
    );
    sns.on(ListTopicsCommand).rejects(denied);
    await expect(replay(future)).rejects.toThrow(/^--to 2999.* is in the future[^\n]*$/);
  });

  it('goes on behind a position', async () => {
    await replay({ ...options, after: 120 });
    expect(sent().flat()).toEqual(events.slice(21).map(({ id }) => id));
  });

  it('sends nothing when that cannot be said', async () => {
    sns.on(PublishBatchCommand).rejects(denied);
    await expect(replay(options)).rejects.toThrow(
      'Nothing was done, because the order could not be published',
    );
    expect(sent()).toEqual([]);
  });

  it('sends what was not taken again, and nothing else of its batch', async () => {
    let calls = 0;
    sns.on(PublishBatchCommand).callsFake((input) => {
      const [first] = input.PublishBatchRequestEntries;
      const isReplay = (first as PublishBatchRequestEntry).MessageAttributes?.replay;
      const isRefused = isReplay && ++calls === 1;
      return confirms(isRefused ? { Id: '2', Code: 'Throttled' } : undefined)(input);
    });
    await replay(options);
    const [, again] = sent();
    expect(again).toEqual(['pay_2:1']);
    expect(new Set(sent().flat()).size).toBe(count);
  });

  it('that is refused in the middle tells where to go on', async () => {
    let calls = 0;
    sns.on(PublishBatchCommand).callsFake((input) => {
      const [first] = input.PublishBatchRequestEntries;
      if ((first as PublishBatchRequestEntry).MessageAttributes?.replay && ++calls > 1) throw denied;
      return confirms()(input);
    });
    await expect(replay(options)).rejects.toThrow(
      `${denied.message}. Continue with the same command and --after ${100 + 6}`,
    );
  });

  it('that is refused at once tells to begin again', async () => {
    sns.on(PublishBatchCommand).callsFake((input) => {
      const [first] = input.PublishBatchRequestEntries;
      if ((first as PublishBatchRequestEntry).MessageAttributes?.replay) throw denied;
      return confirms()(input);
    });
    await expect(replay(options)).rejects.toThrow(`${denied.message}. Run the same command again`);
  });
});

describe('a day that is said again', () => {
  const options = { stage: 'test', date: '2026-01-01' };
  const payload = (text: string) => ({ Payload: { transformToString: () => text } as never });
  const invoked = () =>
    lambda.commandCalls(InvokeCommand).map(({ args }) => [args[0].input.FunctionName, args[0].input.Payload]);

  it('is by payments and then by billing, after it was said, waiting for as long as they may take', async () => {
    lambda.on(InvokeCommand).resolves(payload('{"republished":3}'));
    await republish({ ...options, merchant: 'acme' });
    const asked = '{"date":"2026-01-01","merchantId":"acme"}';
    expect(invoked()).toEqual([
      ['fanfold-payments-test-republish', asked],
      ['fanfold-billing-test-republish', asked],
    ]);
    expect(
      sns.commandCalls(PublishBatchCommand)[0]?.calledBefore(lambda.commandCalls(InvokeCommand)[0] as never),
    ).toBe(true);
    const calls = lambda.commandCalls(InvokeCommand).map(({ args }): unknown[] => args);
    expect(calls.map(([, wait]) => wait)).toEqual([{ requestTimeout: 910_000 }, { requestTimeout: 910_000 }]);
  });

  it('is by one service if that is named', async () => {
    lambda.on(InvokeCommand).resolves(payload('{"republished":3}'));
    await republish({ ...options, service: 'billing' });
    expect(invoked()).toEqual([['fanfold-billing-test-republish', '{"date":"2026-01-01"}']]);
  });

  it('is not when that cannot be said, or is still to come', async () => {
    await expect(republish({ ...options, date: '2999-01-01' })).rejects.toThrow('is in the future');
    sns.on(PublishBatchCommand).rejects(denied);
    await expect(republish(options)).rejects.toThrow(
      'Nothing was done, because the order could not be published',
    );
    expect(invoked()).toEqual([]);
  });

  it.each([
    [
      'fails',
      { ...payload('{"errorMessage":"Time was up after 7"}'), FunctionError: 'Unhandled' },
      'Time was up after 7',
    ],
    ['does not count', payload('null'), 'returned no count'],
  ])('is not by billing when payments %s, and that is told', async (_, answer, told) => {
    lambda.on(InvokeCommand).resolves(answer);
    await expect(republish(options)).rejects.toThrow(told);
    expect(invoked()).toHaveLength(1);
  });
});
