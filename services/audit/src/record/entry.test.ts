import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import { entryOf, openingOf } from './entry.ts';
import { receivedOf } from './receivedFixtures.ts';
import { newDataKey } from './seal.ts';

const key = newDataKey();
const recordedAt = '2026-11-23T10:00:01.000Z';
const first = receivedOf('pay_1', 1);

const sha256 = (...parts: Uint8Array[]) => hash('sha256', Buffer.concat(parts), 'buffer');
const bytes = (base64: string) => Buffer.from(base64, 'base64');

it('an entry has an event’s type, time and number, and nothing of whose it is or of its data', () => {
  const entry = JSON.parse(entryOf(first, key, recordedAt));
  expect(entry).toEqual({
    commitment: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
    recordedtime: recordedAt,
    sequence: '0000000001',
    source: '/payments',
    subject: expect.stringMatching(/^[\w-]{43}$/),
    time: '2026-11-23T10:00:00.000Z',
    type: 'payment.canceled.v1',
    version: 1,
  });
  expect(entryOf(first, key, recordedAt)).not.toMatch(/acme|pay_1|order-1/);
});

it('it has one spelling: members in order, and no space', () => {
  const entry = entryOf(first, key, recordedAt);
  const sorted = Object.fromEntries(Object.entries(JSON.parse(entry)).sort(([a], [b]) => (a < b ? -1 : 1)));
  expect(entry).toBe(JSON.stringify(sorted));
});

it('its commitment and its pseudonym are opened with the salts that a proof tells', () => {
  const entry = entryOf(first, key, recordedAt);
  const opening = JSON.parse(openingOf(entry, { received: first, key }));
  expect(opening).toEqual({
    entry,
    event: first.text,
    salt: expect.any(String),
    subjectSalt: expect.any(String),
    version: 1,
  });
  const { commitment, subject } = JSON.parse(opening.entry);
  expect(sha256(bytes(opening.salt), Buffer.from(opening.event)).toString('base64')).toBe(commitment);
  expect(
    sha256(bytes(opening.subjectSalt), Buffer.from('acme'), new Uint8Array(1), Buffer.from('pay_1')).toString(
      'base64url',
    ),
  ).toBe(subject);
});

it('a subject’s entries share a pseudonym, which is another one under another key and for another merchant', () => {
  const pseudonym = (...received: Parameters<typeof receivedOf>) =>
    JSON.parse(entryOf(receivedOf(...received), key, recordedAt)).subject;
  const own = pseudonym('pay_1', 1);
  expect(pseudonym('pay_1', 2)).toBe(own);
  expect(pseudonym('pay_2', 1)).not.toBe(own);
  expect(pseudonym('pay_1', 1, { merchantid: 'umbrella' })).not.toBe(own);
  expect(JSON.parse(entryOf(first, newDataKey(), recordedAt)).subject).not.toBe(own);
});

it('of an erased event the opening has the entry alone', () => {
  const entry = entryOf(first, key, recordedAt);
  expect(JSON.parse(openingOf(entry))).toEqual({ entry, version: 1 });
});

it('is the same for ever: what is in the log is built on', () => {
  const entry = entryOf(first, Buffer.alloc(32, 1), recordedAt);
  expect(entry).toBe(
    '{"commitment":"JTfWQhbPlAOH6TIf/Eoaivpmy5oxwnZ39syGE7tq5c4=","recordedtime":"2026-11-23T10:00:01.000Z","sequence":"0000000001","source":"/payments","subject":"CK5F1RqV26wP5bI7YixJ_5ENW2332FqPp0LecLKQT_A","time":"2026-11-23T10:00:00.000Z","type":"payment.canceled.v1","version":1}',
  );
});
