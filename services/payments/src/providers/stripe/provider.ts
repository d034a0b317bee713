import { invalidRequest } from '@fanfold/runtime/refusal';
import {
  type Facts,
  type Instruction,
  isRetriable,
  type Outcome,
  type Provider,
  ProviderRefusal,
} from '../provider.ts';
import { fromStripeAmount, inexpressible, toStripeAmount } from './amounts.ts';
import { get, list, post, StripeError } from './client.ts';
import {
  cancellationOf,
  captureOutcome,
  chargeOutcome,
  type Dispute,
  disputeStatus,
  type Intent,
  isAuthorization,
  refundOutcome,
  refusedOutcome,
  type StripeRefund,
  timeOf,
  voidOutcome,
} from './intent.ts';
import { paymentMethods } from './paymentMethods.ts';

/**
 * Stripe. A payment is a PaymentIntent: `prepare` creates it, which moves no money, and `perform` confirms it. One call for both
 * could not be ended: Stripe cannot be asked by an idempotency key, and forgets it after 24 hours, so that the same call would
 * charge twice. A refund is found again by its metadata.
 *
 * https://docs.stripe.com/payments/paymentintents/lifecycle
 */
export const provider: Provider = {
  name: 'stripe',
  // A request makes two calls in its 15 s, and has to write what came of them.
  answerTimeMs: 8500,
  // Ending a payment earlier could only cut off what its request has just begun.
  patienceMs: 60_000,
  accepts: (paymentMethod) => accepted.test(paymentMethod),
  expressible: inexpressible,

  async prepare({ key, operation, paymentId, merchantId, amount, currency, askedAt }) {
    try {
      const { id } = await post<Intent>('/v1/payment_intents', {
        // No money moves, and Stripe repeats a failure for a day: each request begins anew.
        idempotencyKey: `${key}:prepare:${askedAt}`,
        parameters: {
          amount: toStripeAmount(amount, currency),
          currency: currency.toLowerCase(),
          capture_method: operation === 'authorize' ? 'manual' : 'automatic',
          'automatic_payment_methods[enabled]': true,
          'metadata[fanfold_payment]': paymentId,
          'metadata[fanfold_merchant]': merchantId,
        },
        timeoutMs: 4000,
      });
      return id;
    } catch (error) {
      throw refusedRequest(error) ?? permanent(error);
    }
  },

  async perform(instruction) {
    const outcome = await carryOut(instruction).catch(
      (error) => refusedOutcome(error) ?? lookIfChanged(error, instruction),
    );
    // A customer who is to act has to be told where. Without an address nobody can complete it.
    const isEndless = outcome.result === 'action' && outcome.nextAction.url === '';
    return isEndless || isRetriable(outcome) ? provider.close(instruction) : outcome;
  },

  look: (instruction) => permitted(() => lookUp(instruction)),

  async close(instruction) {
    const outcome = await provider.look(instruction);
    const isOpen = outcome.result === 'nothing' || outcome.result === 'action' || isRetriable(outcome);
    if (!isOpen || !isCharge(instruction)) return outcome;
    await provider.end?.(await referenceOf(instruction));
    const ended = await provider.look(instruction);
    if (isRetriable(ended)) throw new Error('The charge failed, and was being tried again when it was ended');
    return ended;
  },

  async end(reference) {
    try {
      await post(`${intentOf(reference)}/cancel`);
    } catch (error) {
      // When it is no longer as it was a moment ago, looking at it shows what it is.
      if (!isChanged(error)) throw permanent(error);
    }
  },

  facts: (reference) => permitted(() => factsOf(reference)),
};

const accepted = new RegExp(paymentMethods.pattern);

async function carryOut(instruction: Instruction): Promise<Outcome> {
  const { key, operation, paymentMethod, amount, currency, askedAt } = instruction;
  const intent = await intentPath(instruction);
  switch (operation) {
    case 'authorize':
    case 'charge': {
      const parameters = {
        payment_method: paymentMethod,
        // Where the customer comes back to from a page of the bank's.
        return_url: process.env.PAYMENT_RETURN_URL,
        ...withCharge,
      };
      const call = { idempotencyKey: `${key}:confirm`, parameters };
      return chargeOutcome(await post<Intent>(`${intent}/confirm`, call), askedAt);
    }
    case 'capture': {
      const amountToCapture = toStripeAmount(amount, currency);
      const parameters = { amount_to_capture: amountToCapture };
      return captureOutcome(await post<Intent>(`${intent}/capture`, { parameters }), amountToCapture);
    }
    case 'void':
      return voidOutcome(await post<Intent>(`${intent}/cancel`));
    case 'refund': {
      const parameters = {
        payment_intent: await referenceOf(instruction),
        amount: toStripeAmount(amount, currency),
        'metadata[fanfold_operation]': key,
        'metadata[fanfold_payment]': instruction.paymentId,
        'metadata[fanfold_merchant]': instruction.merchantId,
      };
      return refundOutcome(await post<StripeRefund>('/v1/refunds', { idempotencyKey: key, parameters }));
    }
  }
}

