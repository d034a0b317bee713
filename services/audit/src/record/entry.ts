import { hash } from 'node:crypto';
import type { Received } from './received.ts';
import { type DataKey, eventSaltOf, subjectSaltOf } from './seal.ts';

/**
 * The entry of an event in the log. Anybody may read it, so it names no merchant and has nothing of the event's data.
 * Yet it fixes every byte of the event, by a salted hash of its text; the salt is given out only with a proof. The
 * subject is a pseudonym, the same for all events of a subject, so that anybody can check that its sequence numbers
 * have no gaps. Members are sorted as in RFC 8785, so that there is one encoding.
 *
 * The limits of the envelope (packages/contracts/src/event.ts) keep it well below a kilobyte. An entry may have
 * 65,535 bytes.
 */
export function entryOf({ event, text }: Received, key: DataKey, recordedAt: string): string {
  const { id, merchantid, sequence, source, subject, time, type } = event;
  return JSON.stringify({
    commitment: sha256(Buffer.concat([eventSaltOf(key, id), Buffer.from(text)])).toString('base64'),
    recordedtime: recordedAt,
    sequence,
    source,
    subject: pseudonymOf({ merchantid, subject }, key),
    time,
    type,
    version: 1,
  });
}

/** What the log calls the subject of an event. */
export const pseudonymOf = (
  { merchantid, subject }: Pick<Received['event'], 'merchantid' | 'subject'>,
  key: DataKey,
): string =>
  sha256(Buffer.concat([subjectSaltOf(key, subject), Buffer.from(`${merchantid}\0${subject}`)])).toString(
    'base64url',
  );

/** An event, and the key of its data subject. */
export type Opened = { received: Received; key: DataKey };

/** Whether an entry of the log is the one of this event. */
export const isCommittedBy = (entry: string, { received, key }: Opened): boolean =>
  entryOf(received, key, JSON.parse(entry).recordedtime) === entry;

/**
 * The JSON in a proof that opens an entry: the entry, the event and the salts of its hashes.
 *
 * @param opened undefined when the event was erased: then there is only the entry
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
