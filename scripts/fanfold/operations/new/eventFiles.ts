import { catalog, type EventType } from '@fanfold/contracts/catalog';
import { type Event, eventId, maxLength, sequenceOf } from '@fanfold/contracts/event';
import { derivedId } from '@fanfold/runtime/idempotency';
import { traceOf } from '@fanfold/runtime/trace';

/** A real event, as `packages/contracts/examples` has them. */
export type Example = Event<string, { paymentId?: string }>;

/** What is known of an event before it has data of its own. */
export type Described = { type: string; source: string; description: string };

/** `points.earned.v1` in code: `pointsEarned`, and with a later version `pointsEarnedV2`. */
export const nameInCode = (type: string): string =>
  type.replace(/\.v1$/, '').replace(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase());

/** The file that declares an event, in its service's folder. */
export const pathOfEvent = (type: string): string => `events/${type}.ts`;

/**
 * The files of an event that a service publishes, by their path in its folder: its declaration, which says that it is about a
 * payment and nothing else yet, and its example.
 */
export function eventFiles({
  type,
  service,
  example,
}: {
  type: string;
  service: string;
  example: (event: Described) => object;
}): Map<string, string> {
  const [noun = '', verb = ''] = type.split('.').map((part) => part.replaceAll('-', ' '));
  const event = {
    type,
    source: `/${service}`,
    description: `${noun.charAt(0).toUpperCase()}${noun.slice(1)} ${verb}, by ${service}.`,
  };
  return new Map([
    [
      pathOfEvent(type),
      `import { defineEvent, subjectId } from '@fanfold/contracts/event';
import * as z from 'zod';

export const event = defineEvent({
  type: '${type}',
  source: '${event.source}',
  description: '${event.description}',
  data: () => z.object({ paymentId: subjectId }),
});

declare module '@fanfold/contracts/catalog' {
  interface DeclaredEvents {
    '${type}': typeof event;
  }
}
`,
    ],
    [`events/${type}.json`, `${JSON.stringify(example(event), null, 2)}\n`],
  ]);
}

/** What a service would publish as the n-th event about its cause. */
export function exampleOf(service: string, { type, source }: Described, n: number, cause: Example): Example {
  const subject = derivedId(service, cause.merchantid, cause.id);
  const { specversion, datacontenttype, time, merchantid } = cause;
  return {
    ...{ specversion, id: eventId(subject, n), source, type, subject, time, datacontenttype },
    ...{ sequence: sequenceOf(n), merchantid, ...traceOf(cause) },
    data: { paymentId: cause.data.paymentId ?? cause.subject },
  };
}

export const isKnown = (type: string): boolean => Object.hasOwn(catalog, type);

/** What is wrong with a type that is to be new, as a sentence; undefined when nothing is. */
export function newTypeProblem(type: string): string | undefined {
  if (isKnown(type)) {
    return `${type} is published by ${catalog[type as EventType].source.slice(1)} already: each type has one publisher.`;
  }
  if (/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9]\d*$/.test(type) && type.length <= maxLength.type)
    return undefined;
  return `"${type}" is no type of event: it is a noun, a verb in the past and a version, such as points.earned.v1, with ${maxLength.type} characters at most.`;
}
