import { describe, expect, it } from 'vitest';
import { deadLetter, place } from './deadLetterFixtures.ts';
import { groupsOf } from './groups.ts';

describe('groups', () => {
  it('have all dead letters of a place and a cause, the oldest time and three examples, the largest first', () => {
    const some = [
      deadLetter({ cause: 'rare', messageId: 'a' }),
      ...[4, 2, 3, 5].map((n) => deadLetter({ messageId: `b${n}`, since: `2026-11-2${n}T10:00:00.000Z` })),
      deadLetter({ messageId: 'c', type: null, since: '2026-11-29T10:00:00.000Z' }),
      deadLetter({ place: place('audit'), messageId: 'd' }),
      ...['e', 'f'].map((messageId) =>
        deadLetter({ messageId, aside: { reason: 'later', since: '2026-11-29T10:00:00.000Z' } }),
      ),
    ];
    expect(groupsOf(some)).toEqual([
      {
        queue: 'fanfold-test-billing-events',
        cause: 'contradiction',
        isAside: false,
        count: 5,
        oldest: '2026-11-22T10:00:00.000Z',
        types: { 'payment.captured.v1': 4 },
        examples: ['b4', 'b2', 'b3'],
      },
      expect.objectContaining({ cause: 'contradiction', isAside: true, count: 2 }),
      expect.objectContaining({ cause: 'rare', count: 1 }),
      expect.objectContaining({ queue: 'fanfold-test-audit-events', count: 1 }),
    ]);
  });
});
