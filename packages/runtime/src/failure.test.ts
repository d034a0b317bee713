import {
  ConditionalCheckFailedException,
  InternalServerError,
  ItemCollectionSizeLimitExceededException,
  ProvisionedThroughputExceededException,
  RequestLimitExceeded,
  ResourceNotFoundException,
  ThrottlingException,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
} from '@aws-sdk/client-dynamodb';
import { KmsAccessDenied, KmsDisabled, QueueDoesNotExist, SQSServiceException } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isSystemic,
  longestDelaySeconds,
  NotYet,
  reasonsOf,
  retryDelaySeconds,
  Unfinished,
} from './failure.ts';
import { comparedForMs } from './finding.ts';

const answered = { message: 'as AWS answers', $metadata: { httpStatusCode: 400 } };
const canceled = (...codes: string[]) =>
  new TransactionCanceledException({ ...answered, CancellationReasons: codes.map((Code) => ({ Code })) });
/** As Node's sockets fail, and as the clients rename some of it. */
const networkError = (code: string, name = 'Error') =>
  Object.assign(new Error(`connect ${code} 127.0.0.1:8000`), { code, name });
/** What a client makes of an answer for which it has no class. */
const unmodeled = (name: string, httpStatusCode: number) =>
  new SQSServiceException({ name, $fault: 'client', message: name, $metadata: { httpStatusCode } });

describe('A failure is one of what we depend on', () => {
  test.each<[string, Error]>([
    ['it refuses connections', networkError('ECONNREFUSED')],
    ['a connection is cut', networkError('ECONNRESET', 'TimeoutError')],
    ['its name is not known', networkError('ENOTFOUND')],
    ['its name cannot be looked up now', networkError('EAI_AGAIN')],
    ['there is no way to it', networkError('EHOSTUNREACH')],
    ['it does not answer in time', networkError('ETIMEDOUT', 'TimeoutError')],
    ['no connection is made in time', Object.assign(new Error('No connection'), { name: 'TimeoutError' })],
    ['it is the cause of another', new Error('Reading failed', { cause: networkError('ECONNREFUSED') })],
    ['it is broken', new InternalServerError({ ...answered, $metadata: { httpStatusCode: 500 } })],
    ['it is broken, without a status', new InternalServerError({ ...answered, $metadata: {} })],
    ['it is broken in a way of its own', unmodeled('Odd', 599)],
    ['it is unavailable', unmodeled('ServiceUnavailable', 503)],
    ['it throttles', new ThrottlingException(answered)],
    ['it throttles with a status', unmodeled('Odd', 429)],
    ['a table is short of capacity', new ProvisionedThroughputExceededException(answered)],
    ['an account is short of capacity', new RequestLimitExceeded(answered)],
    ['a transaction is short of capacity', canceled('None', 'ThrottlingError')],
    ['a transaction is short of a table’s capacity', canceled('ProvisionedThroughputExceeded', 'None')],
    ['a transaction is being made already', new TransactionInProgressException(answered)],
    ['access is denied', unmodeled('AccessDeniedException', 400)],
    ['access to a queue is denied', unmodeled('AccessDenied', 403)],
    ['there are no credentials', Object.assign(new Error('None'), { name: 'CredentialsProviderError' })],
    ['credentials have expired', unmodeled('ExpiredTokenException', 400)],
    ['credentials are not valid', unmodeled('UnrecognizedClientException', 400)],
    ['a key denies access', new KmsAccessDenied(answered)],
    ['a key is disabled', new KmsDisabled(answered)],
    ['a table is gone', new ResourceNotFoundException(answered)],
    ['a queue is gone', new QueueDoesNotExist(answered)],
    ['something was not done in time', new Unfinished('Not done')],
  ])('when %s', (_what, error) => {
    expect(isSystemic(error)).toBe(true);
  });
});

describe('A failure is one of the message itself', () => {
  test.each<[string, unknown]>([
    ['others came first, again and again', new Error('Other writers of the same series came first 6 times')],
    ['code has a bug', new TypeError('Cannot read properties of undefined')],
    ['a condition does not hold', new ConditionalCheckFailedException(answered)],
    ['a transaction comes second', canceled('None', 'TransactionConflict')],
    ['a condition of a transaction does not hold', canceled('ConditionalCheckFailed')],
    ['a transaction is canceled without reasons', new TransactionCanceledException(answered)],
    ['a write meets a transaction', new TransactionConflictException(answered)],
    ['what it writes is not valid', unmodeled('ValidationException', 400)],
    ['a collection is full', new ItemCollectionSizeLimitExceededException(answered)],
    ['an error that is none was thrown', 'ECONNREFUSED'],
    ['it waits for something else', new NotYet('Not here so far')],
    ['nothing was thrown', undefined],
  ])('when %s', (_what, error) => {
    expect(isSystemic(error)).toBe(false);
  });
});

