import { describe, expect, it } from 'vitest';
import {
  beginningOfNumber,
  countOfNumber,
  kindOfNumber,
  newSeries,
  nextNumber,
  prefixOfNumber,
  seriesName,
  seriesOfNumber,
} from './series.ts';

const at = (time: string) => new Date(time);

describe('a series of numbers', () => {
  it('starts at one and goes on without a gap', () => {
    const first = nextNumber(newSeries('acme', 'INV-2026'), at('2026-11-23T10:00:00Z'));
    expect(first).toMatchObject({
      number: 'INV-2026-000001',
      issuedAt: '2026-11-23T10:00:00.000Z',
    });
    expect(nextNumber(first.series, at('2026-11-24T10:00:00Z'))).toMatchObject({
      number: 'INV-2026-000002',
      issuedAt: '2026-11-24T10:00:00.000Z',
    });
  });

  it('never gives a number an earlier time than the one before it has, whose clocks ever they had', () => {
    const lastIssuedAt = '2026-11-24T00:00:00.015Z';
    const series = { ...newSeries('acme', 'INV-2026'), count: 7, lastIssuedAt };
    expect(nextNumber(series, at('2026-11-23T23:59:59.999Z'))).toMatchObject({
      number: 'INV-2026-000008',
      issuedAt: lastIssuedAt,
      series: { count: 8, lastIssuedAt },
    });
  });

  it('does not shorten numbers beyond a million', () => {
    const series = { ...newSeries('acme', 'CN-2026'), count: 999_999 };
    expect(nextNumber(series, at('2026-11-23T10:00:00Z')).number).toBe('CN-2026-1000000');
  });

  it('is a new one each year (UTC)', () => {
    expect(seriesName('INV', at('2026-12-31T23:59:59Z'), null)).toBe('INV-2026');
    expect(seriesName('CN', at('2027-01-01T00:00:00Z'), null)).toBe('CN-2027');
  });

  it('is one of its own with a prefix, which its numbers tell with their kind', () => {
    expect(seriesName('CN', at('2026-11-23T10:00:00Z'), 'ACME')).toBe('ACME-CN-2026');
    const read = (number: string) => [
      prefixOfNumber(number),
      kindOfNumber(number),
      seriesOfNumber(number),
      countOfNumber(number),
      beginningOfNumber(number),
    ];
    expect(read('ACME-INV-2026-000012')).toEqual(['ACME', 'INV', 'ACME-INV-2026', 12, 'ACME-INV-']);
    expect(read('X2026-CN-2026-1000000')).toEqual(['X2026', 'CN', 'X2026-CN-2026', 1_000_000, 'X2026-CN-']);
    expect(read('INV-2026-000001')).toEqual([null, 'INV', 'INV-2026', 1, 'INV-']);
  });
});
