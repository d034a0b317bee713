import { setTimeout as delay } from 'node:timers/promises';
import { describeError, logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import type { Failure, Outcome } from './payment.ts';
import { sandbox } from './sandbox.ts';

/** What a payment provider is asked to do. The same key asks for the same thing, however often it is sent. */
export type Instruction = {
  key: string;
  operation: 'authorize' | 'charge' | 'capture' | 'void' | 'refund';
  paymentId: string;
  paymentMethod: string;
  amount: number;
  currency: string;
};

/**
 * A payment provider. To connect a real one, write this for it and put it in place of the sandbox below:
 * nothing else knows the provider.
 */
export type Provider = {
  /** The payment methods that it knows. */
  paymentMethods: readonly [string, ...string[]];
  /**
   * Carries out an instruction once per key and tells what came of it. May throw, and may never answer.
   *
   * @throws ProviderRefusal when it certainly has done nothing
   */
  perform(instruction: Instruction): Promise<Outcome>;
  /**
   * Tells what came of a key. When it has not taken effect yet, makes sure that it never will: without that, an
   * instruction that is still under way could charge a payment which has been given up.
   *
   * @throws ProviderRefusal when it will not tell before somebody mends something
   */
  resolve(key: string): Promise<Outcome>;
};

const provider: Provider = sandbox;

/**
 * Thrown by a provider that refuses to be asked at all: a wrong key, a right that is missing, something that it does not
 * know. Time mends none of it.
 */
export class ProviderRefusal extends Error {
  override name = 'ProviderRefusal';
}

/** How long the provider may take to answer before its outcome counts as unknown. */
const answerTimeMs = 2500;

export const { paymentMethods } = provider;

/** Asks the provider, once. What is not known for sure is `unknown`: a timeout may have charged the card. */
export async function perform(instruction: Instruction): Promise<Outcome> {
  try {
    return await answerOf(instruction.key, async () => provider.perform(instruction));
  } catch (error) {
    if (error instanceof ProviderRefusal) return { result: 'failed', failure: refused };
    throw error;
  }
}

/**
 * Finds out what came of an instruction whose outcome was unknown.
 *
 * @throws ProviderRefusal
 */
export const resolve = (key: string): Promise<Outcome> => answerOf(key, async () => provider.resolve(key));

const refused: Failure = {
  code: 'provider_error',
  message: 'The payment provider refused to be asked. Nothing was done.',
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
