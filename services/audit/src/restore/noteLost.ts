import { type Lost, saveLost } from '../store/givenNumbers.ts';

/** Notes which numbers were given to documents that are lost, so that whoever misses them later knows since when. */
export async function noteLost(numbers: Omit<Lost, 'foundAt'>[], now: Date): Promise<{ noted: number }> {
  await Promise.all(numbers.map((each) => saveLost({ ...each, foundAt: now.toISOString() })));
  return { noted: numbers.length };
}
