import { Sha256 } from './aws/sha256.ts';

/**
 * Time-outs and retries of all AWS clients. By default a hung socket lasts until Lambda ends the function.
 * `requestTimeout` alone only logs; `throwOnRequestTimeout` makes it an error. It covers the time until the headers
 * of an answer, and `socketTimeout` the time after them. The SDK retries both.
 *
 * Three attempts of three seconds, connection included, and a second for the pauses between them make ten seconds.
 * That is less than every function's timeout, which is 15 s for requests and 30 s or more for the rest, of which
 * consumers need 1.5 s to report what is left. Only an answer whose headers come late and whose body then hangs takes
 * twice as long.
 *
 * A client without a logger copies the input and output of every call for one that does nothing, which takes a tenth
 * of a large write's time. A logger without `info` and `error` avoids that, and gets no personal data to log either:
 * the SDK checks for these two before it calls them, but not for the others.
 *
 * What a client does around each operation (retry, sign, serialize) is the same for every call, but by default it is put
 * together anew for each. With `cacheMiddleware` it is kept: a call takes a twelfth less processor time when the code is
 * warm, a third less when it is not.
 *
 * Clients are created with `@__PURE__`, so that the bundle of a function that never uses one leaves it out.
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
  cacheMiddleware: true,
  logger: { debug: () => {}, warn: console.warn } as typeof console,
};

type Signing<Signer> = { config: { signer: (authScheme?: never) => Promise<Signer> } };

/**
 * Makes a client keep its signer: by default it makes one for each call, from a copy of all its settings. A signer depends on
 * the client's region and service only. It asks for the credentials at each call, and is told the time.
 */
export function keepSigner<Client extends Signing<unknown>>(client: Client): Client {
  const { signer } = client.config;
  let kept: ReturnType<typeof signer> | undefined;
  client.config.signer = (authScheme) => {
    kept ??= signer(authScheme).catch((error) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
  return client;
}
