import { keyOfTotal, type Numbers, type SeriesFloor, type Total } from '@fanfold/runtime/restore';

/**
 * What a log or a table has, counted and added up. Its size grows with merchants, days and series, and by a bit for each
 * number.
 */
export class Book {
  readonly #totals = new Map<string, Total>();
  readonly #series = new Map<string, Series>();
  readonly #erased = new Map<string, Erased>();

  add(total: Total): void {
    const key = keyOfTotal(total);
    const sum = this.#totals.get(key);
    if (sum) {
      sum.count += total.count;
      sum.amountMinor += total.amountMinor;
    } else {
      this.#totals.set(key, { ...total });
    }
  }

  /** @returns whether the number was there before */
  addNumber(merchantId: string, series: string, number: number, issuedAt = ''): boolean {
    const ofSeries = this.#seriesOf(merchantId, series);
    if (issuedAt > ofSeries.lastIssuedAt) ofSeries.lastIssuedAt = issuedAt;
    return ofSeries.numbers.add(number);
  }

  /**
   * A document whose number nobody can read any more, nor the prefix of its series.
   *
   * @param name of the series without the prefix
   */
  addErased(merchantId: string, name: string, issuedAt: string): void {
    const key = `${merchantId}#${name}`;
    const { count, lastIssuedAt } = this.#erased.get(key) ?? { count: 0, lastIssuedAt: '' };
    const last = issuedAt > lastIssuedAt ? issuedAt : lastIssuedAt;
    this.#erased.set(key, { merchantId, name, count: count + 1, lastIssuedAt: last });
  }

  /** That numbers of a series were given up to this one, which may have been of a document that was erased. */
  noteHighest(merchantId: string, series: string, highest: number): void {
    const ofSeries = this.#seriesOf(merchantId, series);
    ofSeries.highest = Math.max(ofSeries.highest, highest);
  }

