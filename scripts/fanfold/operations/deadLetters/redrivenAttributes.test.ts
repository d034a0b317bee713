import { textAttributes } from '@fanfold/runtime/messageAttributes';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { redrivenAttributes } from './redrivenAttributes.ts';

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
