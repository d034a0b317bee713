import { type Facts, isRetriable, type Outcome, type ProviderDispute } from '../providers/provider.ts';
import { withEvent } from './events.ts';
import { canceled, captured, settle } from './lifecycle.ts';
import { told } from './lookup.ts';
import { type Change, type Dispute, type Moment, type Payment, revise, unchanged } from './payment.ts';
import { failRefund, settleRefund } from './refunds.ts';
import { noted } from './requests.ts';

/**
 * The payment after its provider told what it knows of it, whoever asked: one write, with an event for each thing that is new,
 * and a version, as if each had been told by itself.
 *
 * What is known only grows, in one direction: a payment is unconfirmed, then waits for its customer, then for the provider,
 * then is authorized, then captured, canceled or failed; a refund is pending, then succeeded, then failed; a dispute is open, then
 * closed. So facts may be old, come twice and in any order: the same facts change nothing, and nobody has to remember which came.
 *
 * What no instruction of ours was about, such as a refund that somebody made at the provider itself, changes nothing here.
 */
export function observe(payment: Payment, facts: Facts, moment: Moment): Change {
  const steps: Step[] = [
    (current) => observeCharge(current, facts.charge, moment),
    (current) => observeCapture(current, facts.charge?.amountCaptured, moment),
    (current) => observeCancellation(current, facts, moment),
    ...facts.refunds.map(
      ({ key, outcome }): Step =>
        (current) =>
          observeRefund(current, key, outcome, moment),
    ),
    ...facts.disputes.flatMap((dispute): Step[] => [
      (current) => openDispute(current, dispute, moment),
      (current) => closeDispute(current, dispute, moment),
    ]),
  ];
  return steps.reduce((before, step) => {
    const { payment, eventNumbers } = step(before.payment);
    return { payment, eventNumbers: [...before.eventNumbers, ...eventNumbers] };
  }, unchanged(payment));
}

type Step = (payment: Payment) => Change;

/** The first instruction: the payment waits for it as long as it has an ask of that kind. */
function observeCharge(payment: Payment, charge: Facts['charge'], moment: Moment): Change {
  const { ask } = payment;
  if (!charge || !ask || (ask.operation !== 'authorize' && ask.operation !== 'charge'))
    return unchanged(payment);
  const { outcome } = charge;
  if (isRetriable(outcome)) return unchanged(payment);
  switch (outcome.result) {
    case 'succeeded':
    case 'failed':
      return settle(payment, outcome, moment, false);
    case 'action':
    case 'pending': {
      const known = told(ask, outcome, moment.now);
      return known === ask ? unchanged(payment) : revise(payment, { ask: known }, moment.now);
    }
    default:
      return unchanged(payment); // It may happen still.
  }
}

/** Money was taken, by a capture of ours or at the provider itself. */
function observeCapture(payment: Payment, amountCaptured = 0, moment: Moment): Change {
  if (amountCaptured === 0 || !isAuthorized(payment)) return unchanged(payment);
  return captured(givenUp(payment, 'void', moment), amountCaptured, moment);
}

/** The authorization is gone: it expired, or was given up by us or at the provider itself. */
function observeCancellation(payment: Payment, { canceled: gone, charge }: Facts, moment: Moment): Change {
  if (!gone) return unchanged(payment);
  const { ask } = payment;
  if (ask?.operation === 'authorize' || ask?.operation === 'charge') {
    // Of a payment that the provider still has, another fact says what came of it.
    return charge?.outcome.result === 'pending'
      ? unchanged(payment)
      : settle(payment, { result: 'nothing' }, moment, false);
  }
  if (!isAuthorized(payment)) return unchanged(payment);
  const reason = ask?.operation === 'void' ? (ask.reason ?? gone.reason) : gone.reason;
  return canceled(givenUp(payment, 'capture', moment), reason, moment);
}

/** Whether money is reserved, and it may be that it is being captured or given up. */
const isAuthorized = ({ status, ask }: Payment): boolean =>
  status === 'authorized' || ask?.operation === 'capture' || ask?.operation === 'void';

/** The payment whose ask of that kind cannot have an effect any more. */
function givenUp(payment: Payment, operation: 'capture' | 'void', { now }: Moment): Payment {
  const { ask, requests } = payment;
  if (ask?.operation !== operation) return payment;
  return { ...payment, requests: noted(requests, ask.id, { failedAt: now.toISOString() }) };
}

function observeRefund(payment: Payment, id: string, outcome: Outcome, moment: Moment): Change {
  const refund = payment.refunds[id];
  if (!refund || refund.status === 'failed') return unchanged(payment);
  switch (outcome.result) {
    case 'failed':
      return failRefund(payment, refund, outcome.failure, moment);
    case 'succeeded':
      return settleRefund(payment, id, outcome, moment);
    case 'pending': {
      if (refund.status !== 'pending') return unchanged(payment);
      const known = told(refund, outcome, moment.now);
      if (known === refund) return unchanged(payment);
      return revise(payment, { refunds: { ...payment.refunds, [id]: known } }, moment.now);
    }
    default:
      return unchanged(payment);
  }
}

function openDispute(payment: Payment, claim: ProviderDispute, { now, trace }: Moment): Change {
  const { disputes = {} } = payment;
  if (Object.hasOwn(disputes, claim.id)) return unchanged(payment);
  const { id, amount, currency, reason, openedAt, evidenceDueBy = null } = claim;
  const dispute: Dispute = { id, amount, currency, reason, status: 'open', openedAt, evidenceDueBy };
  return withEvent(
    payment,
    { disputes: { ...disputes, [id]: dispute } },
    { type: 'payment.dispute-opened.v1', trace, disputeId: id },
    now,
  );
}

function closeDispute(payment: Payment, { id, status }: ProviderDispute, { now, trace }: Moment): Change {
  const { disputes = {} } = payment;
  const known = disputes[id];
  if (status === 'open' || known?.status !== 'open') return unchanged(payment);
  return withEvent(
    payment,
    { disputes: { ...disputes, [id]: { ...known, status } } },
    { type: 'payment.dispute-closed.v1', trace, disputeId: id },
    now,
  );
}
