import type { Event } from '@fanfold/contracts/event';
import type { Recorded } from './heard.ts';

/**
 * A recorded event as the API shows it: the members of the CloudEvent as it came, with those of the log. A member
 * that the event brought along under one of the log's names gives way. Of an event that was erased only what it is known
 * by is left.
 */
export function eventResource({ text, position, recordedAt, ...known }: Recorded) {
  const said: Partial<Event> = text === undefined ? known : JSON.parse(text);
  const erased = text === undefined && ({ erased: true, data: null } as const);
  return { ...said, ...erased, object: 'event' as const, position, recordedAt };
}
