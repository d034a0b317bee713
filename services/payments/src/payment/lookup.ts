import type { Outcome } from '../providers/provider.ts';
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

/** An outcome that is not the last one. */
export type Unsettled = Extract<Outcome, { result: 'unknown' | 'action' | 'pending' }>;

/**
 * The ask or refund with what the provider has told so far, which never goes back: at first nothing, then what the customer has
 * to do, then that the provider has it. Only a new payment waits for its customer.
 *
 * @returns the same object when that was known
 */
export function told<Asked extends Ask | Refund>(asked: Asked, outcome: Unsettled, now: Date): Asked {
  if (outcome.result === 'unknown' || asked.pendingSince !== undefined) return asked;
  const next: Asked = { ...asked };
  delete next.unknown;
  if (outcome.result === 'action' && isOfNewPayment(next)) {
    const { nextAction, until } = outcome;
    const { action } = next;
    if (action?.type === nextAction.type && action.url === nextAction.url) return asked;
    next.action = { ...nextAction, until: action?.until ?? until };
    return next;
  }
  if ('action' in next) delete next.action;
  next.pendingSince = now.toISOString();
  return next;
}

const isOfNewPayment = (asked: Ask | Refund): asked is Ask =>
  'operation' in asked && (asked.operation === 'authorize' || asked.operation === 'charge');

/** Whether the customer has not done in time what was asked. */
export const isAbandoned = (asked: Ask | Refund, now: Date): boolean =>
  'action' in asked && asked.action !== undefined && asked.action.until <= now.toISOString();

/**
 * The ask or refund after the provider was asked once more, and it is not settled. The provider is asked again at once, then
 * after a minute, and then after twice as long each time, up to half an hour: asking each minute would not help for
 * an outcome that stays unknown, and would burden a provider in trouble. What it has, maybe for days, is asked for every six hours
 * at last. What a customer does not do in time is asked for when that time is over.
 */
export function stillUnsettled<Asked extends Ask | Refund>(
  asked: Asked,
  outcome: Unsettled,
  { updatedAt }: Payment,
  now: Date,
): Asked {
  const known = told(asked, outcome, now);
  const { since, times } = known.unknown ?? { since: earlier(known.runsUntil ?? updatedAt, now), times: 0 };
  const longest = known.pendingSince === undefined ? longestPauseMinutes : longestPendingPauseMinutes;
  const minutes = times === 0 ? 0 : Math.min(2 ** (times - 1), longest);
  const next = new Date(now.getTime() + minutes * 60_000).toISOString();
  const until = 'action' in known && !isAbandoned(known, now) ? known.action?.until : undefined;
  const nextLookupAt = until === undefined ? next : earlier(until, new Date(next));
  return { ...known, runsUntil: null, unknown: { since, times: times + 1, nextLookupAt } };
}

const longestPauseMinutes = 30;
const longestPendingPauseMinutes = 360;

const earlier = (time: string, now: Date): string => (time < now.toISOString() ? time : now.toISOString());
