import { expect, it } from 'vitest';
import { flowOf } from '../operations/flow.ts';
import { captured, event, invoiced, noted, refunded } from '../operations/flowFixtures.ts';
import { linesOf } from './flowText.ts';

it('a flow reads as a tree, with times since its beginning', () => {
  expect(linesOf(flowOf([captured, invoiced, noted, refunded]))).toEqual([
    'req_1  2026-11-23T10:00:00.000Z',
    '    +0 ms  captured.happened.v1     captured:1  recorded +1,000 ms',
    '   +41 ms  ├─ invoiced.happened.v1  invoiced:1  recorded +1,041 ms',
    '   +60 ms  │  └─ noted.happened.v1  noted:1     recorded +1,060 ms',
    '+1,500 ms  └─ refunded.happened.v1  refunded:1  recorded +2,500 ms',
  ]);
});

it('a flow cannot write on the terminal what its events hold', () => {
  const [heading, line] = linesOf(flowOf([event('captured:1', 'req_1', 0, { type: 'a\u001b[2J\nb' })]));
  expect(heading).toBe('req_1  2026-11-23T10:00:00.000Z');
  expect(line).toContain('  a\\u{1b}[2J\\nb  captured:1  recorded');
});
