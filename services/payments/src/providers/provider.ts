import type { Next } from '@fanfold/runtime/restore';
import type { Dispute, Failure, NextAction } from '../payment/payment.ts';

/** An instruction to a payment provider. The provider carries out each key once, however often it is sent. */
export type Instruction = {
  key: string;
  operation: 'authorize' | 'charge' | 'capture' | 'void' | 'refund';
  paymentId: string;
  merchantId: string;
  paymentMethod: string;
  /** In the minor unit of the currency, as ISO 4217 has it. */
  amount: number;
  currency: string;
  /** What {@link Provider.prepare} gave for the payment. */
  reference?: string;
  /** When it was asked for first (RFC 3339, UTC). */
  askedAt: string;
};

/** What came of an instruction, as far as the provider tells. */
export type Outcome =
  /** @param expiresAt of an authorization, when the provider says when it ends */
  | { result: 'succeeded'; expiresAt?: string }
  /** @param isOpen set when the customer may try again, until it is closed: it is not to be believed before */
  | { result: 'failed'; failure: Failure; isOpen?: true }
  /** It has not happened. After `close` it never will. */
  | { result: 'nothing' }
  | { result: 'unknown' }
  /** The customer has to do something, such as to authenticate with the bank, until a time. */
  | { result: 'action'; nextAction: NextAction; until: string }
  /** The provider has it, and will say later what came of it, maybe after days. */
  | { result: 'pending' };

/**
 * A payment provider. Which one a stage uses is the parameter `paymentProvider`: `#provider` in package.json names the module of
 * each, whose export `provider` is it, and `#providerRecords` that of its {@link ProviderRecords}. No other file knows the
 * provider, and bundles have only the one in use.
 *
 * Times out or throws what it will: without a certain answer the outcome is `unknown`, and a clock finds it out. A
 * {@link ProviderRefusal} is the exception: then nothing was done, and nothing will be.
 */
export type Provider = {
  name: 'sandbox' | 'stripe';
  /** Whether it can take money with a payment method. If not, the request is refused before anything is written. */
  accepts(paymentMethod: string): boolean;
  /** All that it accepts, where they are few. */
  paymentMethods?: readonly string[];
  /** Why it cannot move an amount (in minor units as ISO 4217 has them), if it cannot: the currency, or its smallest unit there. */
  expressible(amount: number, currency: string): string | undefined;
  /** How long it may take to answer, before the outcome counts as unknown. */
  answerTimeMs: number;
  /**
   * How long after it was asked for a payment that has not happened is given up. Until then the call may still be under way, and
   * would only be cut off.
   */
  patienceMs: number;
  /**
   * Makes what the provider needs for a payment, without moving money. The reference to it is written with the intent, so that a
   * later call finds it whatever becomes of this one. Whatever it throws, the request is answered with 502, and nothing was written.
   */
  prepare?(instruction: Instruction): Promise<string | undefined>;
  /** Carries out an instruction, once per key, and returns its outcome. */
  perform(instruction: Instruction): Promise<Outcome>;
  /** Finds out what came of an instruction. It changes nothing. */
  look(instruction: Instruction): Promise<Outcome>;
  /**
   * Sees to it that an instruction which has had no effect never has one, and finds out what came of it: otherwise one that is still
   * under way could charge a payment that has been given up.
   */
  close(instruction: Instruction): Promise<Outcome>;
  /** What the provider knows of a payment now, by its reference: undefined of one that is not ours. Missing where it never changes its mind. */
  facts?(reference: string): Promise<Facts | undefined>;
  /** Sees to it that a charge which failed cannot be tried again, if that can happen: afterwards `facts` tells what it is. */
  end?(reference: string): Promise<void>;
};

export const isRetriable = (outcome: Outcome): boolean =>
  outcome.result === 'failed' && outcome.isOpen === true;

/** What a provider knows of a payment. */
export type Facts = {
  paymentId: string;
  merchantId: string;
  /** What came of the first instruction, and how much was captured, if anything was. */
  charge?: { operation: 'authorize' | 'charge'; outcome: Outcome; amountCaptured?: number };
  /** Set when it was given up there: `expired`, or another reason. */
  canceled?: { reason: string };
  /** By the key of their instruction. */
  refunds: { key: string; outcome: Outcome }[];
  disputes: ProviderDispute[];
};

/** A dispute as the provider tells of it, which may not say until when it can be answered. */
export type ProviderDispute = Omit<Dispute, 'evidenceDueBy'> & { evidenceDueBy?: string };

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
export type Done = Omit<Instruction, 'paymentMethod' | 'merchantId' | 'reference' | 'askedAt'> & {
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
