import type { Outcome } from '../payment.ts';

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
 * A payment provider. To connect a real one, write this for it and put it in place of the sandbox in
 * `gateway.ts`: nothing else knows the provider.
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

/**
 * Thrown by a provider that refuses to be asked at all: a wrong key, a right that is missing, something that it does not
 * know. Time mends none of it.
 */
export class ProviderRefusal extends Error {
  override name = 'ProviderRefusal';
}
