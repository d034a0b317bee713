import { isDeepStrictEqual } from 'node:util';
import { listingOf } from '../store/eventItems.ts';
import { loadItems } from '../store/events.ts';
import { isCut, type Listing, type Scope } from '../store/listings.ts';
import { type Batch, loadMerged, readBatches, readMerged } from '../store/mergedListings.ts';

/**
 * Compares the listings of some batches that are merged with the events, and with what lists find by merchant and by
 * correlation. What is not merged yet is compared when it is.
 *
 * @param from the position of the first one
 * @param maxEvents about how many
 * @returns positions whose event is not found, or found as what it is not; and where to go on, 0 when all are compared
 */
export async function compareListings(
  from: number,
  maxEvents: number,
): Promise<{ misplaced: number[]; next: number }> {
  const merged = await loadMerged();
  if (!merged) return { misplaced: [], next: 0 };
  const batches = await batchesBehind(Math.max(from, merged.mergedFrom), merged.mergedUntil, maxEvents);
  const listings = batches.flatMap(({ listings = [] }) => listings);
  const [first, last] = [batches[0], batches.at(-1)];
  if (!first || !last) return { misplaced: [], next: 0 };

  const misplaced = new Set<number>(batches.flatMap(unnamed));
  for (const position of await differentFromEvents(listings)) misplaced.add(position);
  const named = new Set(listings.map(({ position }) => position));
  const scopes = [
    ({ merchantId }: Listing): Scope => ({ merchantId }),
    ({ merchantId, correlationId }: Listing): Scope => ({ merchantId, correlationId }),
  ];
  for (const scopeOf of scopes) {
    for (const own of Map.groupBy(listings, (each) => JSON.stringify(scopeOf(each))).values()) {
      const expected = new Map(own.map((each) => [each.position, each]));
      const found = new Map<number, Listing>();
      for await (const each of readMerged(scopeOf(own[0] as Listing), first.index - 1, reading)) {
        if (isCut(each) || each.position >= last.end) break;
        if (named.has(each.position)) found.set(each.position, each);
      }
      for (const position of new Set([...expected.keys(), ...found.keys()])) {
        if (!isDeepStrictEqual(expected.get(position), found.get(position))) misplaced.add(position);
      }
    }
  }
  return {
    misplaced: [...misplaced].sort((a, b) => a - b),
    next: last.end < merged.mergedUntil ? last.end : 0,
  };
}

/** From a position on, and before another one. */
async function batchesBehind(from: number, until: number, maxEvents: number): Promise<Batch[]> {
  const batches = await readBatches(from, batchesRead);
  const end = from + maxEvents;
  return batches.filter((batch, i) => batch.end <= until && (i === 0 || batch.end <= end));
}

/** These batches are merged three times at most: so many pieces have those of most merchants, and of a large one not all that follow are read. */
const reading = { limit: 4 };

/** As many as have {@link maxEvents} between them, if they are small. */
const batchesRead = 32;

/** Positions of a batch that has listings, but not of each. */
function unnamed({ index, end, listings }: Batch): number[] {
  if (!listings) return [];
  const positions = new Set(listings.map(({ position }) => position));
  return Array.from({ length: end - index }, (_, i) => index + i).filter(
    (position) => !positions.has(position),
  );
}

async function differentFromEvents(listings: Listing[]): Promise<number[]> {
  const items = new Map((await loadItems(listings)).map((item) => [item.position, item]));
  return listings
    .filter((listing) => {
      const item = items.get(listing.position);
      return !item || !isDeepStrictEqual(listingOf(item), listing);
    })
    .map(({ position }) => position);
}
