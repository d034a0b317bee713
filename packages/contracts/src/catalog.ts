import { auditGapFound, auditNumberTwice, auditSubjectErased } from './audit.ts';
import {
  billingReconciliationFailed,
  creditNoteIssued,
  creditNoteRendered,
  invoiceIssued,
  invoiceRendered,
  sellerChanged,
} from './billing.ts';
import { declaredEvents } from './declaredEvents.js';
import type { EventDefinition, EventOf } from './event.ts';
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

/**
 * The events that services declare in their own folder, by type: each file in `services/<name>/events` adds its own to this
 * interface, so that the compiler knows them wherever it knows the others.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is where declarations are merged.
export interface DeclaredEvents {}

type Definition = (typeof definitions)[number] | DeclaredEvents[keyof DeclaredEvents];

export type EventType = Definition['type'];

/** The definition of each event, by type. */
type Catalog = { [Type in EventType]: Extract<Definition, { type: Type }> };

/** The event of a type; without a type, any event of the catalog. */
export type EventOfType<Type extends EventType = EventType> = { [T in Type]: EventOf<Catalog[T]> }[Type];

const all: readonly EventDefinition[] = [...definitions, ...declaredEvents];

/** All events of Fanfold's services, by type. A new one is declared by its service (declaredEvents.js). */
export const catalog = Object.fromEntries(
  all.map((definition) => [definition.type, definition]),
) as unknown as Catalog;

export const eventTypes = all.map(({ type }) => type) as EventType[];
