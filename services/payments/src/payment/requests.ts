import type { PastRequest, Payment } from './payment.ts';

/**
 * Remembers a request, so that its repetition finds it, and forgets the oldest of too many that had no effect. A repetition
 * of one that is forgotten is an attempt again, under the same key of the provider, who takes it for the same.
 */
export function remember(
  payment: Payment,
  id: string,
  fingerprint: string,
): Pick<Payment, 'requests' | 'refunds'> {
  const forgotten = new Set(failedIds(payment).slice(maxFailedKept));
  const kept = <Entry>(entries: Record<string, Entry>): Record<string, Entry> =>
    Object.fromEntries(Object.entries(entries).filter(([each]) => !forgotten.has(each)));
  return {
    requests: { ...kept(payment.requests), [id]: { fingerprint, failure: null } },
    refunds: kept(payment.refunds),
  };
}

/**
 * How many captures, cancellations and refunds that had no effect are kept, the newest of them. What is kept for ever must
 * have an end, and what had no effect must not use up the room of what may have one.
 */
const maxFailedKept = 50;

/** The operations that are known to have had no effect, newest first. */
function failedIds({ id: creation, status, requests, refunds }: Payment): string[] {
  const failed = Object.entries(requests).flatMap(([id, { failure, failedAt = '' }]) => {
    const refund = refunds[id];
    if (refund) return refund.status === 'failed' ? [{ id, at: refund.settledAt ?? refund.createdAt }] : [];
    // While a payment is authorized, nothing that was asked of it since has had an effect.
    const isFailed = id !== creation && (failure !== null || failedAt !== '' || status === 'authorized');
    return isFailed ? [{ id, at: failedAt }] : [];
  });
  return failed.sort((a, b) => (a.at < b.at ? 1 : -1)).map(({ id }) => id);
}

/** The requests with what came of one of them; one that is not remembered stays so. */
export const noted = (
  requests: Payment['requests'],
  id: string,
  outcome: Partial<PastRequest>,
): Payment['requests'] => {
  const request = requests[id];
  return request ? { ...requests, [id]: { ...request, ...outcome } } : requests;
};
