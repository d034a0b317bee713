import { textAttributes } from '@fanfold/runtime/messageAttributes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ageOf,
  type DeadLetter,
  deadLetterOf,
  groupsOf,
  isSelected,
  redrivenAttributes,
  streamFailureOf,
} from './deadLetters.ts';
import type { Place } from './places.ts';

const place = (service: string, kind: Place['kind'] = 'events'): Place => ({
  name: `fanfold-test-${service}-${kind}`,
  service,
  kind,
});
const deadLetter = (changes: Partial<DeadLetter> = {}): DeadLetter => ({
  place: place('billing'),
  messageId: 'message-1',
  cause: 'contradiction',
  sourceMessageId: null,
  detail: null,
  since: '2026-11-23T10:00:00.000Z',
  id: 'pay_1:1',
  type: 'payment.captured.v1',
  subject: 'pay_1',
  merchantId: 'acme',
  body: '{}',
  attributes: {},
  ...changes,
});

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

describe('a selection', () => {
  const values = {
    queue: ['billing', 'audit'],
    cause: ['a', 'b'],
    type: ['x.y.v1', null],
    merchant: ['acme', null],
  };
  const anyDeadLetter = fc
    .tuple(...Object.values(values).map((list) => fc.constantFrom(...list)))
    .map(([queue, cause, type, merchantId]) =>
      deadLetter({
        place: place(queue as string),
        cause: cause as string,
        type: type ?? null,
        merchantId: merchantId ?? null,
      }),
    );

  it('takes what fits all that it says, whatever else it is', () => {
    fc.assert(
      fc.property(
        anyDeadLetter,
        anyDeadLetter,
        fc.subarray(['queue', 'cause', 'type', 'merchant']),
        (one, other, by) => {
          const facts = ({ place, cause, type, merchantId }: DeadLetter): Record<string, string | null> => ({
            queue: place.service,
            cause,
            type,
            merchant: merchantId,
          });
          fc.pre(by.every((name) => facts(one)[name] !== null));
          const selection = Object.fromEntries(by.map((name) => [name, facts(one)[name]]));
          expect(isSelected(one, selection)).toBe(true);
          expect(isSelected(other, selection)).toBe(
            by.every((name) => facts(one)[name] === facts(other)[name]),
          );
        },
      ),
    );
  });

  it('of ids takes just those, and a place is found by its own name too', () => {
    expect(isSelected(deadLetter(), { ids: ['message-2', 'message-1'] })).toBe(true);
    expect(isSelected(deadLetter(), { ids: ['message-2'] })).toBe(false);
    // The id that the consumer's log has.
    expect(isSelected(deadLetter({ sourceMessageId: 'in-the-log' }), { ids: ['in-the-log'] })).toBe(true);
    expect(isSelected(deadLetter(), { queue: 'fanfold-test-billing-events' })).toBe(true);
  });
});

describe('groups', () => {
  it('have all dead letters of a place and a cause, the oldest time and three examples, the largest first', () => {
    const some = [
      deadLetter({ cause: 'rare', messageId: 'a' }),
      ...[4, 2, 3, 5].map((n) => deadLetter({ messageId: `b${n}`, since: `2026-11-2${n}T10:00:00.000Z` })),
      deadLetter({ messageId: 'c', type: null, since: '2026-11-29T10:00:00.000Z' }),
      deadLetter({ place: place('audit'), messageId: 'd' }),
    ];
    expect(groupsOf(some)).toEqual([
      {
        queue: 'fanfold-test-billing-events',
        cause: 'contradiction',
        count: 5,
        oldest: '2026-11-22T10:00:00.000Z',
        types: { 'payment.captured.v1': 4 },
        examples: ['b4', 'b2', 'b3'],
      },
      expect.objectContaining({ cause: 'rare', count: 1 }),
      expect.objectContaining({ queue: 'fanfold-test-audit-events', count: 1 }),
    ]);
  });
});

it('what is redriven has its own attributes, without the reason why it had not been handled, and is marked', () => {
  const attributes = textAttributes({
    type: 'payment.captured.v1',
    'quarantine-reason': 'contradiction',
    'quarantine-detail': 'x',
    'quarantined-at': 'y',
    redriven: 'op_before',
  });
  expect(redrivenAttributes({ body: '{}', attributes }, 'op_1')).toEqual(
    textAttributes({ type: 'payment.captured.v1', redriven: 'op_1' }),
  );
});

it('what is redriven is taken by AWS: never more than ten attributes, and not made too large by its mark', () => {
  const named = fc.uniqueArray(fc.constantFrom(...'abcdefghij', 'redriven', 'quarantine-reason'));
  fc.assert(
    fc.property(named, fc.constantFrom(10, 262_120, 262_144, 1_048_576), (names, bytes) => {
      const attributes = textAttributes(Object.fromEntries(names.map((name) => [name, 'x'])));
      const own = names.filter((name) => name.length === 1);
      const sent = redrivenAttributes({ body: 'x'.repeat(bytes), attributes }, 'op_1');
      expect(Object.keys(sent).filter((name) => name !== 'redriven')).toEqual(own);
      expect(Object.keys(sent).length).toBeLessThanOrEqual(10);
      expect(sent.redriven?.StringValue).toBe(own.length < 10 && bytes === 10 ? 'op_1' : undefined);
    }),
  );
});

it.each([
  ['2026-11-23T10:00:00.000Z', '0 s'],
  ['2026-11-23T09:59:01.000Z', '59 s'],
  ['2026-11-23T09:58:30.000Z', '1 min'],
  ['2026-11-23T00:00:00.000Z', '10 h'],
  ['2026-11-09T10:00:00.000Z', '14 d'],
  ['2026-11-23T10:00:05.000Z', '0 s'],
])('an age is told in its largest unit: %s is %s old', (since, age) => {
  expect(ageOf(since, new Date('2026-11-23T10:00:00.000Z'))).toBe(age);
});
