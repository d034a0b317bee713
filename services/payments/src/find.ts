import type { Request } from '@fanfold/runtime/http';
import { notFound } from '@fanfold/runtime/refusal';
import type { Payment } from './payment.ts';
import { load } from './store.ts';

/**
 * The payment that a request is about.
 *
 * @throws Refusal 404, also for another merchant's payment
 */
export async function find({ caller, path }: Request<unknown, unknown>): Promise<Payment> {
  const id = path.id ?? '';
  const payment = /^pay_[0-9a-f]{32}$/.test(id) ? await load(caller.merchantId, id) : undefined;
  if (!payment) throw notFound('payment');
  return payment;
}
