import { eventTypes } from '@fanfold/contracts/catalog';
import { consume } from '@fanfold/runtime/consume';
import { checkDay } from '../checkDay.ts';
import { record } from '../record.ts';

/** Audit hears everything that is said, records it, and then checks days that were closed. */
export const handler = consume(eventTypes, (events, messages, inTurn) => {
  const entries = events.map((event, i) => ({ event, text: messages[i]?.body ?? '' }));
  const recorded = record(entries);
  return entries.map(async (entry, i) => {
    const failures = await recorded;
    if (failures.has(entry)) throw failures.get(entry);
    if (entry.event.type === 'payments.day-closed.v1') {
      const closed = entry.event;
      await inTurn(() => checkDay(closed, messages[i]?.firstReceivedAt ?? new Date()));
    }
  });
});
