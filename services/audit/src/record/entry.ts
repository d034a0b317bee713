import { hash } from 'node:crypto';
import type { Received } from './received.ts';
import { type DataKey, eventSaltOf, subjectSaltOf } from './seal.ts';

/**
 * What the log has of an event: an entry, which anybody may read. It names no merchant, says nothing of what the event
 * said, and still fixes every byte of it: a commitment to its text, under a salt that is told only with a proof. The
 * subject is a pseudonym, the same for all of a subject's events, so that anybody can see that their numbers have no
 * gaps. Members stand in the order of RFC 8785, so that there is one spelling.
 *
 * Its size is bounded by the envelope's (packages/contracts/src/event.ts): well below a kilobyte, of 65,535 bytes that
 * an entry may have.
 */
export function entryOf({ event, text }: Received, key: DataKey, recordedAt: string): string {
  const { id, merchantid, sequence, source, subject, time, type } = event;
  return JSON.stringify({
    commitment: sha256(Buffer.concat([eventSaltOf(key, id), Buffer.from(text)])).toString('base64'),
    recordedtime: recordedAt,
    sequence,
    source,
    subject: sha256(
      Buffer.concat([subjectSaltOf(key, subject), Buffer.from(`${merchantid}\0${subject}`)]),
    ).toString('base64url'),
    time,
    type,
    version: 1,
  });
}

/** An event, and the key of whom it is about. */
export type Opened = { received: Received; key: DataKey };

/** Whether it is this event that the log has with this entry. */
export const isCommittedBy = (entry: string, { received, key }: Opened): boolean =>
  entryOf(received, key, JSON.parse(entry).recordedtime) === entry;

/**
 * What a proof carries beside the log's hashes, as JSON: the entry, and what opens its commitment and its pseudonym.
 *
 * @param opened undefined when the event was erased: then the entry is all there is
 */
export const openingOf = (entry: string, opened?: Opened): string =>
  JSON.stringify({
    entry,
    ...(opened && {
      event: opened.received.text,
      salt: Buffer.from(eventSaltOf(opened.key, opened.received.event.id)).toString('base64'),
      subjectSalt: Buffer.from(subjectSaltOf(opened.key, opened.received.event.subject)).toString('base64'),
    }),
    version: 1,
  });

const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer');
