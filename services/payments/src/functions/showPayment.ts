import { merchantId } from '@fanfold/contracts/event';
import { lambda } from '@fanfold/runtime/lambda';
import * as z from 'zod';
import { paymentResource } from '../api/paymentResource.ts';
import { load } from '../store/payments.ts';

/** What an operator looks at in the console. */
const showRequest = z.strictObject({ merchantId, id: z.string().min(1).max(128) });

/** Not part of the API, but shows the same: whoever may invoke it sees the payments of all merchants. */
export const handler = lambda(async (input: unknown) => {
  const { merchantId, id } = showRequest.parse(input);
  const payment = await load(merchantId, id);
  return { payment: payment ? paymentResource(payment) : null };
});
