import { eventTypes } from '@fanfold/contracts/catalog';

/** What to say where nothing was found of a type: it may be of the past, of a service of somebody's own, or mistyped. */
export const aboutUnknownType = (type: string | undefined): string[] =>
  type === undefined || (eventTypes as string[]).includes(type)
    ? []
    : [`${type} is no type of event that is known here. These are: ${eventTypes.join(', ')}.`];
