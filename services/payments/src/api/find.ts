import type { Request } from '@fanfold/runtime/http';
import { notFound } from '@fanfold/runtime/refusal';
import type { Payment } from '../payment/payment.ts';
import { load } from '../store/payments.ts';

/**
 * The payment that a request is about.
 *
 * @throws Refusal 404, also for another merchant's payment
 */
export async function find({ caller, path }: Request<unknown, unknown>): Promise<Payment> {
  const payment = await load(caller.merchantId, path.id ?? '');
  if (!payment) throw notFound('payment');
  return payment;
}
