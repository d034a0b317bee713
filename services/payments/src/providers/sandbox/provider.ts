import {
  type AttributeValue,
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
import { paymentMethods } from './paymentMethods.ts';

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
 * A payment provider for development and tests. Like a real one it has its own records, in its own table: one per
 * idempotency key, with what was done, so that a double charge would be visible.
 */
export const provider: Provider = {
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
    const told = outcome ? await record(instruction, outcome, first?.(instruction)) : undefined;
    return told && answers ? told : new Promise<never>(() => {});
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
  return Item ? toldBy(Item) : { result: 'nothing' };
}

/**
 * Stores the first outcome of a key and returns what is told of it: a key that was given up never has an effect.
 *
 * @param first what is told at first, if that is something else
 */
async function record(
  { key, ...instruction }: { key: string } & Partial<Instruction>,
  outcome: Outcome,
  first?: Outcome,
): Promise<Outcome> {
  const { askedAt: _askedAt, ...details } = instruction;
  const now = Date.now();
  const later = first && { first, tellsAt: new Date(now + tellsAfterMs).toISOString() };
  try {
    await refusing(() =>
      dynamodb.send(
        new PutItemCommand({
          TableName: tableName(),
          Item: marshall({
            ...{ pk: key, ...details, outcome, recordedAt: new Date(now).toISOString() },
            ...later,
          }),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    return first ?? outcome;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException && error.Item) return toldBy(error.Item);
    throw error;
  }
}

function toldBy(item: Record<string, AttributeValue>): Outcome {
  const { outcome, first, tellsAt = '' } = unmarshall(item);
  return tellsAt > new Date().toISOString() ? first : outcome;
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
