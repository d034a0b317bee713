import { endpoint } from '@fanfold/runtime/http';
import { refundLinesOf, refundRequest } from '../api/changeRequests.ts';
import { find } from '../api/find.ts';
import { refundResource } from '../api/paymentResource.ts';
import { momentOf, operationOf, runOperation } from '../operation.ts';
import type { Refund } from '../payment/payment.ts';
import { refund } from '../payment/refunds.ts';
import { tableGuard } from '../store/mark.ts';

export const handler = endpoint(
  { scope: 'payments:write', body: refundRequest, idempotent: true, guard: tableGuard },
  async (request) => {
    const found = await find(request);
    const operation = operationOf('re', request, `POST /payments/${found.id}/refunds`);
    const moment = momentOf(request);
    const { amount, lines, reason } = request.body;
    const { payment, replayed } = await runOperation(found, operation, moment, (current) =>
      refund(current, { ...operation, amount, lines: lines && refundLinesOf(lines), reason }, moment),
    );
    return { status: 201, body: refundResource(payment, payment.refunds[operation.id] as Refund), replayed };
  },
);
