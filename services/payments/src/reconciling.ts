import { maxDifferencesPerRun } from '@fanfold/contracts/payments';
import { processItems, type Run } from '@fanfold/runtime/schedule';
import { startTrace } from '@fanfold/runtime/trace';
import { noteDifference, tellDifference } from './differing.ts';
import { observeReference } from './observing.ts';
import type { Difference } from './payment/difference.ts';
import type { Payment } from './payment/payment.ts';
import { factsOf } from './providers/gateway.ts';
import type { Facts } from './providers/provider.ts';
import { type Movement, movementsOf } from './providers/stripe/movements.ts';
import { findIntent } from './providers/stripe/provider.ts';
import { activeOn } from './store/queries.ts';

const dayMs = 86_400_000;

/**
 * Compares the day before (UTC) with the provider. What moved there has to be in the payments, which are observed first, as they
 * may only not have heard of it; and what payments say was captured or refunded that day has to be known there. Each difference
 * is a finding, up to a number: that many have one cause, and the last finding says how many more there are.
 *
 * @throws when a comparison failed, or time was up
 */
export async function reconcile(run: Run): Promise<Record<string, number>> {
  const day = new Date(run.now.getTime() - dayMs).toISOString().slice(0, 10);
  let differences = 0;
  const tell = async (merchantId: string | undefined, about: Omit<Difference['data'], 'date'>) => {
    differences += 1;
    const difference = { date: day, ...about };
    if (differences <= maxDifferencesPerRun) await tellDifference(merchantId, difference, run);
    else noteDifference(merchantId, difference);
  };
  const observe = (reference: string) =>
    observeReference(reference, {
      now: new Date(),
      trace: startTrace(`${run.trace.correlationid}_${reference}`),
    });

  const moved = await processItems(
    movementsOf(day),
    async (movement) => {
      const payment = movement.reference === undefined ? undefined : await observe(movement.reference);
      if (!hasMoved(payment, movement))
        await tell(payment?.merchantId, { kind: 'only-at-provider', ...toldOf(payment, movement) });
    },
    run.remainingTimeMs,
  );
  const told = await processItems(
    settledOn(day, run.now),
    async (payment) => {
      const { id: paymentId, merchantId } = payment;
      // One that was restored from its events has no reference.
      const reference = payment.reference ?? (await findIntent(paymentId))?.id;
      if (!(await isTold(payment, reference, observe)))
        await tell(merchantId, { kind: 'only-in-payments', paymentId, reference: reference ?? null });
    },
    run.remainingTimeMs,
  );
  const count = differences - maxDifferencesPerRun;
  if (count > 0)
    await tellDifference(
      undefined,
      { date: day, kind: 'not-listed', paymentId: null, reference: null, count },
      run,
    );
  const failed = moved.failed + told.failed;
  if (failed > 0) throw new Error(`${failed} comparisons failed; see the log`);
  if (moved.isTimeUp || told.isTimeUp) throw new Error(`There was no time to compare all of ${day}`);
  return { moved: moved.done, told: told.done, differences };
}

function toldOf(
  payment: Payment | undefined,
  { id, type, amount, currency, reference, refundId }: Movement,
): Pick<Difference['data'], 'paymentId' | 'reference' | 'movement'> {
  return {
    paymentId: payment?.id ?? null,
    reference: reference ?? null,
    movement: { id, type, amount, currency, refundId: refundId ?? null },
  };
}

/** Whether the provider has what a payment says, or what it says once it is observed: it may only not have heard what came after. */
async function isTold(
  payment: Payment,
  reference: string | undefined,
  observe: (reference: string) => Promise<Payment | undefined>,
): Promise<boolean> {
  if (reference === undefined) return false;
  if (isToldBy(await factsOf(reference), payment)) return true;
  const observed = await observe(reference);
  return observed !== undefined && isToldBy(await factsOf(reference), observed);
}

/** Whether a payment has what moved at the provider. */
export function hasMoved(payment: Payment | undefined, movement: Movement): boolean {
  const { type, amount, currency, refundId = '' } = movement;
  if (payment?.currency !== currency) return false;
  if (type === 'charge') return payment.amountCaptured === amount;
  const refund = payment.refunds[refundId];
  if (refund?.amount !== amount) return false;
  // What is pending at the provider has moved there already, and what failed has come back.
  return type === 'refund' || refund.status === 'failed';
}

/** Whether the provider has what a payment says was captured and refunded. */
export function isToldBy(facts: Facts | undefined, { amountCaptured, refunds }: Payment): boolean {
  if (facts?.charge?.amountCaptured !== amountCaptured) return false;
  const succeeded = new Set(
    facts.refunds.flatMap(({ key, outcome }) => (outcome.result === 'succeeded' ? [key] : [])),
  );
  return Object.values(refunds).every(({ id, status }) => status !== 'succeeded' || succeeded.has(id));
}

/** The payments that were captured or refunded on a day: it is the day of their last event, or an event followed since. */
async function* settledOn(day: string, now: Date): AsyncGenerator<Payment[]> {
  for (const date of new Set([day, now.toISOString().slice(0, 10)])) {
    for await (const payments of activeOn(date))
      yield payments.filter((payment) => isSettledOn(day, payment));
  }
}

const isSettledOn = (day: string, { history }: Payment): boolean =>
  history.some(
    ({ type, time }) =>
      (type === 'payment.captured.v1' || type === 'payment.refunded.v1') && time.startsWith(day),
  );
