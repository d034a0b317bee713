import { existsSync } from 'node:fs';
import type { EventDefinition } from './event.ts';

/** Where the example of an event is: beside its declaration. */
export function exampleFile({ type, source }: Pick<EventDefinition, 'type' | 'source'>): URL {
  const ofService = new URL(`../../../services${source}/events/${type}.json`, import.meta.url);
  return existsSync(ofService) ? ofService : new URL(`../examples/${type}.json`, import.meta.url);
}
