import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

/**
 * The SDK's own logger, which logs nothing, has `loggerMiddleware` of @aws-sdk/core copy the whole of each input and output
 * to leave out what is sensitive: a twentieth of what a call takes. A logger without `info` and `error` is not asked.
 */
const quiet = { debug: () => undefined, warn: console.warn } as unknown as NonNullable<
  DynamoDBClientConfig['logger']
>;

/**
 * How every AWS client waits and retries. By default a hung socket lives until Lambda ends the function:
 * `requestTimeout` alone only logs, so `throwOnRequestTimeout` makes it an error, and it ends with an answer's headers,
 * so `socketTimeout` does the same for what comes after them. The SDK retries both.
 *
 * Three attempts of three seconds, the connection included, and a second for the pauses between them make ten: less than
 * every function's time, which is 15 s for requests and 30 s for the rest, of which consumers need 1.5 to report what is
 * left. Only an answer whose headers come late and whose body then hangs takes twice that.
 *
 * Clients are marked `@__PURE__` where they are made: a bundle whose function never calls one does without it.
 */
export const clientSettings = {
  maxAttempts: 3,
  logger: quiet,
  requestHandler: {
    connectionTimeout: 1000,
    requestTimeout: 3000,
    throwOnRequestTimeout: true,
    socketTimeout: 3000,
  },
};
