import { derivedId } from '@fanfold/runtime/idempotency';
import { eachDue } from '@fanfold/runtime/schedule';
import { askProvider, momentOf } from '../operation.ts';
import { cancel, isExpired } from '../payment/lifecycle.ts';
import { tableGuard } from '../store/mark.ts';
import { update } from '../store/payments.ts';
import { dueFor } from '../store/queries.ts';

/** Cancels authorizations that were not captured in time. */
export const handler = eachDue(
  (run) => dueFor('expire', run.now),
  async (payment, run) => {
    const moment = momentOf(run);
    // With the version: if the provider never received one attempt, the next one is a new instruction.
    const operation = {
      id: derivedId('void', payment.id, 'expiry', String(payment.version)),
      fingerprint: null,
    };
    const intent = await update(payment, (current) =>
      isExpired(current, run.now)
        ? cancel(current, { ...operation, reason: 'expired' }, moment)
        : { payment: current, eventNumbers: [] },
    );
    if (intent.ask?.id === operation.id) await askProvider(intent, operation, moment);
  },
  tableGuard,
);
