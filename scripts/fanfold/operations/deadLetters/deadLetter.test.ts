import { textAttributes } from '@fanfold/runtime/messageAttributes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadLetterOf, streamFailureOf } from './deadLetter.ts';
import { deadLetter, place } from './deadLetterFixtures.ts';

describe('a message among the dead letters', () => {
  const message = (Body: string, attributes: Record<string, string> = {}) => ({
    MessageId: 'message-1',
    Body,
    Attributes: { SentTimestamp: '1795428000000', ApproximateReceiveCount: '9' },
    MessageAttributes: textAttributes(attributes),
  });

  it('is what its consumer wrote about it, and the event that it is', () => {
    const body = JSON.stringify({
      id: 'pay_1:1',
      type: 'payment.captured.v1',
      subject: 'pay_1',
      merchantid: 'acme',
    });
    const attributes = {
      'quarantine-reason': 'contradiction',
      'quarantine-detail': 'said otherwise',
      'quarantined-message-id': 'in-the-log',
    };
    expect(deadLetterOf(place('billing'), message(body, attributes))).toEqual(
      deadLetter({
        sourceMessageId: 'in-the-log',
        detail: 'said otherwise',
        since: '2026-11-23T10:00:00.000Z',
        body,
        attributes: textAttributes(attributes),
      }),
    );
  });

  it('without a reason was received too often, or not delivered, depending on where it lies', () => {
    expect(deadLetterOf(place('billing'), message('{}'))).toMatchObject({
      cause: 'received too often',
      detail: '9 times, by its consumer and since then by those who looked at it',
    });
    expect(deadLetterOf(place('billing', 'subscription'), message('{}'))).toMatchObject({
      cause: 'not delivered',
      detail: null,
    });
  });

  it('that is no event, or claims to be one with what no identifier has, is shown without', () => {
    const nothing = { id: null, type: null, subject: null, merchantId: null };
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        expect(deadLetterOf(place('billing'), message(body))).toMatchObject(nothing);
      }),
    );
    const written = JSON.stringify({ id: '\u001b[2J', type: 7, subject: 'a b', merchantid: 'x'.repeat(161) });
    expect(deadLetterOf(place('billing'), message(written))).toMatchObject(nothing);
  });
});

describe('records that were not published', () => {
  const at = ['shard/2026/11/23/one', '2026-11-24T00:00:00.000Z'] as const;

  it('are there with their condition, and how many they are', () => {
    const text = JSON.stringify({
      requestContext: { condition: 'RecordAgeExceeded', approximateInvokeCount: 7 },
      timestamp: '2026-11-23T10:00:00.000Z',
      payload: { Records: [{}, {}] },
    });
    expect(streamFailureOf(place('billing', 'stream'), at[0], text, at[1])).toMatchObject({
      messageId: 'one',
      cause: 'RecordAgeExceeded',
      detail: '2 records of the stream, given to the publisher 7 times',
      since: '2026-11-23T10:00:00.000Z',
    });
  });

  it.each(['', 'no JSON', '{}', 'null', '7', '{"requestContext":{"condition":"x"},"timestamp":"y"}'])(
    'are unreadable when %j stands there',
    (text) => {
      expect(streamFailureOf(place('billing', 'stream'), at[0], text, at[1])).toMatchObject({
        messageId: 'one',
        cause: 'unreadable',
      });
    },
  );
});
