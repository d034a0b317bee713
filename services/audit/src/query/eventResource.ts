import { catalog } from '@fanfold/contracts/catalog';
import type { Recorded } from '../record/received.ts';

/**
 * A recorded event as the API shows it: the members of the CloudEvent as it came, with those of the log. A member
 * that the event brought along under one of the log's names gives way. Of an event that was erased only what it is known
 * by is left. Whole or erased it is a CloudEvent to the strictest of readers: names of attributes are lower-case letters and digits
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#attribute-naming-convention).
 */
export function eventResource({ text, position, recordedAt, ...known }: Recorded) {
  const event: object = text === undefined ? erased(known) : JSON.parse(text);
  return { ...event, object: 'event' as const, position, recordedat: recordedAt };
}

const erased = (known: Omit<Recorded, 'text' | 'position' | 'recordedAt'>) => ({
  specversion: '1.0' as const,
  source: sourceOf(known.type),
  ...known,
  erased: true as const,
  data: null,
});

/** Who says events of a type. An event must have a source, also one of a type that nobody says any more. */
const sourceOf = (type: string): string =>
  Object.hasOwn(catalog, type) ? catalog[type as keyof typeof catalog].source : '/unknown';
