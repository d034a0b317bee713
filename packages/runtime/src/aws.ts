import { Sha256 } from './sha256.ts';

/**
 * How every AWS client waits and retries. By default a hung socket lives until Lambda ends the function:
 * `requestTimeout` alone only logs, so `throwOnRequestTimeout` makes it an error, and it ends with an answer's headers,
 * so `socketTimeout` does the same for what comes after them. The SDK retries both.
 *
 * Three attempts of three seconds, the connection included, and a second for the pauses between them make ten: less than
 * every function's time, which is 15 s for requests and 30 s or more for the rest, of which consumers need 1.5 to report
 * what is left. Only an answer whose headers come late and whose body then hangs takes twice that.
 *
 * A client without a logger copies the input and the output of every call for one that does nothing, which takes a tenth of
 * a large write's time. One that has no `info` and no `error` is spared that, and gets no personal data to log either. The
 * SDK asks whether there are those two before it calls them, but not of the others.
 *
 * Clients are marked `@__PURE__` where they are made: a bundle whose function never calls one does without it.
 */
export const clientSettings = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 1000,
    requestTimeout: 3000,
    throwOnRequestTimeout: true,
    socketTimeout: 3000,
  },
  sha256: Sha256,
  logger: { debug: () => {}, warn: console.warn } as typeof console,
};
