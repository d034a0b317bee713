import { consume } from '@fanfold/runtime/consume';
import { subscribedTypes } from '../../subscriptions.js';
import { bill } from '../bill.ts';
import { isBillable } from '../books.ts';
import { reconcile } from '../reconcile.ts';
import { tableGuard } from '../store/mark.ts';

/** Bills captures, refunds and those that failed afterwards, then compares the days that were closed. */
export const handler = consume(
  subscribedTypes,
  (events, messages, inTurn) => {
    const billed = bill(events.filter(isBillable));
    return events.map(async (event, i) => {
      const failures = await billed;
      if (event.type === 'payments.day-closed.v1') {
        const closed = event;
        await inTurn(() => reconcile(closed, messages[i]?.firstReceivedAt ?? new Date()));
      } else if (isBillable(event) && failures.has(event)) throw failures.get(event);
    });
  },
  tableGuard,
);
