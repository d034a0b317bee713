import { endpoint } from '@fanfold/runtime/http';
import { cancelRequest } from '../api/changeRequests.ts';
import { find } from '../api/find.ts';
import { paymentResource } from '../api/paymentResource.ts';
import { momentOf, operationOf, runOperation } from '../operation.ts';
import { cancel } from '../payment/lifecycle.ts';
import { tableGuard } from '../store/mark.ts';

export const handler = endpoint(
  { scope: 'payments:write', body: cancelRequest, idempotent: true, guard: tableGuard },
  async (request) => {
    const found = await find(request);
    const operation = operationOf('void', request, `POST /payments/${found.id}/cancel`);
    const moment = momentOf(request);
    const { payment, replayed } = await runOperation(found, operation, moment, (current) =>
      cancel(current, { ...operation, reason: request.body.reason }, moment),
    );
    return { status: 200, body: paymentResource(payment), replayed };
  },
);
