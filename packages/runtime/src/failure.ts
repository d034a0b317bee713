import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';

/**
 * Work that was still running, or not begun, when the function had to answer. In this instance it may go on beside
 * its retry.
 */
export class Unfinished extends Error {
  override name = 'Unfinished';
}

/** Not a failure: the message waits for something that has not happened yet. It comes again at fixed times. */
export class NotYet extends Error {
  override name = 'NotYet';
}

/**
 * The service's table lacks what the service wrote, because it was put back to an earlier time. Until it is restored,
 * nothing may be written. The message says what is missing, and what to do.
 */
export class Behind extends NotYet {
  override name = 'Behind';
}

/**
 * For how long a message that failed stays invisible, in seconds. The time doubles with each receive, with jitter, so
 * that messages that failed together do not come again together.
 *
 * A message that failed by itself (a lost race, a bug) comes again within one step. In an outage a message waits for
 * one to two steps, which is about as long as the outage has lasted for it. With the 20 receives of
 * `packages/topology/inbox.yml`:
 *
 * | receive | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 to 19 |
 * |---|---|---|---|---|---|---|---|---|---|---|
 * | step | 5 s | 10 s | 20 s | 40 s | 80 s | 160 s | 320 s | 640 s | 1280 s | 1800 s |
 *
 * So the receives last for an outage of at least 5.7 hours (2555 s and ten times 1800 s), and at most 11.4. After an
 * outage of t a message comes again within 2 t + 10 s, and within an hour after a long one.
 *
 * A message that waits for something else comes again twice after five minutes and then every half hour. After three
 * receives a message no longer counts for the age of the queue's oldest message, whose alarm is at 15 minutes
 * (`packages/topology/inbox.yml`). One that waits for a table to be restored comes again after half a minute, then after
 * twice as long each time, up to twenty minutes: its receives last for five hours, in which somebody has to stop the mapping
 * or restore the table. After a restore the service goes on within half a minute with what is new, and within twenty with
 * what has waited for long.
 *
 * https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter
 *
 * @param receiveCount how often the message has been received, from 1
 * @param random from 0 to 1, 1 excluded
 */
export function retryDelaySeconds(error: unknown, receiveCount: number, random: number): number {
  if (error instanceof Behind)
    return Math.min(behindFirstSeconds * 2 ** (receiveCount - 1), behindLongestSeconds);
  if (error instanceof NotYet) return receiveCount < 3 ? soonSeconds : longestStepSeconds;
  const step = Math.min(firstStepSeconds * 2 ** (receiveCount - 1), longestStepSeconds);
  if (error instanceof Unfinished) return Math.ceil(Math.max(step * (1 + random), unfinishedSeconds));
  return Math.max(1, Math.ceil(isSystemic(error) ? step * (1 + random) : step * random));
}

const firstStepSeconds = 5;
const longestStepSeconds = 1800;
const soonSeconds = 300;
const [behindFirstSeconds, behindLongestSeconds] = [30, 1200];

/** The longest time that a message can be invisible. */
export const longestDelaySeconds = 2 * longestStepSeconds;

/**
 * The timeout of a consumer. Work that is still running in a frozen instance goes on with the next batch, however
 * late that is. So no time makes a second run safe; the conditions of its writes do. This one only makes it rare.
 */
const unfinishedSeconds = 30;

/**
 * Whether the failure is that of a dependency, which is unreachable, throttles, is broken or denies access, so that
 * other messages fail too.
 */
export function isSystemic(error: unknown): boolean {
  if (error instanceof Unfinished) return true;
  if (!(error instanceof Error)) return false;
  const failure = error as AwsError;
  return (
    isTransientError(failure) ||
    isThrottled(failure) ||
    isServerError(failure) ||
    failure.$fault === 'server' ||
    unavailable.test(failure.name)
  );
}

/** Whether a dependency refused a call, or an item of a transaction, because there were too many. */
export function isThrottled(error: unknown): boolean {
  const failure = Object(error) as AwsError;
  return (
    (error instanceof Error && isThrottlingError(failure)) ||
    (failure.CancellationReasons ?? []).some((reason) => causeOf(reason) === 'throttled')
  );
}

/** The properties of AWS SDK errors besides name and message. */
type AwsError = Parameters<typeof isTransientError>[0] & {
  $fault?: 'client' | 'server';
  /** Of a DynamoDB transaction, in the order of its items. */
  CancellationReasons?: CancellationReason[];
};

/**
 * Why an item of a transaction was not written. `none`: not because of this item; `condition`: its condition is
 * false; `conflict`: another write is in progress, so an immediate retry makes sense; `throttled`: an immediate retry
 * makes it worse; `refused`: it can never be written; `unknown`: AWS does not document the reason.
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

/** Why a transaction did not write an item, and the stored item if the write asked for it. */
export type Cancelled = CancellationReason & { cause: Exclude<Cause, 'throttled'> };

/**
 * Why a transaction was cancelled, item by item. There can be several causes at once. Only `condition` and `conflict`
 * are races, which may be retried immediately.
 *
 * @throws the error itself when it is not a cancelled transaction, names no reasons, or is a failure of the
 *   dependency, such as throttling of any item: then all of it has to wait
 */
export function reasonsOf(error: unknown): Cancelled[] {
  const { CancellationReasons = [] } = Object(error) as AwsError;
  if (CancellationReasons.length === 0 || isSystemic(error)) throw error;
  return CancellationReasons.map((reason) => ({ ...reason, cause: causeOf(reason) })) as Cancelled[];
}

/**
 * Denied access, invalid credentials or keys, a missing table, queue or bucket: errors of the client that only somebody else
 * can correct. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
const unavailable =
  /^(AccessDenied|CredentialsProviderError|ExpiredToken|InvalidClientTokenId|InvalidSignature|KMS|MissingAuthenticationToken|NoSuchBucket|QueueDoesNotExist|ResourceNotFound|SignatureDoesNotMatch|UnrecognizedClient)/i;
