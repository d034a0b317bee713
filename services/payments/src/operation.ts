import { NotYet } from '@fanfold/runtime/failure';
import type { Request } from '@fanfold/runtime/http';
import { derivedId, fingerprintOf, refuseReusedKey, stillRunning } from '@fanfold/runtime/idempotency';
import { metrics } from '@fanfold/runtime/metrics';
import { Refusal } from '@fanfold/runtime/refusal';
import { type Run, workTimeMs } from '@fanfold/runtime/schedule';
import {
  type Ask,
  type Change,
  type Failure,
  lookupAt,
  type Moment,
  type Outcome,
  type Payment,
  type Refund,
  settle,
  settleRefund,
} from './payment.ts';
import { perform, resolve } from './providers/gateway.ts';
import { PaymentBusy, update } from './store/payments.ts';

/** What a request with an Idempotency-Key is known by: made again, it has the same id. */
export type Operation = { id: string; fingerprint: string };

/** What came of an operation, and whether it was found done (or under way) instead of being begun now. */
export type OperationResult = { payment: Payment; replayed: boolean };

/** The operation that a request is: its id follows from the merchant, the route with its ids, and the key. */
export const operationOf = (
  prefix: string,
  request: Request<unknown, unknown>,
  route: string,
): Operation => ({
  id: derivedId(prefix, request.caller.merchantId, route, request.idempotencyKey),
  fingerprint: fingerprintOf(request.body),
});

/** `now` is when the request or the run began: what is left of its time counts from this very moment. */
export const momentOf = ({ now, trace, remainingTimeMs }: Request<unknown, unknown> | Run): Moment => ({
  now,
  trace,
  runsUntil: new Date(Date.now() + remainingTimeMs()).toISOString(),
});

/** What is said has the time of its write, however long the provider took before it, or others that came between. */
const atWrite = (moment: Moment): Moment => ({ ...moment, now: new Date() });

/**
 * Begins an operation on a payment and asks the provider, once: an operation that was begun before is only looked
 * at. The intent is written before the provider is asked, so that no charge is ever forgotten.
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
    begun = !(operation.id in current.requests);
    return begun ? begin(current) : { payment: current, eventNumbers: [] };
  });
  return begun ? askProvider(asked, operation, moment) : repeatResult(asked, operation, moment.now);
}

/**
 * Asks the provider for what a payment's new intent says, and writes what came of it. When others keep writing, it is not
 * written and the answer is as of an outcome that is not known: the janitor finds out.
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
    (current) =>
      current.ask?.id === id
        ? settle(current, outcome, atWrite(moment), true)
        : settleRefund(current, id, outcome, atWrite(moment)),
    settledUntil(moment),
  ).catch((error) => {
    if (error instanceof PaymentBusy) return error.payment;
    throw error;
  });
  refuseFailed(payment, id);
  return { payment, replayed: false };
}

/**
 * Money may have moved: what came of it is worth most of the time that its request has, and of a clock's what one piece of
 * work may take. A repetition is told for as long that the first request still runs.
 */
const settledUntil = ({ runsUntil }: Moment): number =>
  Math.min(Date.now() + 10_000, runsUntil === null ? Infinity : Date.parse(runsUntil) - answeringTimeMs);

const answeringTimeMs = 1000;

/**
 * What came of an operation that was begun before.
 *
 * @throws Refusal 422 `idempotency_key_reused`, 409 while it still runs, 402 when it failed then
 */
export function repeatResult(payment: Payment, { id, fingerprint }: Operation, now: Date): OperationResult {
  if (payment.requests[id]?.fingerprint !== fingerprint) refuseReusedKey();
  const runsUntil = payment.ask?.id === id ? payment.ask.runsUntil : payment.refunds[id]?.runsUntil;
  if (runsUntil && runsUntil > now.toISOString()) throw stillRunning();
  refuseFailed(payment, id, { 'Idempotent-Replayed': 'true' });
  return { payment, replayed: true };
}

/**
 * Finds out from the provider what came of everything that a payment still waits for, or leaves the rest to the next run.
 *
 * @throws NotYet when it is unknown as before, ProviderRefusal when the provider refuses to tell; both are written before
 */
export async function settleDue(payment: Payment, run: Run): Promise<void> {
  const now = run.now.toISOString();
  const { ask, refunds } = payment;
  const left: Error[] = [];
  const lookUp = async (asked: Ask | Refund, decide: (current: Payment, outcome: Outcome) => Change) => {
    const { outcome, reason } = await resolve(asked.id).then(
      (outcome) => ({ outcome, reason: stillUnknown(asked) }),
      (error) => ({ outcome: { result: 'unknown' } as const, reason: error as Error }),
    );
    await update(payment, (current) => decide(current, outcome));
    if (outcome.result !== 'unknown') return;
    measureUnknown(asked, run.now);
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
    // A payment may wait for fifty, and a provider that is silent takes its time for each.
    if (run.remainingTimeMs() < workTimeMs) break;
    await lookUp(refund, (current, outcome) =>
      settleRefund(current, refund.id, outcome, atWrite(momentOf(run))),
    );
  }
  const [first] = left;
  if (first) throw left.find((error) => !(error instanceof NotYet)) ?? first;
}

const stillUnknown = ({ id }: Ask | Refund): NotYet =>
  new NotYet(`The provider does not tell what came of ${id}`);

/** For how long an outcome may be unknown before somebody is to look: that long no provider's hiccup takes. */
const overdueMs = 15 * 60_000;

function measureUnknown({ unknown }: Ask | Refund, now: Date): void {
  metrics.addMetric('OutcomesUnknown', 'Count', 1);
  if (unknown && now.getTime() - Date.parse(unknown.since) >= overdueMs)
    metrics.addMetric('OutcomesOverdue', 'Count', 1);
}

function instructionOf({ id: paymentId, paymentMethod, currency, ask, refunds }: Payment, id: string) {
  const about = { key: id, paymentId, paymentMethod, currency };
  if (ask?.id === id) return { ...about, operation: ask.operation, amount: ask.amount };
  const refund = refunds[id];
  return refund && { ...about, operation: 'refund' as const, amount: refund.amount };
}

function refuseFailed(payment: Payment, id: string, headers: Record<string, string> = {}): void {
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
