import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { catalog, type EventType, eventTypes } from './catalog.ts';
import { maxEventBytes } from './event.ts';
import { exampleFile } from './exampleFile.ts';
import { addUp } from './tax.ts';

const example = (type: EventType) => JSON.parse(readFileSync(exampleFile(catalog[type]), 'utf8'));
const folderOf = (type: EventType) => new URL('.', exampleFile(catalog[type])).href;

describe('The catalog', () => {
  test('has one example of each event, by the name of its type, and no other', () => {
    for (const [folder, types] of Map.groupBy(eventTypes, folderOf)) {
      const there = readdirSync(new URL(folder)).filter((file) => file.endsWith('.json'));
      expect(there.sort()).toEqual(types.map((type) => `${type}.json`).sort());
    }
  });

  test('has each type once, as noun, past tense and version', () => {
    expect(new Set(eventTypes).size).toBe(eventTypes.length);
    for (const type of eventTypes) expect(type).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v\d+$/);
  });

  test('finds each definition by its type, with a sentence that says when it is published', () => {
    for (const type of eventTypes) {
      expect(catalog[type].type).toBe(type);
      expect(catalog[type].description).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe.each(eventTypes)('The example of %s', (type) => {
  const message = example(type);

  test('is a message that its definition reads, with nothing in it that it does not know', () => {
    expect(catalog[type].schema.parse(message)).toEqual(message);
    expect(message.type).toBe(type);
  });

  test('fits where every event must fit', () => {
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThanOrEqual(maxEventBytes);
  });
});

test.each(['invoice.issued.v1', 'credit-note.issued.v1'] as const)(
  'The totals in the example of %s add up, rate by rate and as a whole',
  (type) => {
    const { totals } = example(type).data;
    expect(addUp(totals.taxByRate)).toEqual(totals);
  },
);
