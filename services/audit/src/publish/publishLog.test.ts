import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sizeToPublish } from './publishLog.ts';

it('by size publishes whole tiles and by the clock everything', () => {
  expect(sizeToPublish(0, 255, 'size')).toBe(0);
  expect(sizeToPublish(29, 452, 'size')).toBe(256);
  expect(sizeToPublish(256, 511, 'size')).toBe(256);
  expect(sizeToPublish(250, 512, 'size')).toBe(512);
  expect(sizeToPublish(300, 301, 'size')).toBe(300);
  expect(sizeToPublish(0, 300, 'clock')).toBe(300);
});

it('never goes back, never beyond the log, and always gets on by the clock, a bounded step at a time', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 40),
      fc.nat(2 ** 40),
      fc.constantFrom('size', 'clock'),
      (published, more, occasion) => {
        const size = published + more;
        const next = sizeToPublish(published, size, occasion);
        expect(next).toBeGreaterThanOrEqual(published);
        expect(next).toBeLessThanOrEqual(size);
        expect(next - published).toBeLessThanOrEqual(1024 * 256);
        if (occasion === 'clock' && more > 0) expect(next).toBeGreaterThan(published);
        if (occasion === 'size' && next > published) expect(next % 256).toBe(0);
      },
    ),
  );
});

it('has no answer for a log that is shorter than what is published', () => {
  expect(() => sizeToPublish(3, 1, 'clock')).toThrow('1 entries, and 3 are published');
});
