import { endpoint } from '@fanfold/runtime/http';
import { paymentRequest } from '../api/paymentRequest.ts';
import { paymentResource } from '../api/paymentResource.ts';
import { askProvider, complete, momentOf, operationOf, repeatResult } from '../operation.ts';
import { create } from '../payment/lifecycle.ts';
import { tableGuard } from '../store/mark.ts';
import { insert } from '../store/payments.ts';

export const handler = endpoint(
  { scope: 'payments:write', body: paymentRequest, idempotent: true, guard: tableGuard },
  async (request) => {
    const operation = operationOf('pay', request, 'POST /payments');
    const moment = momentOf(request);
    const intent = create(request.body, { ...operation, merchantId: request.caller.merchantId }, moment);
    const existing = await insert(intent);
    const { payment, replayed } = existing
      ? repeatResult(await complete(existing, request.body, operation, request.now), operation, request.now)
      : await askProvider(intent.payment, operation, moment);
    return { status: 201, body: paymentResource(payment), replayed };
  },
);
