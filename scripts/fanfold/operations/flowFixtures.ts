import type { RecordedEvent } from '../aws/auditLog.ts';

/** An event of a flow: so many milliseconds after its request. */
export const event = (id: string, causationid: string, atMs: number, changes: Partial<RecordedEvent> = {}) =>
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

export const captured = event('captured:1', 'req_1', 0);
export const invoiced = event('invoiced:1', 'captured:1', 41);
export const noted = event('noted:1', 'invoiced:1', 60);
export const refunded = event('refunded:1', 'captured:1', 1500);
