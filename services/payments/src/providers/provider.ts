import type { Next } from '@fanfold/runtime/restore';
import type { Outcome } from '../payment/payment.ts';

/** An instruction to a payment provider. The provider carries out each key once, however often it is sent. */
export type Instruction = {
  key: string;
  operation: 'authorize' | 'charge' | 'capture' | 'void' | 'refund';
  paymentId: string;
  merchantId: string;
  paymentMethod: string;
  amount: number;
  currency: string;
};

/**
 * A payment provider. To connect a real one, implement this and use it in `gateway.ts` in place of the sandbox, and
 * {@link ProviderRecords} in `records.ts`: no other file knows the provider.
 */
export type Provider = {
  /** The payment methods that it accepts. */
  paymentMethods: readonly [string, ...string[]];
  /**
   * Carries out an instruction, once per key, and returns its outcome. May throw, and may never answer.
   *
   * @throws ProviderRefusal when it has certainly done nothing
   */
  perform(instruction: Instruction): Promise<Outcome>;
  /**
   * Returns the outcome of a key. If it has had no effect yet, it makes sure that it never will: otherwise an
   * instruction that is still under way could charge a payment that has been given up.
   *
   * @throws ProviderRefusal when it refuses to answer until somebody corrects something
   */
  resolve(key: string): Promise<Outcome>;
};

/** What a provider knows of the past. When payments' table was put back to an earlier time, what it lost is looked up there. */
export type ProviderRecords = {
  /** An instruction that was received, by its key, whatever its outcome was. It changes nothing. */
  find(key: string): Promise<Pick<Instruction, 'operation' | 'paymentMethod'> | undefined>;
  /**
   * What was carried out since a time (RFC 3339, UTC), in any order, a part of it at a time. Without a time it is all there is.
   *
   * @param after `next` of the part before; a part may be empty and have one
   */
  list(since: string | undefined, after: Next | undefined): Promise<{ done: Done[]; next?: Next }>;
};

/** An instruction that succeeded, and when. */
export type Done = Omit<Instruction, 'paymentMethod' | 'merchantId'> & {
  /** Missing in what was recorded before instructions had it. */
  merchantId?: string;
  recordedAt: string;
};

/**
 * Thrown by a provider that refuses the call itself: a wrong API key, a missing permission, an unknown payment
 * method. Trying again later does not help.
 */
export class ProviderRefusal extends Error {
  override name = 'ProviderRefusal';
}
