import { expect, test } from 'vitest';
import { readableLine } from './offlineOutput.ts';

test.each([
  '',
  'Starting Offline at stage local (eu-west-1)',
  'Offline [http for lambda] listening on http://127.0.0.1:34567',
  'Function names exposed for local invocation by aws-sdk:',
  '   * createPayment: fanfold-payments-local-createPayment',
  'Scheduling [janitor] cron: [*/1 * * * *]',
  'payments is ready: http://127.0.0.1:4001 (Lambda endpoint: http://127.0.0.1:34567)',
  '{"_aws":{"Timestamp":1},"PaymentsCaptured":1}',
])('an announcement is left out: %s', (line) => {
  expect(readableLine(line)).toBeUndefined();
});

test('a run is shown with the time that it took', () => {
  expect(
    readableLine('(λ: capturePayment) RequestId: 5f-1  Duration: 12.34 ms  Billed Duration: 13 ms'),
  ).toBe('capturePayment took 12.34 ms');
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
  "× Unhandled exception in handler 'consumer'.",
  '      at handler (file:///services/billing/src/functions/consumer.ts:9:13)',
  'Warning: something is deprecated',
  '{ not JSON',
  'POST /payments 201',
  '{"answer":42}',
])('anything else is shown as it is: %s', (line) => {
  expect(readableLine(line)).toBe(line);
});
