import { describe, expect, it } from 'vitest';
import { UsageError } from '../errors.ts';
import { requirePast } from './past.ts';

describe('a range', () => {
  const now = new Date('2026-11-23T14:00:00.000Z');
  const at = (hour: string) => `2026-11-23T${hour}:00:00.000Z`;

  it('ends now at the latest', () => {
    expect(() => requirePast({ from: at('13'), to: at('14') }, now)).not.toThrow();
    expect(() => requirePast({ from: at('13'), to: at('15') }, now)).toThrow(
      `--to ${at('15')} is in the future`,
    );
  });

  it('that begins in the future is told of by where it begins', () => {
    expect(() => requirePast({ from: at('15'), to: at('16') }, now)).toThrow(
      `--from ${at('15')} is in the future`,
    );
  });

  it('has something in it', () => {
    for (const to of [at('12'), at('13')]) {
      expect(() => requirePast({ from: at('13'), to }, now)).toThrow(UsageError);
    }
  });
});
