import { describe, expect, test } from 'vitest';
import { startTrace, traceOf } from './trace.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('A flow', () => {
  test('begins with what it is known by, and a trace of its own', () => {
    const trace = startTrace('req_1');
    expect(trace).toEqual({
      correlationid: 'req_1',
      causationid: 'req_1',
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    });
    expect(startTrace('req_2').traceparent).not.toBe(trace.traceparent);
  });

  test('carries on the trace that a request came with', () => {
    expect(startTrace('req_1', traceparent).traceparent).toBe(traceparent);
  });

  test.each([
    '',
    'garbage',
    traceparent.toUpperCase(),
    `${traceparent}-extra`,
    `ff${traceparent.slice(2)}`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331',
  ])('begins anew with a trace that is none: %j', (invalid) => {
    expect(startTrace('req_1', invalid).traceparent).not.toBe(invalid);
    expect(startTrace('req_1', invalid).traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  test('goes on from an event, which is the cause of what follows', () => {
    const event = {
      specversion: '1.0' as const,
      id: 'pay_1:2',
      source: '/payments',
      type: 'payment.captured.v1',
      subject: 'pay_1',
      time: '2026-11-23T10:00:00.000Z',
      datacontenttype: 'application/json' as const,
      sequence: '0000000002',
      merchantid: 'acme',
      correlationid: 'req_1',
      causationid: 'req_2',
      traceparent,
      data: {},
    };
    expect(traceOf(event)).toEqual({ correlationid: 'req_1', causationid: 'pay_1:2', traceparent });
  });
});
