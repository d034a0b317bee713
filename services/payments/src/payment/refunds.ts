import { maxRefundsPerPayment } from '@fanfold/contracts/payments';
import { invalidRequest, Refusal } from '@fanfold/runtime/refusal';
import type { Outcome } from '../providers/provider.ts';
import {
  afterFailures,
  creditedBefore,
  creditFor,
  isByLine,
  type RefundLine,
  requireLines,
  withFixedCredits,
} from './credit.ts';
import { nextEventTime, wasRefunded, withEvent } from './events.ts';
import { stillUnsettled } from './lookup.ts';
import {
  type Change,
  conflict,
  type Failure,
  type Moment,
  notTaken,
  type Payment,
  type Refund,
  revise,
  unchanged,
} from './payment.ts';
import { remember } from './requests.ts';

/**
 * Refunds captured money, in full or in part, or lines of the order. Pending refunds count as refunded.
 *
 * @throws Refusal 409 `payment_not_refundable`, `payment_disputed`, `refund_exceeds_captured`, `too_many_refunds`; 422 when it is
 *   more than is left of a line, or lines are not known
 */
export function refund(
  payment: Payment,
  request: {
    id: string;
    amount: number | undefined;
    lines?: RefundLine[] | undefined;
    reason: string | null;
    fingerprint: string;
  },
  { now, runsUntil }: Moment,
): Change {
  if (payment.status !== 'captured') throw conflict('payment_not_refundable', payment, 'refunded');
  if (isDisputed(payment)) {
    throw new Refusal(
      409,
      'payment_disputed',
      'The cardholder disputes this payment, and would be paid twice. Refund it when the dispute is closed.',
      { members: { paymentStatus: payment.status } },
    );
  }
  const left = refundable(payment);
  if (request.lines) requireLines(payment, request.lines);
  const byLine = request.lines && left > 0 ? creditFor(payment, { lines: request.lines }) : undefined;
  if (byLine && request.amount !== undefined && request.amount !== byLine.amount) {
    throw invalidRequest('The body', [
      { pointer: '#/amount', detail: `must be what the lines add up to: ${byLine.amount}` },
    ]);
  }
  const amount = byLine?.amount ?? request.amount ?? left;
  if (amount > left || left === 0) {
    const message = `Of this payment ${left} can still be refunded.`;
    throw new Refusal(409, 'refund_exceeds_captured', message, {
      errors: [{ pointer: '#/amount', detail: left === 0 ? 'nothing is left' : `must be at most ${left}` }],
    });
  }
  refuseTooMany(payment, left);
  const time = now.toISOString();
  const { id, reason, fingerprint } = request;
  const credit = byLine ?? (isByLine(payment) ? creditFor(payment, { amount }) : undefined);
  const refunds = byLine ? withFixedCredits(payment) : payment.refunds;
  const pending: Refund = {
    id,
    amount,
    reason,
    status: 'pending',
    creditNoteNumber: null,
    ...(credit && { credit: { lines: credit.lines } }),
    runsUntil,
    createdAt: time,
    settledAt: null,
  };
  const requests = remember(payment, id, fingerprint);
  return revise(payment, { refunds: { ...refunds, [id]: pending }, requests }, now);
}

const isDisputed = ({ disputes = {} }: Payment): boolean =>
  Object.values(disputes).some(({ status }) => status === 'open');

/**
 * How many refunds may fail. Each has its event, which must fit into the payment's item; many more than that fail only while
 * something is wrong that another attempt does not mend.
 */
export const maxFailedRefunds = 50;

