import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeadLetter } from './deadLetter.ts';
import { deadLetter, place } from './deadLetterFixtures.ts';
import { isSelected } from './selection.ts';

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