async function lookUp(instruction: Instruction): Promise<Outcome> {
  const { key, operation, amount, currency, askedAt } = instruction;
  if (operation === 'refund') {
    const refunds = await refundsOf(await referenceOf(instruction));
    const mine = refunds.find(({ metadata }) => metadata?.fanfold_operation === key);
    return mine ? refundOutcome(mine) : { result: 'nothing' };
  }
  const intent = await get<Intent>(await intentPath(instruction), { parameters: withCharge });
  if (operation === 'capture') return captureOutcome(intent, toStripeAmount(amount, currency));
  return operation === 'void' ? voidOutcome(intent) : chargeOutcome(intent, askedAt);
}

async function factsOf(reference: string): Promise<Facts | undefined> {
  const intent = await get<Intent>(intentOf(reference), { parameters: withCharge });
  const { fanfold_payment: paymentId, fanfold_merchant: merchantId } = intent.metadata;
  if (!paymentId || !merchantId) return undefined;
  const isCaptured = intent.status === 'succeeded';
  const refunds = isCaptured ? await refundsOf(reference) : [];
  const disputes = intent.latest_charge?.disputed ? await disputesOf(reference) : [];
  return {
    paymentId,
    merchantId,
    charge: {
      operation: isAuthorization(intent) ? 'authorize' : 'charge',
      outcome: chargeOutcome(intent, timeOf(intent.created)),
      ...(isCaptured && { amountCaptured: fromStripeAmount(intent.amount_received, intent.currency) }),
    },
    ...(intent.status === 'canceled' && { canceled: { reason: cancellationOf(intent) } }),
    refunds: refunds.flatMap((refund) => {
      const key = refund.metadata?.fanfold_operation;
      return key ? [{ key, outcome: refundOutcome(refund) }] : [];
    }),
    disputes: disputes.map((dispute) => ({
      id: dispute.id,
      amount: fromStripeAmount(dispute.amount, dispute.currency),
      currency: dispute.currency.toUpperCase(),
      reason: dispute.reason,
      status: disputeStatus(dispute),
      openedAt: timeOf(dispute.created),
      ...(dispute.evidence_details.due_by && { evidenceDueBy: timeOf(dispute.evidence_details.due_by) }),
    })),
  };
}

const refundsOf = (payment_intent: string): Promise<StripeRefund[]> =>
  all(list<StripeRefund>('/v1/refunds', { payment_intent }));

const disputesOf = (payment_intent: string): Promise<Dispute[]> =>
  all(list<Dispute>('/v1/disputes', { payment_intent }));

async function all<Item>(pages: AsyncGenerator<Item[]>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...page);
  return items;
}

const withCharge = { 'expand[]': 'latest_charge' };

const isCharge = ({ operation }: Instruction): boolean => operation === 'charge' || operation === 'authorize';

const intentOf = (reference: string): string => `/v1/payment_intents/${encodeURIComponent(reference)}`;

const intentPath = async (instruction: Instruction): Promise<string> =>
  intentOf(await referenceOf(instruction));

/** A payment that was restored from its events has no reference, and is searched for. */
async function referenceOf({ reference, paymentId }: Instruction): Promise<string> {
  if (reference) return reference;
  const found = await findIntent(paymentId);
  if (!found) throw new ProviderRefusal(`Stripe has no PaymentIntent of ${paymentId}`);
  return found.id;
}

/** The PaymentIntent of a payment, by its metadata; Stripe's search knows it within a minute. */
export async function findIntent(paymentId: string): Promise<Intent | undefined> {
  const query = `metadata["fanfold_payment"]:"${paymentId.replaceAll('"', '')}"`;
  const { data } = await get<{ data: Intent[] }>('/v1/payment_intents/search', { parameters: { query } });
  // One that was prepared twice, because its key was forgotten, was confirmed once at most.
  return data.find(({ status }) => status !== 'canceled' && status !== 'requires_payment_method') ?? data[0];
}

/** Runs calls that only read. @throws ProviderRefusal when Stripe refuses to answer */
const permitted = async <Answer>(read: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await read();
  } catch (error) {
    throw permanent(error);
  }
};

/** A wrong key, a missing permission or object: the same later, and nothing was done. Other errors are as they are. */
function permanent(error: unknown): unknown {
  const isPermanent = error instanceof StripeError && [400, 401, 403, 404].includes(error.status);
  return isPermanent && error.type !== 'idempotency_error'
    ? new ProviderRefusal(error.message, { cause: error })
    : error;
}

/** The object was changed by something else since: it is not what the call was for. */
const isChanged = (error: unknown): boolean =>
  error instanceof StripeError && error.code === 'payment_intent_unexpected_state';

async function lookIfChanged(error: unknown, instruction: Instruction): Promise<Outcome> {
  if (!isChanged(error)) throw permanent(error);
  return provider.look(instruction);
}

/** An amount or currency that Stripe does not take, such as less than its minimum, is the request's own fault. */
function refusedRequest(error: unknown): Error | undefined {
  if (!(error instanceof StripeError) || error.status !== 400) return undefined;
  const field =
    error.parameter === 'currency' ? 'currency' : error.parameter === 'amount' ? 'amount' : undefined;
  const pointer = field ?? (error.code?.startsWith('amount_too_') ? 'amount' : undefined);
  if (!pointer) return undefined;
  const detail = `is refused by the payment provider${error.code ? `: ${error.code}` : ''}`;
  return invalidRequest('The body', [{ pointer: `#/${pointer}`, detail }]);
}
