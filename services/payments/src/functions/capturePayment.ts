import { endpoint } from '@fanfold/runtime/http';
import { captureRequest } from '../api/changeRequests.ts';
import { find } from '../api/find.ts';
import { paymentResource } from '../api/paymentResource.ts';
import { momentOf, operationOf, runOperation } from '../operation.ts';
import { capture } from '../payment/lifecycle.ts';
import { tableGuard } from '../store/mark.ts';

export const handler = endpoint(
  { scope: 'payments:write', body: captureRequest, idempotent: true, guard: tableGuard },
  async (request) => {
    const found = await find(request);
    const operation = operationOf('cap', request, `POST /payments/${found.id}/capture`);
    const moment = momentOf(request);
    const { payment, replayed } = await runOperation(found, operation, moment, (current) =>
      capture(current, { ...operation, amount: request.body.amount }, moment),
    );
    return { status: 200, body: paymentResource(payment), replayed };
  },
);
