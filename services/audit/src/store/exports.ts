import { eventId } from '@fanfold/contracts/event';
import { chunksOf, lambdaAnswer } from '@fanfold/runtime/batch';
import type { Indexed, IndexRequest } from '../query/exportRequest.ts';
import { keyOf, merchantOf, subjectOf } from './eventItems.ts';
import { loadAll } from './events.ts';
import { type Found, type IndexKey, scanIndexed } from './indexes.ts';
import { isCut } from './listings.ts';
import { readBatches, readUnmerged } from './mergedListings.ts';
import { listingsBehind } from './queries.ts';

/** Where the next part begins: behind a position, or in the index of those that have no listing. */
export type Next = NonNullable<IndexRequest['after']>;

/** How many events a part of the index has, give or take a batch: about 2 MB, of the 6 MB of a Lambda response. */
const indexPartSize = 5000;

/**
 * A part of the index: of one merchant by position, of all merchants in no order. As long as there is `next` there
 * may be more, also after a part without events.
 */
export async function readIndex(
  { merchantId, subject, type, from, to, after }: IndexRequest,
  isTimeUp: () => boolean,
): Promise<{ events: Indexed[]; next?: Next }> {
  const events: Indexed[] = [];
  let next: Next | undefined;
  const source = merchantId === undefined ? readAll(after, isTimeUp) : readOf(merchantId, after, isTimeUp);
  for await (const part of source) {
    next = part.next;
    for (const found of part.found) {
      if ((subject ?? found.subject) !== found.subject || (type ?? found.type) !== found.type) continue;
      if (found.time < from || found.time >= to) continue;
      const { merchantId, position, type: typeFound } = found;
      events.push({ merchantId, id: eventId(found.subject, Number(found.sk)), type: typeFound, position });
    }
    if (events.length >= indexPartSize || isTimeUp()) break;
  }
  return { events, ...(next && { next }) };
}

type Part = { found: Found[]; next?: Next | undefined };

/** How many events of a merchant are looked at together. */
const lookedAt = 1000;

async function* readOf(
  merchantId: string,
  after: Next | undefined,
  isTimeUp: () => boolean,
): AsyncGenerator<Part> {
  let found: Found[] = [];
  let position = after?.position ?? -1;
  for await (const each of listingsBehind({ merchantId }, position, { isTimeUp })) {
    if (isCut(each)) {
      // Whoever reads on from there would read the same again, for ever.
      if (position === (after?.position ?? -1) && found.length === 0)
        throw new Error(
          `There was no time to read what waits to be merged before the events of ${merchantId}: see docs/runbooks/provable-late.md, and read again when publishLog runs`,
        );
      yield { found, next: { position } };
      return;
    }
    found.push(each);
    position = each.position;
    if (found.length < lookedAt) continue;
    yield { found, next: { position } };
    found = [];
  }
  yield { found };
}

/** First those that have listings, then those of the index. */
async function* readAll(after: Next | undefined, isTimeUp: () => boolean): AsyncGenerator<Part> {
  let indexKey: IndexKey | undefined;
  if (after && 'pk' in after) indexKey = after;
  else {
    for (let position = after ? after.position + 1 : 0; ; ) {
      const batches = await readBatches(position);
      const last = batches.at(-1);
      if (!last) break;
      position = last.end;
      yield { found: batches.flatMap(({ listings = [] }) => listings), next: { position: position - 1 } };
    }
    if ((await readUnmerged()).unlistedUntil === 0) {
      yield { found: [] };
      return;
    }
  }
  do {
    const { found, next } = await scanIndexed(indexKey);
    yield { found, next };
    indexKey = next;
  } while (indexKey && !isTimeUp());
}

/** The text of an event in the index. It is null when the event was erased. */
export type RecordedText = { position: number; text: string | null };

/**
 * The texts of events of the index, in the order of the log: the first ones, as many as fit into one answer.
 *
 * @throws when one of them is not in the log
 */
export async function loadTexts(
  events: Pick<Indexed, 'merchantId' | 'id' | 'position'>[],
): Promise<RecordedText[]> {
  const entries = events.map(({ merchantId, id, position }) => {
    const key = keyOf(merchantId, id);
    if (!key) throw new Error(`${id} is not the id of an event`);
    return { located: { merchantId: merchantOf(key), subject: subjectOf(key), sk: key.sk }, position };
  });
  entries.sort((a, b) => a.position - b.position);
  const texts = (await loadAll(entries.map(({ located }) => located))).map(({ position, text = null }) => ({
    position,
    text,
  }));
  if (texts.length < events.length) throw new Error('The log does not have all of these events');
  const [first = []] = chunksOf(
    texts,
    ({ text }) => Buffer.byteLength(JSON.stringify(text)) + 50,
    lambdaAnswer,
  );
  return first;
}
