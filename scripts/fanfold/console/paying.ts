import type { Answers, Asked } from '@fanfold/console/api';
import { Refused } from '@fanfold/console/server';
import { formatAmount } from '@fanfold/contracts/currency';
import { runningStack } from '../aws/stack.ts';
import { connect } from '../operations/merchantApi.ts';
import { twoChairs } from '../operations/twoChairs.ts';

type What = Asked<'pay'>['what'];

/** What is used of a payment, and of the problem that a refused card is answered with. */
type Payment = {
  id: string;
  status: string;
  currency: string;
  amountCaptured: number;
  amountRefunded: number;
};
type RefusedCard = { detail: string; paymentId: string };

/** With Stripe, or its fake, no card keeps a payment from being answered. https://docs.stripe.com/testing */
const methodsOf: Record<'sandbox' | 'stripe', Partial<Record<Exclude<What, 'refund'>, string>>> = {
  sandbox: { payment: 'pm_card_visa', declined: 'pm_card_declined', timeout: 'pm_card_timeout' },
  stripe: { payment: 'pm_card_visa', declined: 'pm_card_visa_chargeDeclined' },
};

async function methods() {
  const { paymentProvider = 'sandbox' } = await runningStack();
  return methodsOf[paymentProvider];
}

/** What can be done with the provider that a laptop runs with. */
export const payable = async (): Promise<What[]> => [
  ...(Object.keys(await methods()) as (keyof Awaited<ReturnType<typeof methods>>)[]),
  'refund',
];

const maxRefundMinor = 4_000;

/**
 * Makes a payment of a merchant of a laptop, or gives a part of its newest one back.
 *
 * @throws Refused when there is nothing to give back, or the provider does nothing like it
 */
export async function pay({ merchant, what }: Asked<'pay'>): Promise<Answers['pay']> {
  const { payments } = await connect(merchant);
  if (what !== 'refund') {
    const paymentMethod = (await methods())[what];
    if (!paymentMethod) throw new Refused('The payment provider of this laptop has no such card.');
    const { status, answer } = await payments.ask<Payment & RefusedCard>('/payments', {
      ...twoChairs,
      paymentMethod,
      orderId: `console-${Date.now()}`,
    });
    const amount = formatAmount(twoChairs.amount, twoChairs.currency);
    if (status === 402) return { sentence: `${amount}: ${answer.detail}`, paymentId: answer.paymentId };
    return { sentence: `${amount}: ${answer.status}.`, paymentId: answer.id };
  }
  const page = await payments.find<{ data: Payment[] }>('/payments?limit=100');
  const left = ({ amountCaptured, amountRefunded }: Payment) => amountCaptured - amountRefunded;
  const newest = page?.data.find((payment) => left(payment) > 0);
  if (!newest) throw new Refused('There is no captured payment to give something back of. Make one first.');
  const amount = Math.min(left(newest), maxRefundMinor);
  await payments.post(`/payments/${newest.id}/refunds`, { amount, reason: 'Asked for in the console' });
  return { sentence: `${formatAmount(amount, newest.currency)} given back.`, paymentId: newest.id };
}
