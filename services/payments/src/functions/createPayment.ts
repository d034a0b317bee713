import { endpoint } from '@fanfold/runtime/http';
import { askProvider, momentOf, operationOf, repeatResult } from '../operation.ts';
import { create } from '../payment.ts';
import { paymentRequest } from '../paymentRequest.ts';
import { paymentResource } from '../paymentResource.ts';
import { insert } from '../store/payments.ts';

export const handler = endpoint(
  { scope: 'payments:write', body: paymentRequest, idempotent: true },
  async (request) => {
    const operation = operationOf('pay', request, 'POST /payments');
    const moment = momentOf(request);
    const intent = create(request.body, { ...operation, merchantId: request.caller.merchantId }, moment);
    const existing = await insert(intent);
    const { payment, replayed } = existing
      ? repeatResult(existing, operation, request.now)
      : await askProvider(intent.payment, operation, moment);
    return { status: 201, body: paymentResource(payment), replayed };
  },
);
