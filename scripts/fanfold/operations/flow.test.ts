import { describe, expect, it } from 'vitest';
import { type Cause, flowOf } from './flow.ts';
import { captured, event, invoiced, noted, refunded } from './flowFixtures.ts';

describe('a flow', () => {
  it('hangs each event under what caused it, in the order in which they were said', () => {
    expect(flowOf([refunded, noted, captured, invoiced])).toEqual({
      correlationId: 'req_1',
      startedAt: captured.time,
      events: [
        {
          event: captured,
          caused: [
            { event: invoiced, caused: [{ event: noted, caused: [] }] },
            { event: refunded, caused: [] },
          ],
        },
      ],
    });
  });

  it('begins with whatever was caused by something that is not recorded', () => {
    expect(
      flowOf([captured, event('stray:1', 'elsewhere:1', 5)]).events.map(({ event: { id } }) => id),
    ).toEqual(['captured:1', 'stray:1']);
  });

  it('puts what was said at the same time in the order of the log', () => {
    const [later, earlier] = [
      event('b:1', 'req_1', 7, { position: 9 }),
      event('a:1', 'req_1', 7, { position: 3 }),
    ];
    expect(flowOf([later, earlier]).events.map(({ event: { id } }) => id)).toEqual(['a:1', 'b:1']);
  });

  it('shows every event once, whatever they say of their causes', () => {
    const idsOf = (causes: Cause[]): string[] =>
      causes.flatMap(({ event: { id }, caused }) => [id, ...idsOf(caused)]);
    const ids = ['e:1', 'e:2', 'e:3', 'e:4'];
    const claims = [...ids, 'e:5'];
    /** Every way in which the events can claim to have been caused by each other, by themselves or by another. */
    for (let way = 0; way < claims.length ** ids.length; way++) {
      const events = ids.map((id, i) => {
        const claim = claims[Math.floor(way / claims.length ** i) % claims.length] as string;
        return event(id, claim, i);
      });
      expect(idsOf(flowOf(events).events).sort()).toEqual(ids);
    }
  });
});
