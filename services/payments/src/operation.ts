import { NotYet } from '@fanfold/runtime/failure';
import type { Request } from '@fanfold/runtime/http';
import { derivedId, fingerprintOf, refuseReusedKey, stillRunning } from '@fanfold/runtime/idempotency';
import { metrics } from '@fanfold/runtime/metrics';
import { Refusal } from '@fanfold/runtime/refusal';
import { type Run, workTimeMs } from '@fanfold/runtime/schedule';
import { answerLate, settle } from './payment/lifecycle.ts';
import { askedAt, isAbandoned, lookupAt } from './payment/lookup.ts';
import type { Ask, Change, Failure, Moment, Payment, PaymentRequest, Refund } from './payment/payment.ts';
import { settleRefund } from './payment/refunds.ts';
import { completed, isRepeated } from './payment/restore.ts';
import { findOut, isPrepared, perform, prepare, refuseInexpressible } from './providers/gateway.ts';
import type { Instruction, Outcome } from './providers/provider.ts';
import { insert, load, PaymentBusy, update } from './store/payments.ts';

/** An operation that a request with an Idempotency-Key asks for. A repeated request has the same id. */
export type Operation = { id: string; fingerprint: string };

/** The payment after an operation, and whether the operation was begun by an earlier request. */
export type OperationResult = { payment: Payment; replayed: boolean };

/** The operation of a request. Its id is derived from the merchant, the route with its ids, and the key. */
export const operationOf = (
  prefix: string,
  request: Request<unknown, unknown>,
  route: string,
): Operation => ({
  id: derivedId(prefix, request.caller.merchantId, route, request.idempotencyKey),
  fingerprint: fingerprintOf(request.body),
});

/** `now` is when the request or the run began. Its remaining time counts from this very moment. */
export const momentOf = ({ now, trace, remainingTimeMs }: Request<unknown, unknown> | Run): Moment => ({
  now,
  trace,
  runsUntil: new Date(Date.now() + remainingTimeMs()).toISOString(),
});

/** An event has the time of its write, however long the provider took, or concurrent writes, before it. */
const atWrite = (moment: Moment): Moment => ({ ...moment, now: new Date() });

/**
 * Begins an operation on a payment and calls the provider, once: an operation that was begun before is only looked
 * up. The intent is written before the provider is called, so that no charge is ever forgotten.
 *
 * @throws Refusal what `begin` throws; 402 when the provider refuses; see {@link repeatResult}
 */
export async function runOperation(
  payment: Payment,
  operation: Operation,
  moment: Moment,
  begin: (payment: Payment) => Change,
): Promise<OperationResult> {
  let begun = false;
  const asked = await update(payment, (current) => {
    begun = false;
    if (operation.id in current.requests) return { payment: current, eventNumbers: [] };
    const change = begin(current);
    const asked = instructionOf(change.payment, operation.id);
    if (asked) refuseInexpressible(asked);
    begun = asked !== undefined;
    return change;
  });
  return begun ? askProvider(asked, operation, moment) : repeatResult(asked, operation, moment.now);
}

/**
 * Writes the intent of a new payment, with the reference that the provider gives before any money moves.
 *
 * @returns the payment; `existing` when there is one with its id already, and nothing was written
 * @throws Refusal 422 when the provider cannot move the amount, 502 `provider_unavailable`; then nothing was written
 */
export async function beginPayment({
  payment,
  eventNumbers,
}: Change): Promise<{ payment: Payment; existing: boolean }> {
  const instruction = instructionOf(payment, payment.id) as Instruction;
  // A payment that is there already is shown whether or not the provider answers.
  const known = isPrepared ? await load(payment.merchantId, payment.id) : undefined;
  if (known) return { payment: known, existing: true };
  refuseInexpressible(instruction);
  const reference = await prepare(instruction);
  const intent = reference === undefined ? payment : { ...payment, reference };
  const existing = await insert({ payment: intent, eventNumbers });
  return { payment: existing ?? intent, existing: existing !== undefined };
}

/**
 * Calls the provider for the intent of a payment, and writes the outcome. If concurrent writes prevent that, it
 * answers as if the outcome were unknown, and the janitor finds it out later.
 */
export async function askProvider(
  intent: Payment,
  { id }: Pick<Operation, 'id'>,
  moment: Moment,
): Promise<OperationResult> {
  const asked = instructionOf(intent, id);
  const outcome = asked ? await perform(asked) : ({ result: 'unknown' } as const);
  const payment = await update(
    intent,
    (current) => {
      if (current.ask?.id === id) return settle(current, outcome, atWrite(moment), true);
      if (id in current.refunds) return settleRefund(current, id, outcome, atWrite(moment));
      return answerLate(current, id, outcome, atWrite(moment).now);
    },
    settledUntil(moment),
  ).catch((error) => {
    if (error instanceof PaymentBusy) return error.payment;
    throw error;
  });
  refuseFailed(payment, id);
  return { payment, replayed: false };
}

/**
 * Until when it retries to write the outcome. Money may have moved, so it may use most of the request's time, or of
 * the time for one item of a scheduled run. A repeated request gets a 409 for as long.
 */
