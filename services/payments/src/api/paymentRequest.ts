import type * as z from 'zod';
import { faultsOf } from './order.ts';
import { type PaymentBody, paymentBody } from './paymentBody.ts';

/** The body of `POST /payments`: what it asks for can be invoiced, by any seller who may issue such an invoice. */
export const paymentRequest: z.ZodType<PaymentBody> = paymentBody.superRefine((body, context) => {
  // This runs also when a field is invalid: an invalid rate cannot be used in a calculation.
  if (context.issues.length > 0) return;
  for (const { path, message, rule } of faultsOf(body, null))
    context.addIssue({ code: 'custom', path, message, params: { rule } });
});
