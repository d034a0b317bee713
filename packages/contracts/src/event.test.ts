import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineEvent, eventId, makeEvent, maxEventBytes, sequenceOf, type Trace } from './event.ts';

const noteTaken = defineEvent({
  type: 'note.taken.v1',
  source: '/notes',
  description: 'Somebody took a note.',
  data: () => z.object({ text: z.string() }),
});

const trace: Trace = {
  correlationid: 'req_1',
  causationid: 'req_1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const facts = {
  subject: 'note_1',
  n: 3,
  time: '2026-11-23T10:00:00.000Z',
  merchantid: 'acme',
  trace,
  data: { text: 'hello' },
};
const event = makeEvent(noteTaken, facts);

const fits = (changes: Record<string, unknown>) =>
  noteTaken.schema.safeParse({ ...event, ...changes }).success;

describe('An event that is made', () => {
  test('is the same to the letter, whatever the order of members that DynamoDB returns', () => {
    const counted = defineEvent({
      type: 'notes.counted.v1',
      source: '/notes',
      description: 'Somebody counted the notes.',
      data: () => z.object({ counts: z.record(z.string(), z.int()) }),
    });
    const texts = [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ].map((counts) => JSON.stringify(makeEvent(counted, { ...facts, data: { counts } })));
    expect(texts[1]).toBe(texts[0]);
  });

  test('is a CloudEvent with its id, its place in the sequence and its trace', () => {
    expect(event).toEqual({
      specversion: '1.0',
      id: 'note_1:3',
      source: '/notes',
      type: 'note.taken.v1',
      subject: 'note_1',
      time: '2026-11-23T10:00:00.000Z',
      datacontenttype: 'application/json',
      sequence: '0000000003',
      merchantid: 'acme',
      ...trace,
      data: { text: 'hello' },
    });
  });

  test('is read back the same from its JSON', () => {
    expect(noteTaken.schema.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  test('sorts by its sequence as a text as it does by number', () => {
    const n = fc.integer({ min: 1, max: 9_999_999_999 });
    fc.assert(
      fc.property(n, n, (a, b) => {
        expect(sequenceOf(a) < sequenceOf(b)).toBe(a < b);
      }),
    );
  });

  test.each([0, -1, 1.5, 10_000_000_000, Number.NaN])('cannot be the %d-th of its subject', (n) => {
    expect(() => makeEvent(noteTaken, { ...facts, n })).toThrow(z.ZodError);
  });

  test('cannot lack what its definition asks for', () => {
    expect(() => makeEvent(noteTaken, { ...facts, data: {} as { text: string } })).toThrow(z.ZodError);
    expect(() => makeEvent(noteTaken, { ...facts, time: 'yesterday' })).toThrow(z.ZodError);
    expect(() => makeEvent(noteTaken, { ...facts, subject: '' })).toThrow(z.ZodError);
    expect(() => makeEvent(noteTaken, { ...facts, merchantid: 'acme#2' })).toThrow(z.ZodError);
  });

  test('may have 48 KiB and not one byte more, counted as it is sent', () => {
    const envelopeBytes = Buffer.byteLength(JSON.stringify({ ...event, data: { text: '' } }));
    const room = maxEventBytes - envelopeBytes;
    const made = makeEvent(noteTaken, { ...facts, data: { text: 'x'.repeat(room) } });
    expect(Buffer.byteLength(JSON.stringify(made))).toBe(48 * 1024);
    expect(() => makeEvent(noteTaken, { ...facts, data: { text: 'x'.repeat(room + 1) } })).toThrow(
      new RangeError('note.taken.v1 of note_1 is 49153 bytes; an event may have 49152'),
    );
    expect(() => makeEvent(noteTaken, { ...facts, data: { text: '€'.repeat(room / 2) } })).toThrow(
      RangeError,
    );
    expect(() => makeEvent(noteTaken, { ...facts, data: { text: '"'.repeat(room / 2 + 1) } })).toThrow(
      RangeError,
    );
  });
});

describe('An event that is read', () => {
  test('may have fields that this version does not know', () => {
    expect(fits({ partitionkey: 'x', data: { text: 'hello', color: 'red' } })).toBe(true);
  });

  test('has the id of its subject and sequence', () => {
    expect(fits({ id: 'note_1:4' })).toBe(false);
    expect(fits({ id: 'note_2:3' })).toBe(false);
    expect(fits({ id: 'note_1:0000000003' })).toBe(false);
    const other = { id: eventId('note_2', 12), subject: 'note_2', sequence: sequenceOf(12) };
    expect(fits(other)).toBe(true);
  });

  test.each([
    ['specversion', ['0.3', 1, undefined]],
    ['type', ['note.taken.v2', 'note.taken', undefined]],
    ['source', ['/others', undefined]],
    ['time', ['2026-11-23 10:00:00', '2026-11-23T10:00:00+01:00', '2026-11-23', 0, undefined]],
    ['datacontenttype', ['text/xml', undefined]],
    ['sequence', ['3', '00000000003', '000000000x', 3, undefined]],
    ['merchantid', ['', 'a b', 'acme#1', 'ä', 'x'.repeat(65), null, undefined]],
    ['correlationid', ['', 'a b', 'ä', 'x'.repeat(129), undefined]],
    ['causationid', ['', 'a b', 'x'.repeat(161), undefined]],
    ['traceparent', ['', '00-0af7-b7ad-01', `${trace.traceparent}-x`, undefined]],
    ['data', [{}, { text: 1 }, null, 'text', undefined]],
  ])('does not have a wrong %s', (name, values) => {
    for (const value of values) expect(fits({ [name]: value }), String(value)).toBe(false);
  });

  test('names the field that is wrong', () => {
    const { error } = noteTaken.schema.safeParse({ ...event, id: 'note_1:4' });
    expect(error?.issues).toMatchObject([
      { path: ['id'], message: 'must be the subject, a colon and the sequence number' },
    ]);
  });
});
