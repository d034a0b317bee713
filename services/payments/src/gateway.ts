import { setTimeout as delay } from 'node:timers/promises';
import { describeError, logger } from '@fanfold/runtime/logger';
import type { Outcome } from './payment.ts';
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
  /** Carries out an instruction once per key and tells what came of it. May throw, and may never answer. */
  perform(instruction: Instruction): Promise<Outcome>;
  /**
   * Tells what came of a key. When it has not taken effect yet, makes sure that it never will: without that, an
   * instruction that is still under way could charge a payment which has been given up.
   */
  resolve(key: string): Promise<Outcome>;
};

const provider: Provider = sandbox;

/** How long the provider may take to answer before its outcome counts as unknown. */
const answerTimeMs = 2500;

export const { paymentMethods } = provider;

/** Asks the provider, once. What is not known for sure is `unknown`: a timeout may have charged the card. */
export const perform = (instruction: Instruction): Promise<Outcome> =>
  answerOf(instruction.key, async () => provider.perform(instruction));

/** Finds out what came of an instruction whose outcome was unknown. */
export const resolve = (key: string): Promise<Outcome> => answerOf(key, async () => provider.resolve(key));

async function answerOf(key: string, call: () => Promise<Outcome>): Promise<Outcome> {
  const timeUp = new AbortController();
  try {
    const late = delay(answerTimeMs, { result: 'unknown' } as const, { signal: timeUp.signal });
    return await Promise.race([call(), late]);
  } catch (error) {
    logger.warn('provider outcome unknown', { key, error: describeError(error) });
    return { result: 'unknown' };
  } finally {
    timeUp.abort();
  }
}
