import { readFileSync } from 'node:fs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { expect, it } from 'vitest';
import { eventsOf } from './items.ts';

/** Items as they were written once, with what they said: a line for each. Lines are added and never changed. */
const stored = readFileSync(new URL('../../fixtures/stored.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { item: Record<string, unknown>; events: { type: string }[] });

it.each(stored.map(({ item, events }) => [item.pk, events.map(({ type }) => type).join(', '), item, events]))(
  'what %s said (%s) is for ever the same to the letter, whatever becomes of the code',
  (_pk, _types, item, events) => {
    expect(eventsOf(marshall(item)).map((event) => JSON.stringify(event))).toEqual(
      (events as unknown[]).map((event) => JSON.stringify(event)),
    );
  },
);
