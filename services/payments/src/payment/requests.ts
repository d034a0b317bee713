import type { PastRequest, Payment } from './payment.ts';

/**
 * Stores a request, so that its repetition is recognised, and drops the oldest of too many requests without effect.
 * The repetition of a dropped one is a new attempt, with the same key at the provider, which recognises it.
 */
export function remember(payment: Payment, id: string, fingerprint: string): Payment['requests'] {
  const forgotten = new Set(failedIds(payment).slice(maxFailedKept));
  const kept = Object.entries(payment.requests).filter(([each]) => !forgotten.has(each));
  return { ...Object.fromEntries(kept), [id]: { fingerprint, failure: null } };
}

/**
 * How many captures and cancellations without effect are kept, the newest ones. The item must have a maximum
 * size, and those without effect must not use up the space of others.
 */
const maxFailedKept = 50;

/** The captures and cancellations that are known to have had no effect, newest first. A refund has an event of its failure. */
function failedIds({ id: creation, status, requests, refunds }: Payment): string[] {
  const failed = Object.entries(requests).flatMap(([id, { failure, failedAt = '' }]) => {
    if (id in refunds) return [];
    // While a payment is authorized, no operation since then has had an effect.
    const isFailed = id !== creation && (failure !== null || failedAt !== '' || status === 'authorized');
    return isFailed ? [{ id, at: failedAt }] : [];
  });
  return failed.sort((a, b) => (a.at < b.at ? 1 : -1)).map(({ id }) => id);
}

/** The requests with the result of one of them. One that is not stored any more stays so. */
export const noted = (
  requests: Payment['requests'],
  id: string,
  outcome: Partial<PastRequest>,
): Payment['requests'] => {
  const request = requests[id];
  return request ? { ...requests, [id]: { ...request, ...outcome } } : requests;
};
