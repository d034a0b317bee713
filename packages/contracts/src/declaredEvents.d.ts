import type { EventDefinition } from './event.ts';

/**
 * The events that services declare in their own folder, each in a file `services/<name>/events/<type>.ts`: such an event needs no
 * change here. In bundles, for Lambda and for browsers, packages/topology/bundling.js puts imports of these files in the place of the
 * module. Its types are apart, because what browsers read does not know Node.
 */
export const declaredEvents: EventDefinition[];