/** Those that gave nothing back do not count, until there are too many. One that failed later has its credit note, and does. */
function refuseTooMany({ refunds, history }: Payment, left: number): void {
  const all = Object.values(refunds);
  const withStatus = (status: Refund['status']) => all.filter((refund) => refund.status === status);
  const given = all.filter(({ id, status }) => status === 'succeeded' || wasRefunded(history, id)).length;
  const pending = withStatus('pending').length;
  const failed = withStatus('failed').length;
  if (failed >= maxFailedRefunds) {
    throw tooManyRefunds(
      `${failed} refunds of this payment have failed. The remaining ${left} can be refunded only at the provider itself.`,
    );
  }
  if (given + pending < maxRefundsPerPayment) return;
  const wayOut =
    pending === 0
      ? 'can be refunded only at the provider itself.'
      : 'can be refunded when one that is pending fails, or at the provider itself.';
  throw tooManyRefunds(
    `A payment can have ${maxRefundsPerPayment} refunds. Of this one ${given} succeeded and ${pending} are pending; the remaining ${left} ${wayOut}`,
  );
}

const tooManyRefunds = (message: string): Refusal => new Refusal(409, 'too_many_refunds', message);

const refundable = ({ amountCaptured, refunds }: Payment): number =>
  Object.values(refunds).reduce(
    (left, { status, amount }) => left - (status === 'failed' ? 0 : amount),
    amountCaptured,
  );

/** The payment after the provider's answer to a pending refund. */
export function settleRefund(
  payment: Payment,
  refundId: string,
  outcome: Outcome,
  { now, trace }: Moment,
): Change {
  const pending = payment.refunds[refundId];
  if (pending?.status !== 'pending') return unchanged(payment);
  switch (outcome.result) {
    case 'succeeded': {
      const { credit } = pending;
      const after = afterFailures(payment, pending);
      const succeeded: Refund = {
        ...settled(pending),
        ...(credit && { credit: { ...credit, creditedBefore: creditedBefore(payment) } }),
        ...(after && { afterFailures: after }),
        status: 'succeeded',
        settledAt: nextEventTime(payment, now),
      };
      const refunds = { ...payment.refunds, [refundId]: succeeded };
      const amountRefunded = payment.amountRefunded + pending.amount;
      return withEvent(
        payment,
        { refunds, amountRefunded },
        { type: 'payment.refunded.v1', trace, refundId },
        now,
      );
    }
    case 'failed':
      return failRefund(payment, pending, outcome.failure, { now, trace });
    case 'nothing':
      return failRefund(payment, pending, notTaken, { now, trace });
    default: {
      const open = stillUnsettled(pending, outcome, payment, now);
      return revise(payment, { refunds: { ...payment.refunds, [refundId]: open } }, now);
    }
  }
}

/** The payment after a refund failed, perhaps after it had succeeded: then it counts as refunded no more. */
export function failRefund(
  payment: Payment,
  refund: Refund,
  failure: Failure,
  { now, trace }: Pick<Moment, 'now' | 'trace'>,
): Change {
  const wasCounted = refund.status === 'succeeded';
  // One that never succeeded takes nothing back of any line, and a payment may have many of these.
  const { credit: _, ...uncredited } = settled(refund);
  const failed: Refund = {
    ...(wasCounted ? settled(refund) : uncredited),
    status: 'failed',
    failure: { ...failure, message: failure.message.slice(0, maxFailureMessageLength) },
    settledAt: nextEventTime(payment, now),
    ...(wasCounted && { reversalInvoiceNumber: null }),
  };
  return withEvent(
    payment,
    {
      // What those that are pending take back is fixed before a place among them becomes free.
      refunds: {
        ...(wasCounted && payment.order ? withFixedCredits(payment) : payment.refunds),
        [refund.id]: failed,
      },
      amountRefunded: payment.amountRefunded - (wasCounted ? refund.amount : 0),
    },
    { type: 'payment.refund-failed.v1', trace, refundId: refund.id },
    now,
  );
}

/** As the item must have a maximum size. */
const maxFailureMessageLength = 200;

function settled(refund: Refund): Refund {
  const { unknown: _unknown, pendingSince: _pendingSince, ...known } = refund;
  return { ...known, runsUntil: null };
}