describe('Why a transaction was canceled', () => {
  test('is told item by item', () => {
    const Item = { pk: { S: 'acme#pay_1' } };
    const error = new TransactionCanceledException({
      ...answered,
      CancellationReasons: [
        { Code: 'None' },
        {},
        { Code: 'ConditionalCheckFailed', Item },
        { Code: 'TransactionConflict' },
        { Code: 'ValidationError', Message: 'Item size has exceeded the maximum allowed size' },
        { Code: 'ItemCollectionSizeLimitExceeded' },
        { Code: 'SomethingNew' },
      ],
    });
    const reasons = reasonsOf(error);
    expect(reasons.map(({ cause }) => cause)).toEqual([
      ...['none', 'none', 'condition', 'conflict', 'refused', 'refused', 'unknown'],
    ]);
    expect(reasons[2]?.Item).toBe(Item);
  });

  test('does not matter when there is no capacity for one of its items: all of it waits', () => {
    for (const code of ['ThrottlingError', 'ProvisionedThroughputExceeded']) {
      for (const other of ['None', 'ConditionalCheckFailed', 'TransactionConflict', 'ValidationError']) {
        const error = canceled(other, code);
        expect(() => reasonsOf(error)).toThrow(error);
        expect(isSystemic(error)).toBe(true);
      }
    }
  });

  test('is not known of another error, which is thrown as it is', () => {
    for (const error of [networkError('ECONNRESET'), canceled(), new TypeError('a bug')]) {
      expect(() => reasonsOf(error)).toThrow(error);
    }
    expect(() => reasonsOf(undefined)).toThrow();
  });
});

describe('A message that failed comes again', () => {
  const ofMessage = new Error('others came first');
  const ofDependency = networkError('ECONNREFUSED');
  const ofOthers = new NotYet('Not here so far');
  const maxReceiveCount = 20;
  const receiveCounts = fc.integer({ min: 1, max: 1000 });
  const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const leastOf = (error: Error, receiveCount: number) => retryDelaySeconds(error, receiveCount, 0);
  const mostOf = (error: Error, receiveCount: number) => retryDelaySeconds(error, receiveCount, 1 - 1e-9);
  const sumOf = (delay: typeof leastOf, error: Error, count = maxReceiveCount - 1) =>
    Array.from({ length: count }, (_, i) => delay(error, i + 1)).reduce((sum, seconds) => sum + seconds, 0);

  test('after whole seconds, from one to an hour', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(ofMessage, ofDependency, ofOthers, new Unfinished('Not done')),
        receiveCounts,
        chances,
        (error, receiveCount, random) => {
          const delay = retryDelaySeconds(error, receiveCount, random);
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(1);
          expect(delay).toBeLessThanOrEqual(longestDelaySeconds);
        },
      ),
    );
  });

  test('the later the more often it was received', () => {
    fc.assert(
      fc.property(receiveCounts, chances, (receiveCount, random) => {
        for (const error of [ofMessage, ofDependency]) {
          expect(retryDelaySeconds(error, receiveCount + 1, random)).toBeGreaterThanOrEqual(
            retryDelaySeconds(error, receiveCount, random),
          );
        }
      }),
    );
  });

  test('later in an outage than for its own sake, whatever chance says', () => {
    fc.assert(
      fc.property(receiveCounts, chances, chances, (receiveCount, one, another) => {
        expect(retryDelaySeconds(ofDependency, receiveCount, one)).toBeGreaterThanOrEqual(
          retryDelaySeconds(ofMessage, receiveCount, another),
        );
      }),
    );
  });

  test('within ten seconds after the first failure, and within five for its own sake', () => {
    expect([leastOf(ofDependency, 1), mostOf(ofDependency, 1)]).toEqual([5, 10]);
    expect([leastOf(ofMessage, 1), mostOf(ofMessage, 1)]).toEqual([1, 5]);
  });

  test('for five and a half hours of an outage at least, before it is a dead letter', () => {
    expect(sumOf(leastOf, ofDependency) / 3600).toBeCloseTo(5.7, 1);
    expect(sumOf(mostOf, ofDependency) / 3600).toBeCloseTo(11.4, 1);
  });

  test('soon after an outage: within twice its time, and within an hour', () => {
    for (let receiveCount = 2; receiveCount < maxReceiveCount; receiveCount++) {
      // At its last receive before the end it has waited since the first one, so the outage lasts for longer than that.
      const outageSeconds = sumOf(leastOf, ofDependency, receiveCount - 1);
      expect(mostOf(ofDependency, receiveCount)).toBeLessThanOrEqual(2 * outageSeconds + 10);
    }
  });

  test('after five minutes, twice, and then every half hour when it waits for something else', () => {
    expect([1, 2, 3, 19].map((count) => mostOf(ofOthers, count))).toEqual([300, 300, 1800, 1800]);
    expect(leastOf(ofOthers, 1)).toBe(300);
  });

  test('for as long as a closed day is compared, whichever receives were in an outage', () => {
    const least = (_: Error, count: number) =>
      Math.min(leastOf(ofOthers, count), leastOf(ofDependency, count));
    expect(sumOf(least, ofOthers) * 1000).toBeGreaterThan(comparedForMs + longestDelaySeconds * 500);
  });

  test('not before a function that still runs has had its time', () => {
    const unfinished = new Unfinished('Not done');
    expect([leastOf(unfinished, 1), mostOf(unfinished, 2), leastOf(unfinished, 4)]).toEqual([30, 30, 40]);
  });
});