const settledUntil = ({ runsUntil }: Moment): number =>
  Math.min(Date.now() + 10_000, runsUntil === null ? Infinity : Date.parse(runsUntil) - answeringTimeMs);

const answeringTimeMs = 1000;

/**
 * The payment with what only the request that created it has, when it was restored and the request comes again.
 *
 * @throws Refusal 422 `idempotency_key_reused`
 */
export const complete = (
  payment: Payment,
  request: PaymentRequest,
  { fingerprint }: Operation,
  now: Date,
): Promise<Payment> => update(payment, (current) => completed(current, request, fingerprint, now));

/**
 * The result of an operation that was begun before.
 *
 * @throws Refusal 422 `idempotency_key_reused`, 409 while it still runs, 402 when it failed
 */
export function repeatResult(payment: Payment, { id, fingerprint }: Operation, now: Date): OperationResult {
  if (!isRepeated(payment, id, fingerprint)) refuseReusedKey();
  const runsUntil = payment.ask?.id === id ? payment.ask.runsUntil : payment.refunds[id]?.runsUntil;
  if (runsUntil && runsUntil > now.toISOString()) throw stillRunning();
  refuseFailed(payment, id, { 'Idempotent-Replayed': 'true' });
  return { payment, replayed: true };
}

/**
 * Asks the provider for all outcomes that a payment waits for. What is left when time is short, the next run does.
 *
 * @throws NotYet when an outcome is still unknown, ProviderRefusal when the provider refuses to answer; both after
 *   writing that
 */
export async function settleDue(payment: Payment, run: Run): Promise<void> {
  const now = run.now.toISOString();
  const { ask, refunds } = payment;
  const left: Error[] = [];
  const lookUp = async (asked: Ask | Refund, decide: (current: Payment, outcome: Outcome) => Change) => {
    const instruction = instructionOf(payment, asked.id) as Instruction;
    const { outcome, reason } = await findOut(instruction, isAbandoned(asked, run.now), run.now).then(
      (outcome) => ({ outcome, reason: stillUnsettled(asked, outcome) }),
      (error) => ({ outcome: { result: 'unknown' } as const, reason: error as Error }),
    );
    await update(payment, (current) => decide(current, outcome));
    if (isSettled(outcome)) return;
    if (outcome.result === 'unknown') measureUnknown(asked, run.now);
    left.push(reason);
  };
  if (ask && lookupAt(ask, payment) <= now) {
    await lookUp(ask, (current, outcome) =>
      current.ask?.id === ask.id
        ? settle(current, outcome, atWrite(momentOf(run)), false)
        : { payment: current, eventNumbers: [] },
    );
  }
  for (const refund of Object.values(refunds)) {
    if (refund.status !== 'pending' || lookupAt(refund, payment) > now) continue;
    // A payment may have fifty pending refunds, and a provider that does not answer takes its time for each.
    if (run.remainingTimeMs() < workTimeMs) break;
    await lookUp(refund, (current, outcome) =>
      settleRefund(current, refund.id, outcome, atWrite(momentOf(run))),
    );
  }
  const [first] = left;
  if (first) throw left.find((error) => !(error instanceof NotYet)) ?? first;
}

const isSettled = ({ result }: Outcome): boolean =>
  result === 'succeeded' || result === 'failed' || result === 'nothing';

const stillUnsettled = ({ id }: Ask | Refund, { result }: Outcome): NotYet =>
  new NotYet(
    result === 'action'
      ? `${id} waits for the customer`
      : `The provider does not know the outcome of ${id} yet`,
  );

/**
 * How long an outcome may be unknown before it is measured for the alarm. Short outages of a provider are over by
 * then.
 */
const overdueMs = 15 * 60_000;

function measureUnknown({ unknown }: Ask | Refund, now: Date): void {
  metrics.addMetric('OutcomesUnknown', 'Count', 1);
  if (unknown && now.getTime() - Date.parse(unknown.since) >= overdueMs)
    metrics.addMetric('OutcomesOverdue', 'Count', 1);
}

export function instructionOf(payment: Payment, id: string): Instruction | undefined {
  const { id: paymentId, merchantId, paymentMethod, currency, reference, ask, refunds } = payment;
  const about = { key: id, paymentId, merchantId, paymentMethod, currency, ...(reference && { reference }) };
  if (ask?.id === id) {
    const { operation, amount } = ask;
    return { ...about, operation, amount, askedAt: askedAt(ask, payment) };
  }
  const refund = refunds[id];
  return refund && { ...about, operation: 'refund', amount: refund.amount, askedAt: refund.createdAt };
}

export function refuseFailed(payment: Payment, id: string, headers: Record<string, string> = {}): void {
  const failure = payment.requests[id]?.failure;
  if (failure) throw paymentRequired(payment, failure, headers);
}

const paymentRequired = (payment: Payment, failure: Failure, headers: Record<string, string>): Refusal =>
  new Refusal(402, failure.code, failure.message, {
    members: {
      paymentId: payment.id,
      paymentStatus: payment.status,
      ...(failure.declineCode && { declineCode: failure.declineCode }),
    },
    headers,
  });
