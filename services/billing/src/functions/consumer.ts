import { consume } from '@fanfold/runtime/consume';
import { hears } from '../../subscriptions.js';
import { bill } from '../bill.ts';

export const handler = consume(hears, (events) => {
  const billed = bill(events);
  return events.map(async (event) => {
    const failures = await billed;
    if (failures.has(event)) throw failures.get(event);
  });
});
