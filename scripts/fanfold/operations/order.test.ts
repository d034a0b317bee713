import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Event, maxEventBytes } from '@fanfold/contracts/event';
import { operationOrdered } from '@fanfold/contracts/operator';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { confirms } from '../aws/batchFixtures.ts';
import type { Cloud } from '../aws/cloud.ts';
import { type Order, operationEvents, order } from './order.ts';

const facts = {
  operationId: 'op_1',
  stage: 'test',
  orderedBy: `arn:aws:sts::123456789012:assumed-role/${'x'.repeat(200)}`,
  time: new Date('2026-11-23T10:00:00.000Z'),
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
};
const messages = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ messageId: `message-${i}`, eventId: `pay_${i}:1` }));
const ordered = (changes: Partial<Order> = {}): Order => ({
  command: 'dlq redrive',
  reason: null,
  filters: {},
  messages: messages(1),
  ...changes,
});
const dataOf = (event: Event) => operationOrdered.schema.parse(event).data;

describe('the events of an order', () => {
  it('name every message once, each within what an event may have, and count from 1', () => {
    const id = fc.option(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 160 }), { nil: null });
    const many = fc.array(fc.record({ messageId: id, eventId: id }), {
      minLength: 1,
      maxLength: 3000,
      size: 'max',
    });
    fc.assert(
      fc.property(many, fc.string({ maxLength: 300, unit: 'grapheme' }), (messages, reason) => {
        const filters = {
          queue: 'q'.repeat(80),
          cause: reason,
          type: 't'.repeat(64),
          merchant: 'm'.repeat(64),
        };
        const events = operationEvents(ordered({ messages, reason, filters }), facts);
        expect(events.flatMap((event) => dataOf(event).messages)).toEqual(messages);
        for (const [i, event] of events.entries()) {
          expect(event.id).toBe(`op_1:${i + 1}`);
          expect(dataOf(event).total).toBe(messages.length);
          expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(maxEventBytes);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are one when it names no messages, because only the service will know them', () => {
    const filters = { date: '2026-11-23' };
    const events = operationEvents(ordered({ command: 'republish', messages: [], filters }), facts);
    expect(events.map(dataOf)).toMatchObject([{ command: 'republish', filters, total: 0, messages: [] }]);
  });

  it("are the operator's, and one flow", () => {
    for (const event of operationEvents(ordered({ messages: messages(3000) }), facts)) {
      expect(event).toMatchObject({
        source: '/operator',
        subject: 'op_1',
        merchantid: '_operator',
        correlationid: 'op_1',
        causationid: 'op_1',
      });
    }
  });
});

describe('an order', () => {
  const sns = mockClient(SNSClient);
  const cloud = { sns: new SNSClient({}), topicArn: 'arn:topic', stage: 'test', operator: 'ada' } as Cloud;
  beforeEach(() => {
    sns.reset();
  });

  it('is said with the attributes that subscriptions filter by', async () => {
    sns.on(PublishBatchCommand).callsFake(confirms());
    const operationId = await order(cloud, ordered());
    const [call] = sns.commandCalls(PublishBatchCommand);
    expect(call?.args[0].input).toMatchObject({
      TopicArn: 'arn:topic',
      PublishBatchRequestEntries: [
        {
          MessageAttributes: {
            type: { StringValue: 'operation.ordered.v1' },
            source: { StringValue: '/operator' },
            subject: { StringValue: operationId },
            merchantid: { StringValue: '_operator' },
          },
        },
      ],
    });
  });

  it.each([
    [
      'is refused',
      () => sns.on(PublishBatchCommand).rejects(new Error('AccessDenied: not authorized to sns:Publish')),
    ],
    [
      'is not taken, although the call goes well',
      () => sns.on(PublishBatchCommand).callsFake(confirms({ Id: '0', Code: 'AccessDenied' })),
    ],
    [
      'is taken only in part',
      () =>
        sns
          .on(PublishBatchCommand)
          .callsFakeOnce(confirms())
          .callsFake(confirms({ Id: '0', Code: 'AccessDenied' })),
    ],
  ])('that %s is none, and says who may give one', async (_, answer) => {
    answer();
    await expect(order(cloud, ordered({ messages: messages(20_000) }))).rejects.toThrow(
      /^Nothing was done, because the order could not be published .*AccessDenied.*the role fanfold-test-operator may publish/,
    );
  });
});
