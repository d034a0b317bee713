import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { confirms } from '../aws/batchFixtures.ts';
import type { Cloud } from '../aws/cloud.ts';
import type { Send } from '../aws/sending.ts';
import { planReplay, replayEvents } from './replay.ts';

const [sns, lambda] = [mockClient(SNSClient), mockClient(LambdaClient)];
const client = new LambdaClient({});
const cloud = {
  stage: 'test',
  region: 'eu-west-1',
  operator: 'ada',
  sns: new SNSClient({}),
  lambdaOf: () => client,
} as unknown as Cloud;

/** Twelve events, of which the second one was erased. */
const events = Array.from({ length: 12 }, (_, i) => ({
  merchantId: 'acme',
  id: `pay_${i}:1`,
  type: 'payment.captured.v1',
  position: 100 + i,
}));
const textOf = ({ id, type }: (typeof events)[number]) =>
  JSON.stringify({ id, type, source: 's', subject: 'x', merchantid: 'acme' });

it('a replay says what it would send, and then how far it is: when it is ordered and after each batch', async () => {
  sns.on(PublishBatchCommand).callsFake(confirms());
  lambda.on(InvokeCommand).callsFake(({ Payload }) => {
    const { read } = JSON.parse(Payload);
    const texts = events.map((event, i) => ({
      position: event.position,
      text: i === 1 ? null : textOf(event),
    }));
    const answer = read === 'index' ? { events } : texts;
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });
  const plan = await planReplay(cloud, { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' });
  expect(plan).toMatchObject({ target: { name: 'the topic' }, events, leftOut: 0 });
  expect(sns.calls()).toEqual([]);

  const told = [];
  const rate = { ratePerSecond: 1000, signal: new AbortController().signal };
  for await (const { sent, erased, lastPosition } of replayEvents(cloud, plan, rate)) {
    told.push([sent, erased, lastPosition]);
  }
  expect(told).toEqual([
    [0, 0, undefined],
    [10, 1, 110],
    [11, 1, 111],
    // Those that were erased are no part of any batch.
    [11, 1, 111],
  ]);
});

it('an event that is refused each time is named with its position, behind which the rest can be sent', async () => {
  sns.on(PublishBatchCommand).callsFake(confirms());
  lambda.on(InvokeCommand).callsFake(({ Payload }) => {
    const texts = events.map((event) => ({ position: event.position, text: textOf(event) }));
    const answer = JSON.parse(Payload).read === 'index' ? { events } : texts;
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });
  const plan = await planReplay(cloud, { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' });
  const isRefused = ({ body }: { body: string }) => body.includes('pay_4:1');
  const send: Send = async (messages) =>
    new Map(messages.filter(isRefused).map((message) => [message, 'InvalidParameter']));
  const refusing = { ...plan, target: { ...plan.target, send } };
  const rate = { ratePerSecond: 1000, signal: new AbortController().signal };
  const replayed = async () => {
    for await (const _ of replayEvents(cloud, refusing, rate));
  };
  await expect(replayed()).rejects.toThrow(
    'SNS or SQS refused 1 message, 3 times: InvalidParameter. The first is pay_4:1, at position 104. If it is always ' +
      'refused, continue behind that position',
  );
});
