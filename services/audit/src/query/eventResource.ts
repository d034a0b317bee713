import { catalog } from '@fanfold/contracts/catalog';
import type { Recorded } from '../record/received.ts';

/**
 * A recorded event as the API shows it: the members of the CloudEvent as it came, and those of the log. If the event
 * has a member with the name of one of the log's, the log's wins. Of an erased event, only what identifies it is
 * left. Both forms are valid CloudEvents for strict readers: names of attributes are lower-case letters and digits
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

/**
 * The publisher of a type. A CloudEvent must have a source, also an erased one of a type that is not published any
 * more.
 */
const sourceOf = (type: string): string =>
  Object.hasOwn(catalog, type) ? catalog[type as keyof typeof catalog].source : '/unknown';
