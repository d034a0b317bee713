import { base64Of, base64urlOf, bytesOf, joined, textOf, utf8 } from './bytes.ts';
import { filesNamedIn, type NamedFile } from './document.ts';
import { sha256 } from './hashes.ts';
import { VerificationError } from './wrong.ts';

/** An entry of the log. It has no personal data and names no merchant: anybody may read it. */
export type Entry = {
  /** SHA-256 of salt and event, in base64: with both, anybody can check that it is this event. */
  commitment: string;
  /** When audit recorded the event. */
  recordedtime: string;
  /** The sequence number of the event among those of its subject, from 1; ten digits. */
  sequence: string;
  source: string;
  /** A pseudonym, in base64url: the same for all events of a subject. Only with its salt can the subject be checked. */
  subject: string;
  time: string;
  type: string;
  version: 1;
};

/** The data that opens an entry: its event and the salts. */
export type Opening = { event: string; salt: string; subjectSalt: string };

/** The members of an event that its entry has too, its id, and the files that it names. */
export type OpenedEvent = Pick<Entry, 'sequence' | 'source' | 'time' | 'type'> & {
  id: string;
  merchantid: string;
  subject: string;
  files: NamedFile[];
};

export const maxEntryBytes = 65_535;

/** The form of each member, sorted by name, as in canonical JSON. */
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z$/;
const word = /^[\x21-\x7e]{1,64}$/;
const members: Record<keyof Entry, RegExp> = {
  commitment: /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/,
  recordedtime: time,
  sequence: /^(?!0{10})\d{10}$/,
  source: word,
  subject: /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/,
  time,
  type: word,
  version: /^1$/,
};

/**
 * Parses an entry: the canonical JSON (https://www.rfc-editor.org/rfc/rfc8785) of exactly these members.
 *
 * @throws VerificationError when it is anything else
 */
export function parseEntry(bytes: Uint8Array): Entry {
  if (bytes.length > maxEntryBytes) {
    throw new VerificationError('entry', `has ${bytes.length} bytes; an entry has ${maxEntryBytes} at most`);
  }
  const text = textOf(bytes, 'entry');
  const parsed = objectOf(text, 'entry');
  for (const [name, pattern] of Object.entries(members)) {
    const value = parsed[name];
    if (typeof value === (name === 'version' ? 'number' : 'string') && pattern.test(String(value))) continue;
    throw new VerificationError('entry', `its ${name} is missing, or is not what one looks like`);
  }
  // For such values, the members in this order are canonical JSON. So the comparison finds anything more, and any
  // other form.
  const written = Object.fromEntries(Object.keys(members).map((name) => [name, parsed[name]]));
  if (JSON.stringify(written) === text) return written as Entry;
  throw new VerificationError('entry', 'it is not canonical JSON of the members that an entry has');
}

/**
 * Verifies that an entry is that of an event.
 *
 * @throws VerificationError when it is not
 */
export async function openEntry(
  entry: Entry,
  { event: text, salt, subjectSalt }: Opening,
): Promise<OpenedEvent> {
  if (!text.isWellFormed()) throw new VerificationError('event', 'is not text');
  const commitment = await sha256(joined(bytesOf(salt, 'salt', 32), utf8(text)));
  if (base64Of(commitment) !== entry.commitment) {
    throw new VerificationError(
      'commitment',
      'the entry is not that of this event: the event or its salt was changed',
    );
  }
  const event = objectOf(text, 'event') as OpenedEvent & { data?: unknown };
  for (const name of ['id', 'merchantid', 'subject'] as const) {
    if (typeof event[name] !== 'string') throw new VerificationError('event', `it has no ${name}`);
  }
  for (const name of ['sequence', 'source', 'time', 'type'] as const) {
    if (event[name] === entry[name]) continue;
    throw new VerificationError('event', `its ${name} is another than that of the entry`);
  }
  const { id, merchantid, subject, sequence, source, time, type } = event;
  const named = utf8(`${merchantid}\0${subject}`);
  const pseudonym = await sha256(joined(bytesOf(subjectSalt, 'subjectSalt', 32), named));
  if (base64urlOf(pseudonym) !== entry.subject) {
    throw new VerificationError('subject', 'that of the entry is not the pseudonym of that of the event');
  }
  return { id, merchantid, subject, sequence, source, time, type, files: filesNamedIn(event.data) };
}

/** @throws VerificationError when the text is not a JSON object */
export function objectOf(text: string, part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // The error follows.
  }
  throw new VerificationError(part, 'is not a JSON object');
}
