import type { Ask, Payment, Refund } from './payment.ts';

/** When to ask the provider for an outcome: once no request can be waiting for it any more. */
export const lookupAt = ({ runsUntil, unknown }: Ask | Refund, { updatedAt }: Payment): string =>
  unknown?.nextLookupAt ?? runsUntil ?? updatedAt;

/** When the provider was asked for first. What was asked before that was kept is taken to be as old as its last write. */
export const askedAt = (ask: Ask, { createdAt, updatedAt }: Payment): string =>
  ask.askedAt ??
  (ask.operation === 'authorize' || ask.operation === 'charge'
    ? createdAt
    : (ask.unknown?.since ?? updatedAt));

/**
 * The ask or refund after its outcome was found to be unknown once more. The provider is asked again at once, then
 * after a minute, and then after twice as long each time, up to half an hour: asking each minute would not help for
 * an outcome that stays unknown, and would burden a provider in trouble.
 */
export function stillUnknown<Asked extends Ask | Refund>(
  asked: Asked,
  { updatedAt }: Payment,
  now: Date,
): Asked {
  const { since, times } = asked.unknown ?? { since: earlier(asked.runsUntil ?? updatedAt, now), times: 0 };
  const minutes = times === 0 ? 0 : Math.min(2 ** (times - 1), longestPauseMinutes);
  const nextLookupAt = new Date(now.getTime() + minutes * 60_000).toISOString();
  return { ...asked, runsUntil: null, unknown: { since, times: times + 1, nextLookupAt } };
}

const longestPauseMinutes = 30;

const earlier = (time: string, now: Date): string => (time < now.toISOString() ? time : now.toISOString());
