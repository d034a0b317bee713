/**
 * How every AWS client waits and retries. By default a hung socket lives until Lambda kills the function:
 * `requestTimeout` alone only logs, so `throwOnRequestTimeout` makes it an error, which the SDK retries. Three
 * attempts of three seconds fit into every function's time with room to report what is left.
 *
 * Clients are marked `@__PURE__` where they are made: a bundle whose function never calls one does without it.
 */
export const clientSettings = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
};
