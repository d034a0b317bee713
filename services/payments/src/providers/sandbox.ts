import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import type { Failure, Outcome } from '../payment.ts';
import { type Instruction, type Provider, ProviderRefusal } from './provider.ts';

const declined = (declineCode: string, message: string): Failure => ({
  code: 'card_declined',
  message,
  declineCode,
});

/** How each payment method behaves. */
const behaviours = {
  pm_card_visa: { takesEffect: true, answers: true },
  pm_card_declined: { failure: declined('generic_decline', 'The card was declined.') },
  pm_card_insufficient_funds: { failure: declined('insufficient_funds', 'The card has insufficient funds.') },
  pm_card_timeout: { takesEffect: true, answers: false },
  pm_card_timeout_lost: { takesEffect: false, answers: false },
  pm_card_error: {
    failure: {
      code: 'provider_error',
      message: 'The payment provider could not process the card.',
      declineCode: null,
    },
  },
} as const satisfies Record<string, { failure: Failure } | { takesEffect: boolean; answers: boolean }>;

type PaymentMethod = keyof typeof behaviours;

/**
 * A payment provider to build and test against. Like a real one it has its own memory, in its own table: one
 * record per idempotency key, with what was done, so that charging twice would be seen.
 */
export const sandbox: Provider = {
  paymentMethods: Object.keys(behaviours) as [PaymentMethod, ...PaymentMethod[]],

  async perform(instruction) {
    const behaviour = behaviours[instruction.paymentMethod as PaymentMethod];
    if (!behaviour) throw new ProviderRefusal(`There is no payment method ${instruction.paymentMethod}`);
    if ('failure' in behaviour) return record(instruction, { result: 'failed', failure: behaviour.failure });
    const outcome: Outcome = behaviour.takesEffect
      ? await record(instruction, { result: 'succeeded' })
      : { result: 'unknown' };
    return behaviour.answers ? outcome : new Promise<never>(() => {});
  },

  resolve: (key) => record({ key }, { result: 'nothing' }),
};

/** Keeps the first outcome of a key and returns it: a key that was given up stays without effect. */
async function record(
  instruction: { key: string } & Partial<Instruction>,
  outcome: Outcome,
): Promise<Outcome> {
  const { key, ...details } = instruction;
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: environmentVariable('SANDBOX_TABLE_NAME'),
        Item: marshall({ pk: key, ...details, outcome, recordedAt: new Date().toISOString() }),
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return outcome;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException && error.Item) return unmarshall(error.Item).outcome;
    if (isRefusal(error)) throw new ProviderRefusal(error.message, { cause: error });
    throw error;
  }
}

/**
 * Whether the table certainly did nothing, and never will before somebody mends it: what a wrong key is to a real provider.
 * Not when the SDK has tried before: that try may have been done, and its answer lost.
 */
const isRefusal = (error: unknown): error is Error =>
  error instanceof DynamoDBServiceException &&
  error.$metadata.attempts === 1 &&
  /^(AccessDenied|UnrecognizedClient|InvalidSignature)/.test(error.name);
