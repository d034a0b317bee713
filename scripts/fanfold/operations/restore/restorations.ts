import { auditRestoration } from './audit.ts';
import { billingEvents } from './billing.ts';
import { fromEvents } from './fromEvents.ts';
import { paymentsEvents } from './payments.ts';
import type { Restoration } from './restoration.ts';
import type { RestoredService } from './restoredServices.ts';

/** How the table of each service is brought back. */
export const restorations: Record<RestoredService, Restoration> = {
  audit: auditRestoration,
  payments: fromEvents(paymentsEvents),
  billing: fromEvents(billingEvents),
};
