import { setTimeout as delay } from 'node:timers/promises';
import { describeError, logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { invalidRequest, Refusal } from '@fanfold/runtime/refusal';
import { provider } from '#provider';
import type { Failure } from '../payment/payment.ts';
import { type Facts, type Instruction, isRetriable, type Outcome, ProviderRefusal } from './provider.ts';

export const { accepts, paymentMethods } = provider;

/** Whether the provider has to make something before a payment is written. */
export const isPrepared = provider.prepare !== undefined;

/**
 * Has the provider make what it needs for a payment, before the payment is written.
 *
 * @returns the reference to it, if it makes anything
 * @throws Refusal 502 `provider_unavailable`; 422 when the provider names what it does not take
 */
export async function prepare(instruction: Instruction): Promise<string | undefined> {
  const { key } = instruction;
  try {
    return await inTime(
      async () => provider.prepare?.(instruction),
      () => {
        throw new Error(`No answer in ${provider.answerTimeMs} ms`);
      },
    );
  } catch (error) {
    // The request itself is at fault, such as by an amount below the provider's least one.
    if (error instanceof Refusal) throw error;
    if (error instanceof ProviderRefusal) noteRefusal(key, error);
    else logger.warn('provider unavailable', { key, error: describeError(error) });
    throw new Refusal(
      502,
      'provider_unavailable',
      'The payment provider cannot be reached. Nothing was done: try again, with the same Idempotency-Key.',
      { headers: { 'Retry-After': '5' } },
    );
  }
}

/** @throws Refusal 422 when the provider cannot move such an amount */
export function refuseInexpressible({ amount, currency }: Pick<Instruction, 'amount' | 'currency'>): void {
  const detail = provider.expressible(amount, currency);
  if (detail !== undefined) throw invalidRequest('The body', [{ pointer: '#/amount', detail }]);
}

/**
 * Calls the provider, once. Without a certain outcome it is `unknown`: a call that timed out may have charged the
 * card.
 */
export async function perform(instruction: Instruction): Promise<Outcome> {
  try {
    return await answerOf(instruction.key, async () => provider.perform(instruction));
  } catch (error) {
    if (error instanceof ProviderRefusal) return { result: 'failed', failure: refused };
    throw error;
  }
}

/**
 * Finds out what came of an instruction that is not settled. One that has not happened is given up when it was for a new payment,
 * and then never will; others are sent again. A payment is captured or given up once, under whatever key: only refunds need theirs.
 *
 * @param isAbandoned whether the customer's time is over
 * @throws ProviderRefusal when it refuses to answer until somebody corrects something
 */
export async function findOut(instruction: Instruction, isAbandoned: boolean, now: Date): Promise<Outcome> {
  const { key, operation } = instruction;
  const askedForMs = now.getTime() - Date.parse(instruction.askedAt);
  const outcome = await answerOf(key, async () => provider.look(instruction));
  if ((outcome.result === 'action' && isAbandoned) || isRetriable(outcome)) return close(instruction);
  if (outcome.result !== 'nothing') return outcome;
  if (operation === 'authorize' || operation === 'charge')
    return askedForMs < provider.patienceMs ? { result: 'unknown' } : close(instruction);
  if (operation !== 'refund' || askedForMs < keysLastMs)
    return answerOf(key, async () => provider.perform(instruction));
  logger.error('provider cannot be asked again', {
    ...{ key, operation, paymentId: instruction.paymentId, askedAt: instruction.askedAt },
    advice:
      'Look at the provider what came of it. It does not know the key any more: asked again, it might do it twice.',
  });
  return { result: 'unknown' };
}

const close = (instruction: Instruction): Promise<Outcome> =>
  answerOf(instruction.key, async () => provider.close(instruction));

/**
 * For how long a refund is sent again. Stripe forgets keys after a day, and would carry out a forgotten one as if it were new
 * (https://docs.stripe.com/api/idempotent_requests).
 */
const keysLastMs = 23 * 3_600_000;

const refused: Failure = {
  code: 'provider_error',
  message: 'The payment provider refused the call. Nothing was done.',
  declineCode: null,
};

async function answerOf(key: string, call: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await inTime(call, () => ({ result: 'unknown' }));
  } catch (error) {
    if (error instanceof ProviderRefusal) {
      noteRefusal(key, error);
      throw error;
    }
    logger.warn('provider outcome unknown', { key, error: describeError(error) });
    return { result: 'unknown' };
  }
}

function noteRefusal(key: string, error: ProviderRefusal): void {
  logger.error('provider refused', { key, error: describeError(error) });
  metrics.addMetric('ProviderRefused', 'Count', 1);
}

/** What a call answers, or another answer when that takes too long. */
async function inTime<Answer>(call: () => Promise<Answer>, late: () => Answer): Promise<Answer> {
  const timeUp = new AbortController();
  try {
    const time = delay(provider.answerTimeMs, undefined, { signal: timeUp.signal }).then(late);
    return await Promise.race([call(), time]);
  } finally {
    timeUp.abort();
  }
}

/**
 * What the provider knows of a payment now.
 *
 * @returns undefined of one that is not ours
 * @throws ProviderRefusal, and whatever it throws when it cannot be asked
 */
export async function factsOf(reference: string): Promise<Facts | undefined> {
  return noted(reference, async () => provider.facts?.(reference));
}

/**
 * The same of a payment of ours, once a charge that failed cannot be tried again: its customer has the secret to do so, with
 * another card.
 */
export async function endedFacts(reference: string, facts: Facts): Promise<Facts> {
  if (!facts.charge || !isRetriable(facts.charge.outcome)) return facts;
  await noted(reference, async () => provider.end?.(reference));
  return (await factsOf(reference)) ?? facts;
}

async function noted<Answer>(reference: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ProviderRefusal) noteRefusal(reference, error);
    throw error;
  }
}
