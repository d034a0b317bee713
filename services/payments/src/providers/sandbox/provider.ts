import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import type { Failure } from '../../payment/payment.ts';
import { type Instruction, type Outcome, type Provider, ProviderRefusal } from '../provider.ts';

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
 * A payment provider for development and tests. Like a real one it has its own records, in its own table: one per
 * idempotency key, with what was done, so that a double charge would be visible.
 */
export const provider: Provider = {
  name: 'sandbox',
  paymentMethods: Object.keys(behaviours),
  accepts: (paymentMethod) => Object.hasOwn(behaviours, paymentMethod),
  expressible: () => undefined,
  answerTimeMs: 2500,
  // What is closed here has no effect later on, however late the call comes.
  patienceMs: 0,

  async perform(instruction) {
    const behaviour = behaviours[instruction.paymentMethod as PaymentMethod];
    if (!behaviour) throw new ProviderRefusal(`There is no payment method ${instruction.paymentMethod}`);
    if ('failure' in behaviour) return record(instruction, { result: 'failed', failure: behaviour.failure });
    const outcome: Outcome = behaviour.takesEffect
      ? await record(instruction, { result: 'succeeded' })
      : { result: 'unknown' };
    return behaviour.answers ? outcome : new Promise<never>(() => {});
  },

  look: ({ key }) => read(key),

  close: ({ key }) => record({ key }, { result: 'nothing' }),
};

/** The outcome of a key; `nothing` when it was never received, or given up. */
async function read(key: string): Promise<Outcome> {
  const { Item } = await refusing(() =>
    dynamodb.send(
      new GetItemCommand({ TableName: tableName(), Key: { pk: { S: key } }, ConsistentRead: true }),
    ),
  );
  return Item ? unmarshall(Item).outcome : { result: 'nothing' };
}

/** Stores the first outcome of a key and returns it: a key that was given up never has an effect. */
async function record(
  { key, ...instruction }: { key: string } & Partial<Instruction>,
  outcome: Outcome,
): Promise<Outcome> {
  const { askedAt: _askedAt, ...details } = instruction;
  try {
    await refusing(() =>
      dynamodb.send(
        new PutItemCommand({
          TableName: tableName(),
          Item: marshall({ pk: key, ...details, outcome, recordedAt: new Date().toISOString() }),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    return outcome;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException && error.Item) return unmarshall(error.Item).outcome;
    throw error;
  }
}

const tableName = () => environmentVariable('SANDBOX_TABLE_NAME');

/** @throws ProviderRefusal when the table refuses */
async function refusing<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (isRefusal(error)) throw new ProviderRefusal(error.message, { cause: error });
    throw error;
  }
}

/**
 * Whether the table has certainly done nothing, and never will until somebody corrects it, like a wrong API key at a
 * real provider. Not after a retry of the SDK: the first attempt may have been done, and its answer lost.
 */
const isRefusal = (error: unknown): error is Error =>
  error instanceof DynamoDBServiceException &&
  error.$metadata.attempts === 1 &&
  /^(AccessDenied|UnrecognizedClient|InvalidSignature)/.test(error.name);
