import { eventTypes } from '@fanfold/contracts/catalog';
import { consume } from '@fanfold/runtime/consume';
import { checkDay } from '../compare/checkDay.ts';
import { logGuard } from '../record/lack.ts';
import { record } from '../record/record.ts';

/** Subscribes to all events: records them, then checks each day that was closed. */
export const handler = consume(
  eventTypes,
  (events, messages, inTurn) => {
    const received = events.map((event, i) => ({ event, text: messages[i]?.body ?? '' }));
    const recorded = record(received);
    return received.map(async (each, i) => {
      const failures = await recorded;
      if (failures.has(each)) throw failures.get(each);
      if (each.event.type === 'payments.day-closed.v1') {
        const closed = each.event;
        await inTurn(() => checkDay(closed, messages[i]?.firstReceivedAt ?? new Date()));
      }
    });
  },
  logGuard,
);
