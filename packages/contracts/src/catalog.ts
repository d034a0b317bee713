import { auditGapFound, auditNumberTwice, auditSubjectErased } from './audit.ts';
import {
  billingReconciliationFailed,
  creditNoteIssued,
  creditNoteRendered,
  invoiceIssued,
  invoiceRendered,
  sellerChanged,
} from './billing.ts';
import type { EventOf } from './event.ts';
import { deadLetterEdited, operationOrdered } from './operator.ts';
import {
  paymentAuthorized,
  paymentCanceled,
  paymentCaptured,
  paymentDisputeClosed,
  paymentDisputeOpened,
  paymentFailed,
  paymentRefunded,
  paymentRefundFailed,
  paymentsDayClosed,
  paymentsDifferenceFound,
} from './payments.ts';

const definitions = [
  paymentAuthorized,
  paymentCaptured,
  paymentFailed,
  paymentCanceled,
  paymentRefunded,
  paymentRefundFailed,
  paymentDisputeOpened,
  paymentDisputeClosed,
  paymentsDayClosed,
  paymentsDifferenceFound,
  invoiceIssued,
  invoiceRendered,
  creditNoteIssued,
  creditNoteRendered,
  sellerChanged,
  billingReconciliationFailed,
  auditGapFound,
  auditNumberTwice,
  auditSubjectErased,
  operationOrdered,
  deadLetterEdited,
] as const;

type Definition = (typeof definitions)[number];

export type EventType = Definition['type'];

/** The definition of each event, by type. */
type Catalog = { [Type in EventType]: Extract<Definition, { type: Type }> };

/** The event of a type; without a type, any event of the catalog. */
export type EventOfType<Type extends EventType = EventType> = { [T in Type]: EventOf<Catalog[T]> }[Type];

/** All events of Fanfold's services, by type. A new event is added here. */
export const catalog = Object.fromEntries(
  definitions.map((definition) => [definition.type, definition]),
) as unknown as Catalog;

export const eventTypes = definitions.map((definition) => definition.type);
