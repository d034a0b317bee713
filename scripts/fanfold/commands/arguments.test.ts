import { describe, expect, it } from 'vitest';
import * as parse from './arguments.ts';

it.each([
  ['2026-11-23T14:00:00Z', '2026-11-23T14:00:00.000Z'],
  ['2026-11-23T15:00+01:00', '2026-11-23T14:00:00.000Z'],
  ['2026-11-23T14:00:00.5Z', '2026-11-23T14:00:00.500Z'],
])('a time is the same everywhere: %s is %s', (given, time) => {
  expect(parse.time(given)).toBe(time);
});

it.each([
  'yesterday',
  '2026-11-23',
  '2026-11-23T14:00:00',
  '2026-13-23T14:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-02-29T00:00:00+01:00',
  '1795428000000',
  '',
])('what is no time with its zone is refused: %j', (given) => {
  expect(() => parse.time(given)).toThrow('a time with its zone, such as');
});

it('a merchant is none that is reserved, and is told how to read what operators did', () => {
  expect(parse.merchant('acme_1-x')).toBe('acme_1-x');
  for (const id of ['_operator', '_']) {
    expect(() => parse.merchant(id)).toThrow('use a token with the scope operations:read.');
  }
  expect(parse.scopeList('operations:read')).toEqual(['operations:read']);
});

describe.each([
  ['stage', parse.stage, ['local', 'test-eu', 'pr-17'], ['', 'PR-17', 'a b', 'a/b', 'x'.repeat(33)]],
  ['region', parse.region, ['eu-west-1', 'us-gov-east-1'], ['', 'eu-west', 'EU-WEST-1', 'eu-west-1@x']],
  [
    'queue',
    parse.queueName,
    ['billing', 'fanfold-local-billing-events'],
    ['', 'a b', 'arn:aws:sqs', '*', 'x'.repeat(81)],
  ],
  [
    'type',
    parse.eventType,
    ['payment.captured.v1', 'credit-note.issued.v12'],
    ['', 'payment', 'payment.captured', '*.v1', `${'x'.repeat(61)}.v12`],
  ],
  ['subject', parse.subject, ['pay_1', 'x'.repeat(128)], ['', 'a b', 'a\n', 'é', 'x'.repeat(129)]],
  ['id', parse.identifier, ['pay_1', 'a:b:12', 'x'.repeat(160)], ['', 'a b', 'a\n', 'é', 'x'.repeat(161)]],
  [
    'sentence',
    parse.sentence,
    ['It was made by a test.', 'Zoë'],
    ['', '  ', '\u200b', 'a\nb', '\u001b[2J', 'J\ufffdrg', '\uffff', 'x'.repeat(301)],
  ],
  ['rate', parse.perSecond, ['1', '100', '1000'], ['0', '-1', '1.5', '1001', 'fast', '']],
  ['position', parse.position, ['0', '123456'], ['-1', '1e3', '', '1'.repeat(16)]],
])('a %s', (_, parsed: (value: string) => unknown, right, wrong) => {
  it.each(right)('is such as %j', (value) => {
    expect(String(parsed(value))).toBe(value);
  });

  it.each(wrong)('is not %j', (value) => {
    expect(() => parsed(value)).toThrow(/^It (is|has) /);
  });
});

it('ids are gathered', () => {
  expect(parse.identifiers('b', parse.identifiers('a'))).toEqual(['a', 'b']);
});
