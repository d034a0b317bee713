import { reachesOf } from './cells.ts';
import { deliveryFaultKinds } from './deliveries.ts';
import { type Fate, type Fault, kindsFor, strikes } from './faults.ts';
import type { Pool, Ran } from './pool.ts';
import { randomFrom } from './random.ts';
import type { Cell } from './run.ts';

/** The cell of an episode, without the faults: those are drawn while it runs. */
export function episodeOf(seed: number, stories: string[]): Cell {
  const random = randomFrom(seed);
  // Half of them are random themselves.
  const story = random() < 0.5 ? 'bazaar' : (stories[Math.floor(random() * stories.length)] as string);
  return { story, faults: [], seed };
}

/** Faults drawn at random as calls and deliveries come, at a rate that is drawn too: now and then, or all the time. */
export function drawnFate(seed: number): Fate {
  const random = randomFrom(seed ^ 0x5eed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const rate = 0.02 + 0.3 * random() ** 2;
  const drawn: Fault[] = [];
  const draw = (fault: () => Fault): Fault | undefined => {
    if (drawn.length >= maxFaults || random() >= rate) return undefined;
    drawn.push(fault());
    return drawn.at(-1);
  };
  return {
    call(place, attempt) {
      const known = drawn.find((fault) => strikes(fault, place, attempt));
      if (known || attempt > 0) return known;
      const { site, nth, call } = place;
      return draw(() => {
        const kind = pick(kindsFor(call));
        return { site, nth, kind, reach: pick(reachesOf(kind)) };
      });
    },
    delivery(site, nth) {
      const source = site.endsWith('request') ? 'request' : site.includes('.publish') ? 'stream' : 'queue';
      return draw(() => ({ site, nth, kind: pick(deliveryFaultKinds[source]), reach: 'once' }));
    },
  };
}

/** Beyond that an episode is only about how long it takes. */
const maxFaults = 12;

/**
 * The fewest faults of a run that still break a promise, by leaving out one after another.
 *
 * @returns undefined when the same faults broke nothing the second time
 */
export async function shrink(pool: Pool, { cell, struck }: Ran): Promise<Ran | undefined> {
  let smallest = await pool.run({ ...cell, faults: struck });
  if (smallest.breaches.length === 0) return undefined;
  for (let i = 0; i < smallest.cell.faults.length; ) {
    const faults = smallest.cell.faults.toSpliced(i, 1);
    const smaller = await pool.run({ ...cell, faults });
    if (smaller.breaches.length > 0) smallest = smaller;
    else i += 1;
  }
  return smallest;
}
