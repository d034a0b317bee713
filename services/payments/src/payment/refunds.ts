import { maxRefundsPerPayment } from '@fanfold/contracts/payments';
import { invalidRequest, Refusal } from '@fanfold/runtime/refusal';
import type { Outcome } from '../providers/provider.ts';
import { creditedBefore, creditFor, isByLine, type RefundLine, withFixedCredits } from './credit.ts';
import { nextEventTime, withEvent } from './events.ts';
import { stillUnknown } from './lookup.ts';
import { type Change, conflict, type Moment, type Payment, type Refund, revise } from './payment.ts';
import { remember } from './requests.ts';

/**
 * Refunds captured money, in full or in part, or lines of the order. Pending refunds count as refunded.
 *
 * @throws Refusal 409 `payment_not_refundable`, `refund_exceeds_captured`, `too_many_refunds`; 422 when it is
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
  const left = refundable(payment);
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
  const fixed = byLine ? { ...payment, refunds: withFixedCredits(payment) } : payment;
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
  const { requests, refunds } = remember(fixed, id, fingerprint);
  return revise(payment, { refunds: { ...refunds, [id]: pending }, requests }, now);
}

/** Failed refunds gave nothing back and do not count. */
function refuseTooMany({ refunds }: Payment, left: number): void {
  const withStatus = (status: Refund['status']) =>
    Object.values(refunds).filter((refund) => refund.status === status).length;
  const [succeeded, pending] = [withStatus('succeeded'), withStatus('pending')];
  if (succeeded + pending < maxRefundsPerPayment) return;
  const wayOut =
    pending === 0
      ? 'can be refunded only at the provider itself.'
      : 'can be refunded when one that is pending fails, or at the provider itself.';
  throw new Refusal(
    409,
    'too_many_refunds',
    `A payment can have ${maxRefundsPerPayment} refunds. Of this one ${succeeded} succeeded and ${pending} are pending; the remaining ${left} ${wayOut}`,
  );
}

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
  if (pending?.status !== 'pending') return { payment, eventNumbers: [] };
  const { unknown, ...known } = pending;
  const become = (refund: Refund) => ({ ...payment.refunds, [refundId]: refund });
  const settledAt = nextEventTime(payment, now);
  switch (outcome.result) {
    case 'unknown':
    case 'action':
    case 'pending':
      return revise(payment, { refunds: become(stillUnknown(pending, payment, now)) }, now);
    case 'succeeded': {
      const { credit } = known;
      const refunds = become({
        ...known,
        ...(credit && { credit: { ...credit, creditedBefore: creditedBefore(payment) } }),
        status: 'succeeded',
        runsUntil: null,
        settledAt,
      });
      const amountRefunded = payment.amountRefunded + pending.amount;
      return withEvent(
        payment,
        { refunds, amountRefunded },
        { type: 'payment.refunded.v1', trace, refundId },
        now,
      );
    }
    default:
      return revise(
        payment,
        { refunds: become({ ...known, status: 'failed', runsUntil: null, settledAt }) },
        now,
      );
  }
}
