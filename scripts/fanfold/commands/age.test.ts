import { expect, it } from 'vitest';
import { ageOf } from './age.ts';

it.each([
  ['2026-11-23T10:00:00.000Z', '0 s'],
  ['2026-11-23T09:59:01.000Z', '59 s'],
  ['2026-11-23T09:58:30.000Z', '1 min'],
  ['2026-11-23T00:00:00.000Z', '10 h'],
  ['2026-11-09T10:00:00.000Z', '14 d'],
  ['2026-11-23T10:00:05.000Z', '0 s'],
])('an age is told in its largest unit: %s is %s old', (since, age) => {
  expect(ageOf(since, new Date('2026-11-23T10:00:00.000Z'))).toBe(age);
});
