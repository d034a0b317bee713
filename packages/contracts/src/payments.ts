import * as z from 'zod';
import { defineEvent, eventType, identifier, maxLength, subjectId } from './event.ts';
import { amountMinor, currency, customer, day, line, maxTextLength, orderId, time } from './fields.ts';
import { credit, maxOrderLines, order } from './order.ts';
import { nonPersonal, personal } from './personal.ts';

const source = '/payments';

/** How many refunds of a payment can succeed, those included that fail afterwards. */
export const maxRefundsPerPayment = 48;

/** How many it could be before a refund could fail after it had succeeded: consumers take the events of all of them. */
export const maxRefundsEverPerPayment = 50;

/** All fields are bounded: consumers store them, with all refunds of a payment in one item. */
const paymentFacts = z.object({
  paymentId: nonPersonal(z.string().max(maxLength.subject)),
  orderId,
  /** The amount that was authorized; less may have been captured. */
  amount: amountMinor,
  currency,
});

export const paymentAuthorized = defineEvent({
  type: 'payment.authorized.v1',
  source,
  description: 'The provider has reserved the amount; nothing is charged before it is captured.',
  data: () => paymentFacts.extend({ expiresAt: time }),
});

export const paymentCaptured = defineEvent({
  type: 'payment.captured.v1',
  source,
  description: 'Money was taken. Once per payment: capturing less than authorized releases the rest.',
  data: () =>
    paymentFacts.extend({
      amountCaptured: amountMinor,
      description: personal(z.string()).nullable(),
      customer,
      /** Net unit amounts that add up to `amount` with tax; null when the payment has no lines, or `order` has them. */
      lines: z.array(line).max(1000).nullable(),
      /** Payments from before lines had categories have none. */
      order: order.optional(),
    }),
});

/** Why the provider did not do it. */
const failure = z.object({
  code: nonPersonal(z.string()),
  message: personal(z.string()),
  declineCode: nonPersonal(z.string()).nullable(),
});

export const paymentFailed = defineEvent({
  type: 'payment.failed.v1',
  source,
  description:
    'The provider declined, erred, or turned out never to have received the payment. No money moved.',
  data: () => paymentFacts.extend({ reason: failure }),
});

export const paymentCanceled = defineEvent({
  type: 'payment.canceled.v1',
  source,
  description: 'An authorization was given up, by the merchant or because it expired. No money moved.',
  data: () => paymentFacts.extend({ reason: personal(z.string()) }),
});

/**
 * Refunds that failed after they had succeeded have left gaps, so what is taken back does not follow from the total refunded
 * before it any more.
 */
export const afterFailures = z.object({
  /** How many refunds of the payment have failed before this one succeeded, after they had succeeded themselves. */
  failures: z.int().min(1),
  /** What this one takes back of each category and rate, in minor units, in the order of the invoice: the highest rate first. */
  vat: z.array(z.object({ net: amountMinor, tax: amountMinor })).max(maxOrderLines),
});
export type AfterFailures = z.output<typeof afterFailures>;

export const paymentRefunded = defineEvent({
  type: 'payment.refunded.v1',
  source,
  description: 'Captured money went back, in part or in whole.',
  data: () =>
    paymentFacts.extend({
      amountCaptured: amountMinor,
      /** The total refunded of the payment, this refund included. */
      amountRefunded: amountMinor,
      refund: z.object({
        id: nonPersonal(z.string().max(maxLength.subject)),
        amount: amountMinor.min(1),
        reason: personal(z.string().max(maxTextLength.reason)).nullable(),
        credit: credit.optional(),
        /** Missing as long as no refund of the payment has failed after it had succeeded. */
        afterFailures: afterFailures.optional(),
      }),
    }),
});

