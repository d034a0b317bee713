import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';

/** What was still running, or not begun, when the function had to answer. It may go on in this instance, beside its next try. */
export class Unfinished extends Error {
  override name = 'Unfinished';
}

/** Nothing failed, but what a message waits for is not there: it is to come again, at times that are known beforehand. */
export class NotYet extends Error {
  override name = 'NotYet';
}

/**
 * For how long a message that failed stays out of sight, in seconds: it doubles with each receive, and has jitter,
 * so that what failed together does not come again together.
 *
 * What failed for its own sake (a race that others won, a bug) comes within a step. In an outage a message waits for one
 * step at least and two at most, which is about as long as the outage has lasted for it. So with the 20 receives of
 * `packages/topology/inbox.yml`:
 *
 * | receive | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 to 19 |
 * |---|---|---|---|---|---|---|---|---|---|---|
 * | step | 5 s | 10 s | 20 s | 40 s | 80 s | 160 s | 320 s | 640 s | 1280 s | 1800 s |
 *
 * They outlast an outage of 5.7 hours at least (2555 s and ten times 1800 s), and of 11.4 at most. After an outage of t
 * a message comes within 2 t + 10 s, and within an hour after a long one.
 *
 * What waits for something else comes twice after five minutes and then every half hour. Received three times it no
 * longer counts for the age of the queue's oldest message, of which an alarm sounds after 15 minutes
 * (`packages/topology/inbox.yml`).
 *
 * https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter
 *
 * @param receiveCount how often the message has been received, from 1
 * @param random from 0 to 1, 1 excluded
 */
export function retryDelaySeconds(error: unknown, receiveCount: number, random: number): number {
  if (error instanceof NotYet) return receiveCount < 3 ? soonSeconds : longestStepSeconds;
  const step = Math.min(firstStepSeconds * 2 ** (receiveCount - 1), longestStepSeconds);
  if (error instanceof Unfinished) return Math.ceil(Math.max(step * (1 + random), unfinishedSeconds));
  return Math.max(1, Math.ceil(isSystemic(error) ? step * (1 + random) : step * random));
}

const firstStepSeconds = 5;
const longestStepSeconds = 1800;
const soonSeconds = 300;

/** For how long a message can be out of sight at most. */
export const longestDelaySeconds = 2 * longestStepSeconds;

/**
 * As long as a consumer may run. What still runs in a frozen instance goes on with its next batch, however late that
 * is: no time makes a second run safe, the conditions of its writes do. This one only makes it rare.
 */
const unfinishedSeconds = 30;

/**
 * Whether a failure is one of what we depend on, which is unreachable, short of capacity, broken, or denies access, so
 * that other messages fail of it as well.
 */
export function isSystemic(error: unknown): boolean {
  if (error instanceof Unfinished) return true;
  if (!(error instanceof Error)) return false;
  const failure = error as AwsError;
  return (
    isTransientError(failure) ||
    isThrottlingError(failure) ||
    isServerError(failure) ||
    failure.$fault === 'server' ||
    failure.CancellationReasons?.some((reason) => causeOf(reason) === 'throttled') ||
    unavailable.test(failure.name)
  );
}

/** What errors of the AWS SDK have beside a name and a message. */
type AwsError = Parameters<typeof isTransientError>[0] & {
  $fault?: 'client' | 'server';
  /** Of a transaction in DynamoDB, in the order of its items. */
  CancellationReasons?: CancellationReason[];
};

/**
 * What an item of a cancelled transaction has to do with it: nothing; what is there is not what the write demands; another
 * write has it at this moment, so that the same may be tried again at once; there is no capacity for it now, so that trying
 * at once makes it worse; or what would be written can never be. `unknown` is what AWS does not document.
 */
type Cause = 'none' | 'condition' | 'conflict' | 'throttled' | 'refused' | 'unknown';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const causes: Record<string, Cause> = {
  None: 'none',
  ConditionalCheckFailed: 'condition',
  TransactionConflict: 'conflict',
  ThrottlingError: 'throttled',
  ProvisionedThroughputExceeded: 'throttled',
  ItemCollectionSizeLimitExceeded: 'refused',
  ValidationError: 'refused',
};

const causeOf = ({ Code = 'None' }: CancellationReason): Cause => causes[Code] ?? 'unknown';

/** Why a transaction did not take an item, and the item as it is there when the write asked for it. */
export type Cancelled = CancellationReason & { cause: Exclude<Cause, 'throttled'> };

/**
 * Why a transaction was cancelled, item by item: one can have several causes at once, and each has its own remedy. Who
 * tries again at once does so for races alone, which are `condition` and `conflict`.
 *
 * @throws the error itself when it is no cancelled transaction, names no reasons, or is one of what we depend on, such as
 * capacity that is short for any of the items: then all of it has to wait
 */
export function reasonsOf(error: unknown): Cancelled[] {
  const { CancellationReasons = [] } = Object(error) as AwsError;
  if (CancellationReasons.length === 0 || isSystemic(error)) throw error;
  return CancellationReasons.map((reason) => ({ ...reason, cause: causeOf(reason) })) as Cancelled[];
}

/**
 * Access that is denied, credentials and keys that are not valid now, a table or queue that is gone: errors of the
 * client that only somebody else can mend.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
const unavailable =
  /^(AccessDenied|CredentialsProviderError|ExpiredToken|InvalidClientTokenId|InvalidSignature|KMS|MissingAuthenticationToken|QueueDoesNotExist|ResourceNotFound|SignatureDoesNotMatch|UnrecognizedClient)/i;
