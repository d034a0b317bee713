import type { Trace } from '@fanfold/contracts/event';
import { metrics } from '@fanfold/runtime/metrics';
import { tellDifference } from './differing.ts';
import { observe } from './payment/observe.ts';
import type { Payment } from './payment/payment.ts';
import { endedFacts, factsOf } from './providers/gateway.ts';
import type { Facts } from './providers/provider.ts';
import { load, update } from './store/payments.ts';

/**
 * Brings a payment up to what the provider knows of it now. Whatever brought it here, how often and in which order: the same
 * facts change nothing.
 *
 * @param reference the provider's, of a payment that may be another system's
 * @returns undefined when it is none of ours
 * @throws ProviderRefusal, and what the provider throws when it cannot be asked
 */
export async function observeReference(
  reference: string,
  { now, trace }: { now: Date; trace: Trace },
): Promise<Payment | undefined> {
  const facts = await factsOf(reference);
  const found = facts && (await load(facts.merchantId, facts.paymentId));
  // Of another stage with the same account, or prepared for a request that was never written.
  const isOurs = found && (found.reference ?? reference) === reference;
  if (!isOurs) {
    metrics.addMetric('ForeignPayments', 'Count', 1);
    return undefined;
  }
  const ended = await endedFacts(reference, facts);
  const payment = await update(found, (current) => observe(current, ended, { now, trace, runsUntil: null }));
  await tellOtherOutcomes(payment, reference, ended, { now, trace });
  return payment;
}

/** A dispute that is closed stays as it is. When it was lost and an appeal won it, a person has to set the books right. */
async function tellOtherOutcomes(
  { id: paymentId, merchantId, disputes = {} }: Payment,
  reference: string,
  facts: Facts,
  moment: { now: Date; trace: Trace },
): Promise<void> {
  for (const { id, status, openedAt } of facts.disputes) {
    const known = disputes[id]?.status;
    if (status === 'open' || known === undefined || known === 'open' || known === status) continue;
    const about = { date: openedAt.slice(0, 10), kind: 'dispute-decided-otherwise' as const };
    const dispute = { id, atProvider: status, inPayments: known };
    await tellDifference(merchantId, { ...about, paymentId, reference, dispute }, moment);
  }
}
