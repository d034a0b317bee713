import { eventTypes } from '@fanfold/contracts/catalog';
import { consume } from '@fanfold/runtime/consume';
import { forward } from '../forward.ts';

/** Subscribes to all events: puts each into the stream behind the one before it of its subject. */
export const handler = consume(eventTypes, (events) => {
  const forwarded = forward(events);
  return events.map(async (event) => {
    const failure = (await forwarded).get(event);
    if (failure) throw failure;
  });
});
