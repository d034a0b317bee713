import { describe, expect, it } from 'vitest';
import { type Cause, flowOf, linesOf, type RecordedEvent, table } from './flow.ts';

const event = (id: string, causationid: string, atMs: number, changes: Partial<RecordedEvent> = {}) =>
  ({
    id,
    type: `${id.split(':')[0]}.happened.v1`,
    correlationid: 'req_1',
    causationid,
    time: new Date(Date.UTC(2026, 10, 23, 10) + atMs).toISOString(),
    recordedat: new Date(Date.UTC(2026, 10, 23, 10) + atMs + 1000).toISOString(),
    position: atMs,
    ...changes,
  }) as RecordedEvent;

const captured = event('captured:1', 'req_1', 0);
const invoiced = event('invoiced:1', 'captured:1', 41);
const noted = event('noted:1', 'invoiced:1', 60);
const refunded = event('refunded:1', 'captured:1', 1500);

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

it('a table is as wide as its widest cells', () => {
  expect(
    table([
      ['1', 'a', 'x'],
      ['100', 'bbb', ''],
    ]),
  ).toEqual(['  1  a    x', '100  bbb']);
  expect(table([])).toEqual([]);
});
