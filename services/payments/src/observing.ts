import type { Trace } from '@fanfold/contracts/event';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
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
  noteOtherOutcomes(payment, ended);
  return payment;
}

/** A dispute that is closed stays as it is. When it was lost and an appeal won it, a person has to set the books right. */
function noteOtherOutcomes({ id, merchantId, disputes = {} }: Payment, facts: Facts): void {
  for (const { id: disputeId, status } of facts.disputes) {
    const known = disputes[disputeId]?.status;
    if (status === 'open' || known === undefined || known === status) continue;
    metrics.addMetric('ProviderDifferences', 'Count', 1);
    logger.error('provider differs', { id, merchantId, disputeId, atProvider: status, inPayments: known });
  }
}