  /** That numbers of a series were given up to this one, whether or not anything has their documents. */
  noteGiven(merchantId: string, series: string, highest: number, notedAt: string): void {
    Object.assign(this.#seriesOf(merchantId, series), { given: highest, givenBefore: notedAt });
  }

  /** That documents of a series are lost, as was found before. */
  noteLost(merchantId: string, series: string, first: number, last: number): void {
    this.#seriesOf(merchantId, series).lost.push([first, last]);
  }

  addAll({ totals, numbers }: { totals: Total[]; numbers: Numbers[] }): void {
    for (const total of totals) this.add(total);
    for (const { merchantId, series, numbers: ofSeries } of numbers) {
      for (const number of ofSeries) this.addNumber(merchantId, series, number);
    }
  }

  get totals(): Total[] {
    return [...this.#totals.values()].sort((a, b) => (keyOfTotal(a) < keyOfTotal(b) ? -1 : 1));
  }

  totalOf(key: Total): Total {
    return this.#totals.get(keyOfTotal(key)) ?? { ...key, count: 0, amountMinor: 0 };
  }

  get series(): Series[] {
    const series = [...this.#series.values()].map((each) => ({ ...each }));
    const byKind = Map.groupBy(series, ({ merchantId, name }) => `${merchantId}#${withoutPrefix(name)}`);
    for (const [key, erased] of this.#erased) {
      const ofKind = byKind.get(key);
      if (ofKind) share(erased, ofKind);
      else {
        const { merchantId, name, count, lastIssuedAt } = erased;
        series.push({ ...emptySeries(merchantId, name), erased: count, lastIssuedAt });
      }
    }
    return series;
  }

  #seriesOf(merchantId: string, name: string): Series {
    const key = `${merchantId}#${name}`;
    const known = this.#series.get(key);
    if (known) return known;
    const series = emptySeries(merchantId, name);
    this.#series.set(key, series);
    return series;
  }
}

/** How many documents of a kind and year were erased, and when the last of them was issued. */
type Erased = { merchantId: string; name: string; count: number; lastIssuedAt: string };

/** `INV-2026` of `ACME-INV-2026`. */
const withoutPrefix = (name: string): string => name.split('-').slice(-2).join('-');

const emptySeries = (merchantId: string, name: string): Series => ({
  merchantId,
  name,
  numbers: new NumberSet(),
  highest: 0,
  given: 0,
  givenBefore: '',
  lost: [],
  erased: 0,
  lastIssuedAt: '',
});

/** Erased documents have the numbers that are missing. What is left belongs to the series that was used last. */
function share(erased: Erased, series: Series[]): void {
  let left = erased.count;
  const last = series.toSorted((a, b) => (a.lastIssuedAt < b.lastIssuedAt ? 1 : -1))[0];
  for (const each of series) {
    const known = Math.max(each.highest, each.given, each.numbers.highest);
    const missing = Math.max(0, known - each.numbers.count - sizeOf(each.lost));
    each.erased = Math.min(left, missing);
    left -= each.erased;
  }
  if (last) last.erased += left;
  for (const each of series) {
    if (each.erased > 0 && erased.lastIssuedAt > each.lastIssuedAt) each.lastIssuedAt = erased.lastIssuedAt;
  }
}

export type Series = {
  merchantId: string;
  name: string;
  /** Those that can be read. */
  numbers: NumberSet;
  /** The highest one that audit has counted. */
  highest: number;
  /** The highest one that was given, by the log's bucket. */
  given: number;
  /** No document of it was issued later. */
  givenBefore: string;
  /** Ranges of numbers whose documents were found lost before, each with its first and last one. */
  lost: Range[];
  /** How many documents were erased. */
  erased: number;
  /** When the last of its documents was issued. */
  lastIssuedAt: string;
};

/**
 * Behind which number a series goes on. Numbers have no gaps: erased documents have those that are missing, and then those
 * behind the highest one.
 */
export function floorOf(series: Series): SeriesFloor {
  const { merchantId, name, numbers, highest, given, givenBefore, lost, erased, lastIssuedAt } = series;
  const lastLost = lost.map(([, last]) => last);
  const count = Math.max(highest, given, ...lastLost, numbers.highest, numbers.count + erased);
  // Of a document that is lost only this is known of its time.
  const isLost = given > Math.max(highest, numbers.highest) && givenBefore > lastIssuedAt;
  return { merchantId, name, count, lastIssuedAt: isLost ? givenBefore : lastIssuedAt };
}

type Range = [first: number, last: number];

/**
 * Ranges of numbers that were given to documents which nothing has any more: those that were found lost before, and those that
 * the log's bucket has noted beyond what audit's table has counted, because it was put back. When as many as these were erased,
 * it is these, and they are not lost.
 */
export function lostNumbersOf({ numbers, highest, given, erased, lost }: Series): Range[] {
  const counted = Math.max(highest, numbers.highest);
  const known = missingIn(numbers, lost);
  if (given <= counted) return known;
  const below = known.map(([first, last]): Range => [first, Math.min(last, counted)]);
  const holes = counted - numbers.count - sizeOf(below);
  return erased - holes >= given - counted ? known : missingIn(numbers, [...lost, [counted + 1, given]]);
}

/** What is missing within ranges, as ranges that do not touch. */
function missingIn(numbers: NumberSet, ranges: Range[]): Range[] {
  const missing: Range[] = [];
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    for (let number = Math.max(first, (missing.at(-1)?.[1] ?? 0) + 1); number <= last; number++) {
      if (numbers.has(number)) continue;
      const open = missing.at(-1);
      if (open?.[1] === number - 1) open[1] = number;
      else missing.push([number, number]);
    }
  }
  return missing;
}

const sizeOf = (ranges: Range[]): number =>
  ranges.reduce((sum, [first, last]) => sum + Math.max(0, last - first + 1), 0);

/** Numbers of documents that the log lacks, although they are neither erased nor known to be lost: the first ones. */
export function gapsOf(series: Series, limit: number): number[] {
  const { numbers, erased } = series;
  const { count } = floorOf(series);
  const lost = lostNumbersOf(series);
  if (count - numbers.count - sizeOf(lost) <= erased) return [];
  return numbers.missing(count, limit, lost);
}

/** More documents than a merchant issues in a year: 32 MB. */
const maxNumber = 2 ** 28;

/** Whole numbers from 1 on, with a bit for each. */
export class NumberSet {
  count = 0;
  highest = 0;
  #bits = new Uint8Array(64);

  /**
   * @returns whether it was there before
   * @throws RangeError when it is no number of a document
   */
  add(number: number): boolean {
    if (!Number.isInteger(number) || number < 1 || number > maxNumber)
      throw new RangeError(`${number} is no number of a document`);
    const [byte, bit] = [number >> 3, 1 << (number & 7)];
    if (byte >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(byte + 1, 2 * this.#bits.length));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    const was = this.#bits[byte] as number;
    if (was & bit) return true;
    this.#bits[byte] = was | bit;
    this.count += 1;
    this.highest = Math.max(this.highest, number);
    return false;
  }

  has(number: number): boolean {
    return ((this.#bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  /** The first ones that are missing up to a number, and are not in certain ranges. */
  missing(upTo: number, limit: number, except: Range[] = []): number[] {
    const missing: number[] = [];
    for (let number = 1; number <= upTo && missing.length < limit; number++) {
      if (this.has(number) || except.some(([first, last]) => first <= number && number <= last)) continue;
      missing.push(number);
    }
    return missing;
  }
}
