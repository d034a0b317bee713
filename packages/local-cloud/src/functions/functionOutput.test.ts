import { expect, test } from 'vitest';
import { isMeasurement, readableLine } from './functionOutput.ts';

test('a line of metrics is told from one to read', () => {
  expect(isMeasurement('{"_aws":{"Timestamp":1},"Captured":1}')).toBe(true);
  expect(isMeasurement('{"level":"INFO","message":"request"}')).toBe(false);
});

test('a log line is shown as text, with what only it says', () => {
  const line = {
    level: 'WARN',
    message: 'quarantined',
    timestamp: '2026-11-23T10:00:00.000Z',
    service: 'fanfold-billing',
    function_request_id: '5f-1',
    messageId: 'm-1',
    delaySeconds: 4,
  };
  expect(readableLine(JSON.stringify(line))).toBe('WARN quarantined messageId=m-1 delaySeconds=4');
});

test.each([
  [
    { name: 'RangeError', message: 'no', stack: 'RangeError: no\n    at handler (a.ts:1:2)' },
    'RangeError: no\n    at handler (a.ts:1:2)',
  ],
  [{ name: 'RangeError', message: 'no' }, 'RangeError: no'],
  ['no', '"no"'],
])('an error is shown in lines of its own: %j', (error, shown) => {
  const line = { level: 'ERROR', message: 'message failed', error };
  expect(readableLine(JSON.stringify(line))).toBe(`ERROR message failed\n${shown}`);
});

test.each([
  '      at handler (file:///services/billing/src/functions/consumer.ts:9:13)',
  'Warning: something is deprecated',
  '{ not JSON',
  '{"answer":42}',
])('anything else is shown as it is: %s', (line) => {
  expect(readableLine(line)).toBe(line);
});
