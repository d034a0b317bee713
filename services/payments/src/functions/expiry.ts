import { derivedId } from '@fanfold/runtime/idempotency';
import { eachDue } from '@fanfold/runtime/schedule';
import { askProvider, momentOf } from '../operation.ts';
import { cancel, isExpired } from '../payment.ts';
import { update } from '../store/payments.ts';
import { dueFor } from '../store/queries.ts';

/** Gives up authorizations that nobody captured in time. */
export const handler = eachDue(
  (run) => dueFor('expire', run.now),
  async (payment, run) => {
    const moment = momentOf(run);
    // By version: when the provider never took one attempt, the next one is another instruction.
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
);
