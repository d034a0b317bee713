import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { findStack, type StackDescription } from '@fanfold/local-cloud/stack';
import type { Facts } from '../services/payments/src/providers/provider.ts';

/**
 * What a provider tells of a payment later, as a notification of it or a clock finds out: the sandbox says all that it will ever
 * say at once. It is written into the table of a running stack, and everything after that happens on its own time.
 */
export async function providerTells(
  base: number,
  merchantId: string,
  paymentId: string,
  facts: Partial<Pick<Facts, 'refunds' | 'disputes'>>,
): Promise<void> {
  const { endpoints } = (await findStack(base)) as StackDescription;
  useEndpoints(endpoints);
  process.env.PAYMENTS_TABLE_NAME = 'fanfold-local-payments';
  // The store makes its client when it is loaded.
  const [{ load, update }, { observe }] = await Promise.all([
    import('../services/payments/src/store/payments.ts'),
    import('../services/payments/src/payment/observe.ts'),
  ]);
  const payment = await load(merchantId, paymentId);
  if (!payment) throw new Error(`There is no payment ${paymentId}`);
  const trace = {
    correlationid: `clock_${crypto.randomUUID()}`,
    causationid: `clock_${crypto.randomUUID()}`,
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  };
  const told: Facts = { paymentId, merchantId, refunds: [], disputes: [], ...facts };
  await update(payment, (current) => observe(current, told, { now: new Date(), trace, runsUntil: null }));
}
