import { billingEvents } from './billing.ts';
import { fromEvents } from './fromEvents.ts';
import type { Restoration } from './restoration.ts';

/** How the table of each service is brought back. */
export const restorations = { billing: fromEvents(billingEvents) } satisfies Record<string, Restoration>;

export type RestoredService = keyof typeof restorations;

export const restoredServices = Object.keys(restorations) as RestoredService[];