export const paymentRefundFailed = defineEvent({
  type: 'payment.refund-failed.v1',
  source,
  description:
    'A refund has failed, perhaps after it had succeeded: then the money that went back is with the merchant again.',
  data: () =>
    paymentFacts.extend({
      amountCaptured: amountMinor,
      /** The total refunded of the payment, without this refund. */
      amountRefunded: amountMinor,
      refund: z.object({
        id: nonPersonal(z.string().max(maxLength.subject)),
        amount: amountMinor.min(1),
        reason: personal(z.string().max(maxTextLength.reason)).nullable(),
      }),
      reason: failure,
      /** Whether it had succeeded before: a `payment.refunded.v1` said so. */
      wasRefunded: z.boolean(),
    }),
});

/** A cardholder's claim against a payment, as the provider has it. */
const dispute = z.object({
  id: nonPersonal(z.string().max(maxLength.subject)),
  amount: amountMinor,
  currency,
  /** In the provider's terms. */
  reason: nonPersonal(z.string().max(maxTextLength.reason)),
  openedAt: time,
  /** Until when the merchant can answer it; null when there is nothing to answer. */
  evidenceDueBy: time.nullable(),
});

export const paymentDisputeOpened = defineEvent({
  type: 'payment.dispute-opened.v1',
  source,
  description: 'A cardholder disputes the payment at the bank. The provider holds the money back meanwhile.',
  data: () => paymentFacts.extend({ dispute }),
});

export const paymentDisputeClosed = defineEvent({
  type: 'payment.dispute-closed.v1',
  source,
  description:
    'A dispute is decided: `won` means that the merchant keeps the money, and `lost` that the cardholder does.',
  data: () => paymentFacts.extend({ dispute: dispute.extend({ outcome: z.enum(['won', 'lost']) }) }),
});

/** What was captured and refunded on a day, by currency, in minor units. */
export const dayTotals = z.record(
  currency,
  z.object({
    captured: z.int().min(0),
    refunded: z.int().min(0),
    /** Of refunds that failed on the day after they had succeeded; missing when there were none. */
    reversed: z.int().min(0).optional(),
  }),
);

// Most functions do not publish these two, and have them not in their bundles.
export const paymentsDayClosed = /* @__PURE__ */ defineEvent({
  type: 'payments.day-closed.v1',
  source,
  description: "A merchant's day (UTC) is over: the events of its payments, counted and added up.",
  data: () =>
    z.object({
      date: day,
      /** How many events of each type happened on that day. */
      counts: z.record(eventType, z.int().min(0)),
      totals: dayTotals,
    }),
});

/** What moves on an account at a payment provider. */
export const movementTypes = ['charge', 'refund', 'refund_failure'] as const;

/** How many differences of a comparison have an event each. Of the others one event says how many they are. */
export const maxDifferencesPerRun = 100;

const outcome = z.enum(['won', 'lost']);

export const paymentsDifferenceFound = /* @__PURE__ */ defineEvent({
  type: 'payments.difference-found.v1',
  source,
  description:
    'The payment provider knows something else than payments, or nothing can be learned there of a payment: a person has to settle it.',
  data: () =>
    z.object({
      /** The day (UTC) that it is about. */
      date: day,
      kind: z.enum([
        'only-at-provider',
        'only-in-payments',
        'dispute-decided-otherwise',
        'not-observable',
        'not-listed',
      ]),
      /** Null where the provider does not say whose it is. */
      paymentId: subjectId.nullable(),
      /** Null where there is none, or none is known. */
      reference: identifier(255).nullable(),
      /** Of `only-at-provider`. */
      movement: z
        .object({
          id: identifier(255),
          type: z.enum(movementTypes),
          amount: amountMinor,
          currency,
          refundId: nonPersonal(z.string().max(maxLength.subject)).nullable(),
        })
        .optional(),
      /** Of `dispute-decided-otherwise`. */
      dispute: z.object({ id: identifier(255), atProvider: outcome, inPayments: outcome }).optional(),
      /** Of `not-observable`: since when. */
      since: time.optional(),
      /** Of `not-listed`: how many. */
      count: z.int().min(1).optional(),
    }),
});
