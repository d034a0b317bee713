import type { Failure } from '../../payment/payment.ts';
import { type Instruction, type Outcome, type Provider, ProviderRefusal } from '../provider.ts';
import { paymentMethods } from './paymentMethods.ts';

/** What the sandbox has recorded under a key: what was done, its outcome, and what it tells of it until some time. */
export type SandboxRecord = Partial<Instruction> & {
  outcome: Outcome;
  recordedAt: string;
  first?: Outcome;
  tellsAt?: string;
};

/** Where the sandbox keeps its records. The first one under a key stays. */
export type SandboxRecords = {
  get(key: string): Promise<SandboxRecord | undefined>;
  /** @returns the record that was there already */
  putFirst(key: string, record: SandboxRecord): Promise<SandboxRecord | undefined>;
};

const declined = (declineCode: string, message: string): Failure => ({
  code: 'card_declined',
  message,
  declineCode,
});

/** What a payment method does: what comes of an instruction, whether that is answered, and what is said of it at first. */
type Behaviour = {
  /** Undefined when it has no effect. */
  outcome?: Outcome;
  answers?: false;
  /** For {@link tellsAfterMs}. */
  first?: (instruction: Instruction) => Outcome;
  /** The operations that it is about; others succeed at once. */
  only?: Instruction['operation'][];
};

const succeeded: Outcome = { result: 'succeeded' };
const pending = (): Outcome => ({ result: 'pending' });

/** How each payment method behaves. */
const behaviours: Record<(typeof paymentMethods.enum)[number], Behaviour> = {
  pm_card_visa: { outcome: succeeded },
  pm_card_declined: {
    outcome: { result: 'failed', failure: declined('generic_decline', 'The card was declined.') },
  },
  pm_card_insufficient_funds: {
    outcome: {
      result: 'failed',
      failure: declined('insufficient_funds', 'The card has insufficient funds.'),
    },
  },
  pm_card_timeout: { outcome: succeeded, answers: false },
  pm_card_timeout_lost: { answers: false },
  pm_card_error: {
    outcome: {
      result: 'failed',
      failure: {
        code: 'provider_error',
        message: 'The payment provider could not process the card.',
        declineCode: null,
      },
    },
  },
  pm_card_authentication_required: {
    outcome: succeeded,
    first: ({ key, askedAt }) => ({
      result: 'action',
      nextAction: { type: 'redirect_to_url', url: `https://sandbox.example/authenticate/${key}` },
      until: new Date(Date.parse(askedAt) + authenticationMs).toISOString(),
    }),
    only: ['authorize', 'charge'],
  },
  pm_card_pending: { outcome: succeeded, first: pending, only: ['authorize', 'charge', 'refund'] },
  pm_card_refund_fails: {
    outcome: {
      result: 'failed',
      failure: { code: 'refund_failed', message: 'The card is closed.', declineCode: null },
    },
    first: pending,
    only: ['refund'],
  },
};

const isKnown = (paymentMethod: string): paymentMethod is keyof typeof behaviours =>
  Object.hasOwn(behaviours, paymentMethod);

/** How long something is pending, or a customer takes, who always authenticates here. */
const tellsAfterMs = 5000;
const authenticationMs = 3_600_000;

/**
 * A payment provider for development and tests. Like a real one it has its own records: one per idempotency key, with what was
 * done, so that a double charge would be visible.
 */
export const sandboxWith = (records: SandboxRecords): Provider => {
  const told = ({ outcome, first, tellsAt = '' }: SandboxRecord): Outcome =>
    first && tellsAt > new Date().toISOString() ? first : outcome;
  /** Records the first outcome of a key and returns what is told of it: a key that was given up never has an effect. */
  const record = async (
    { key, ...instruction }: { key: string } & Partial<Instruction>,
    outcome: Outcome,
    first?: Outcome,
  ): Promise<Outcome> => {
    const { askedAt: _askedAt, ...details } = instruction;
    const now = Date.now();
    const made: SandboxRecord = {
      ...{ ...details, outcome, recordedAt: new Date(now).toISOString() },
      ...(first && { first, tellsAt: new Date(now + tellsAfterMs).toISOString() }),
    };
    const known = await records.putFirst(key, made);
    return known ? told(known) : (first ?? outcome);
  };
  return {
    name: 'sandbox',
    paymentMethods: paymentMethods.enum,
    accepts: (paymentMethod) => isKnown(paymentMethod),
    expressible: () => undefined,
    answerTimeMs: 2500,
    // What is closed here has no effect later on, however late the call comes.
    patienceMs: 0,

    async perform(instruction) {
      const { paymentMethod, operation } = instruction;
      const behaviour = isKnown(paymentMethod) ? behaviours[paymentMethod] : undefined;
      if (!behaviour) throw new ProviderRefusal(`There is no payment method ${paymentMethod}`);
      const isAbout = behaviour.only?.includes(operation) ?? true;
      const { outcome, first, answers = true } = isAbout ? behaviour : { outcome: succeeded };
      const answer = outcome ? await record(instruction, outcome, first?.(instruction)) : undefined;
      return answer && answers ? answer : new Promise<never>(() => {});
    },

    /** The outcome of a key; `nothing` when it was never received, or given up. */
    async look({ key }) {
      const known = await records.get(key);
      return known ? told(known) : { result: 'nothing' };
    },

    close: ({ key }) => record({ key }, { result: 'nothing' }),
  };
};
