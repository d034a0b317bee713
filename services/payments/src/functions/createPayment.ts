import { endpoint } from '@fanfold/runtime/http';
import { faultsOf, refusalOf, requestOf } from '../api/order.ts';
import { paymentRequest } from '../api/paymentRequest.ts';
import { paymentResource } from '../api/paymentResource.ts';
import { askProvider, beginPayment, complete, momentOf, operationOf, repeatResult } from '../operation.ts';
import { create } from '../payment/lifecycle.ts';
import { tableGuard } from '../store/mark.ts';
import { load } from '../store/payments.ts';
import { sellerOf } from '../store/sellers.ts';

export const handler = endpoint(
  { scope: 'payments:write', body: paymentRequest, idempotent: true, guard: tableGuard, isTimed: true },
  async (request) => {
    const { merchantId } = request.caller;
    const operation = operationOf('pay', request, 'POST /payments');
    const moment = momentOf(request);
    const asked = requestOf(request.body);
    const intent = create(asked, { ...operation, merchantId }, moment);
    const faults = faultsOf(request.body, await sellerOf(merchantId));
    // What was accepted before is repeated, whoever the seller is now.
    const known = faults.length > 0 ? await load(merchantId, operation.id) : undefined;
    if (faults.length > 0 && !known) throw refusalOf(faults);
    const begun = known ? { payment: known, existing: true } : await beginPayment(intent);
    const { payment, replayed } = begun.existing
      ? repeatResult(await complete(begun.payment, asked, operation, request.now), operation, request.now)
      : await askProvider(begun.payment, operation, moment);
    return { status: 201, body: paymentResource(payment), replayed };
  },
);
