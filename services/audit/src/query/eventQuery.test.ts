import { fieldErrors, parseFields } from '@fanfold/runtime/fieldErrors';
import { describe, expect, it } from 'vitest';
import { eventQuery } from './eventQuery.ts';

const pointersOf = (query: Record<string, string>): string[] => {
  const { error } = parseFields(eventQuery, query);
  return error ? fieldErrors(error).map(({ pointer }) => pointer) : [];
};

describe('a query', () => {
  it('may be empty, and asks for the first ten then', () => {
    expect(eventQuery.parse({})).toEqual({ limit: 10 });
  });

  it('may ask for everything at once', () => {
    const filters = {
      subject: 'pay_1',
      correlationId: 'req_1',
      type: 'payments.day-closed.v1',
      startingAfter: 'pay_1:2',
    };
    const times = { from: '2026-11-23T10:00:00Z', to: '2026-11-23T12:00:00+01:00' };
    expect(eventQuery.parse({ ...filters, ...times, limit: '100' })).toEqual({
      ...filters,
      from: '2026-11-23T10:00:00.000000000Z',
      to: '2026-11-23T11:00:00.000000000Z',
      limit: 100,
    });
  });

  it.each([
    ['#/subject', { subject: '' }],
    ['#/subject', { subject: 'x'.repeat(129) }],
    ['#/correlationId', { correlationId: '' }],
    ['#/type', { type: '' }],
    ['#/type', { type: 'payment.captured' }],
    ['#/type', { type: 'payment.captured.v1,payment.failed.v1' }],
    ['#/from', { from: 'yesterday' }],
    ['#/from', { from: '2026-11-23' }],
    ['#/from', { from: '2026-02-30T10:00:00Z' }],
    ['#/to', { to: '2026-11-23T10:00:00 01:00' }],
    ['#/to', { to: '2026-11-23T10:00:00.0000000000+00:00' }],
    ['#/limit', { limit: '0' }],
    ['#/limit', { limit: '101' }],
    ['#/startingAfter', { startingAfter: '' }],
    ['#/correlationid', { correlationid: 'req_1' }],
  ])('is told at %s what is wrong with %o', (pointer, query) => {
    expect(pointersOf(query as Record<string, string>)).toEqual([pointer]);
  });

  it('may be as exact as a nanosecond, in any time zone', () => {
    expect(pointersOf({ from: '2026-11-23T10:00:00.123456789+01:00' })).toEqual([]);
  });

  it('cannot end before it begins, but may where it does', () => {
    expect(pointersOf({ from: '2026-11-23T10:00:00.5Z', to: '2026-11-23T10:00:00Z' })).toEqual(['#/to']);
    expect(pointersOf({ from: '2026-11-23T10:00:00Z', to: '2026-11-23T11:00:00+01:00' })).toEqual([]);
  });

  it('reports every field that is wrong', () => {
    expect(pointersOf({ from: 'now', to: 'then', limit: 'all' })).toEqual(['#/limit', '#/from', '#/to']);
  });
});
