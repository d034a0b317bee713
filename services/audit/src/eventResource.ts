import type { Event } from '@fanfold/contracts/event';
import type { Recorded } from './entry.ts';

/**
 * A recorded event as the API shows it: the members of the CloudEvent as it came, with those of the log. A member
 * that the event brought along under one of the log's names gives way.
 */
export function eventResource({ text, position, recordedAt }: Recorded) {
  const said: Event = JSON.parse(text);
  return { ...said, object: 'event' as const, position, recordedAt };
}
