import { setTimeout as delay } from 'node:timers/promises';
import { dataSubjectOf } from '@fanfold/contracts/event';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { issuedIn } from '../compare/series.ts';
import { erasuresOf } from '../store/erasures.ts';
import { fill, fillErased } from '../store/filledEntries.ts';
import { erasedAtOf, keyName, loadKeys } from '../store/keys.ts';
import { waitingFor } from '../store/openEntries.ts';
import { isCommittedBy, pseudonymOf } from './entry.ts';
import { comparableTime, type Received } from './received.ts';
import type { DataKey } from './seal.ts';

/**
 * Adds events to entries of a restored log that wait for them. The entry's commitment decides whether it is this event. An
 * event whose data subject was erased since is only noted as recorded: nobody is to read it again. What no entry waits for
 * is left to be appended.
 *
 * @param until the time of the last event that an entry may wait for, in the form that can be compared
 * @returns the events that are settled, with an error for those that contradict their entry
 */
export async function fillIn(
  received: Received[],
  until: string,
): Promise<Map<Received, 'recorded' | Error>> {
  const settled = new Map<Received, 'recorded' | Error>();
  const possible = received.filter(({ event }) => comparableTime(event.time) <= until);
  const keys = await loadKeys(possible.map(nameOf));
  const fillEach = async (events: Iterable<Received>) => {
    for (const each of events) {
      const outcome = await fillOne(each, keys.get(nameOf(each)));
      if (outcome) settled.set(each, outcome);
    }
  };
  // Documents have all of them numbers counted anew, so they would only be in each other's way.
  const [documents, others] = [possible.filter(isDocument), possible.filter((each) => !isDocument(each))];
  const left = others.values();
  await Promise.all([fillEach(documents), ...Array.from({ length: parallel }, () => fillEach(left))]);
  return settled;
}

/** How many events besides documents are filled in at the same time. */
const parallel = 8;

const isDocument = ({ event }: Received): boolean => issuedIn(event) !== undefined;

const nameOf = ({ event }: Received): string => keyName(event.merchantid, dataSubjectOf(event));

/** How many races with other instances it retries. */
const maxRaces = 10;

/** @returns undefined when no entry waits for it */
async function fillOne(
  received: Received,
  key: DataKey | undefined,
): Promise<'recorded' | Error | undefined> {
  const { event } = received;
  for (let races = 0; races < maxRaces; races++) {
    if (races > 0) await delay(Math.random() * Math.min(20 * 2 ** races, 1000));
    const waiting = await waitingFor(event);
    const [first] = waiting;
    if (!first) return undefined;
    const own = key && waiting.find(({ entry }) => JSON.parse(entry).subject === pseudonymOf(event, key));
    if (own && !isCommittedBy(own.entry, { received, key })) return contradiction(received);
    if (!own && !(await wasErased(received))) return undefined;
    // With its key, what told which of these entries is the event's is gone. They differ in nothing else that is public.
    const outcome = own ? await fill(own, received, key) : await fillErased(first, received);
    if (outcome === 'filled') return 'recorded';
    // It is compared there with what is recorded.
    if (outcome === 'recorded') return undefined;
  }
  throw new Error(`Other instances wrote first, ${maxRaces} times in a row`);
}

/** Erasures are in the log's table. One that it has forgotten has left a mark where its key was. */
async function wasErased(received: Received): Promise<boolean> {
  const { event } = received;
  const erasures = await erasuresOf(event.merchantid, dataSubjectOf(event));
  const times = [...erasures.map(({ erasedAt }) => erasedAt), await erasedAtOf(nameOf(received))];
  return times.some((erasedAt) => erasedAt !== undefined && erasedAt > event.time);
}

const contradiction = ({ event }: Received): Unprocessable =>
  new Unprocessable('contradiction', `${event.id} is in the log already, with another content`);
