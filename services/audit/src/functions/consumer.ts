import { eventTypes } from '@fanfold/contracts/catalog';
import { consume } from '@fanfold/runtime/consume';
import { record } from '../record.ts';

/** Audit hears everything that is said. */
export const handler = consume(eventTypes, (events, messages) => {
  const entries = events.map((event, i) => ({ event, text: messages[i]?.body ?? '' }));
  const recorded = record(entries);
  return entries.map(async (entry) => {
    const failures = await recorded;
    if (failures.has(entry)) throw failures.get(entry);
  });
});
