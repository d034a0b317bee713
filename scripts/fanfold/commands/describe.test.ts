import { expect, test } from 'vitest';
import { linesOf } from './describe.ts';

test('a change is a line, with a line for each consumer that it breaks', () => {
  const change = { of: 'payment.captured.v1', pointer: '/data/customer', what: 'removed' };
  const billing = 'billing (services/billing/src/functions/consumer.handler)';
  expect(linesOf({ ...change, effect: 'breaking', consumers: [billing] })).toEqual([
    'breaking    payment.captured.v1 /data/customer: removed',
    `            breaks ${billing}`,
  ]);
  expect(linesOf({ ...change, pointer: '', effect: 'compatible', consumers: [] })).toEqual([
    'compatible  payment.captured.v1: removed',
  ]);
});
