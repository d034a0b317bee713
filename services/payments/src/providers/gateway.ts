import { setTimeout as delay } from 'node:timers/promises';
import { describeError, logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import type { Failure, Outcome } from '../payment/payment.ts';
import { type Instruction, type Provider, ProviderRefusal } from './provider.ts';
import { sandbox } from './sandbox.ts';

/** The provider in use. */
const provider: Provider = sandbox;

/** How long the provider may take to answer before its outcome counts as unknown. */
const answerTimeMs = 2500;

export const { paymentMethods } = provider;

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
 * Finds the outcome of an instruction whose outcome was unknown.
 *
 * @throws ProviderRefusal
 */
export const resolve = (key: string): Promise<Outcome> => answerOf(key, async () => provider.resolve(key));

const refused: Failure = {
  code: 'provider_error',
  message: 'The payment provider refused the call. Nothing was done.',
  declineCode: null,
};

async function answerOf(key: string, call: () => Promise<Outcome>): Promise<Outcome> {
  const timeUp = new AbortController();
  try {
    const late = delay(answerTimeMs, { result: 'unknown' } as const, { signal: timeUp.signal });
    return await Promise.race([call(), late]);
  } catch (error) {
    if (error instanceof ProviderRefusal) {
      logger.error('provider refused', { key, error: describeError(error) });
      metrics.addMetric('ProviderRefused', 'Count', 1);
      throw error;
    }
    logger.warn('provider outcome unknown', { key, error: describeError(error) });
    return { result: 'unknown' };
  } finally {
    timeUp.abort();
  }
}
