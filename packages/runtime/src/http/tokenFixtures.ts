import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export const audience = 'fanfold';

export type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

/** An issuer of access tokens on a free port of 127.0.0.1, with its key set at the usual path. */
export async function startIssuer(algorithm = 'ES256') {
  const keys = await generateKeyPair(algorithm, { extractable: true });
  const publicKey = { ...(await exportJWK(keys.publicKey)), kid: 'test-key', alg: algorithm, use: 'sig' };
  const served = { count: 0 };
  const keySet: { keys: object[] } = { keys: [publicKey] };
  /** Replaces the key set. */
  const answer: { with: RequestListener | undefined } = { with: undefined };
  const server = await listen((request, response) => {
    served.count += 1;
    if (answer.with) answer.with(request, response);
    else response.setHeader('Content-Type', 'application/json').end(JSON.stringify(keySet));
  });
  /** A valid token, except for the given claims. `undefined` leaves a claim out. */
  const token = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}, key = keys) =>
    new SignJWT({ ...claimsOf(server.url), ...claims } as JWTPayload)
      .setProtectedHeader({ alg: algorithm, kid: 'test-key', ...header })
      .sign(key.privateKey);
  return { ...server, keys, publicKey, keySet, answer, served, token };
}

/** The claims of a token of the merchant `acme` with all scopes, valid for a minute from now. */
export function claimsOf(issuer: string) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    aud: audience,
    sub: 'user-1',
    merchant_id: 'acme',
    scope: 'things:read things:write',
    iat: now,
    nbf: now,
    exp: now + 60,
  };
}

/** An HTTP server on a free port of 127.0.0.1. */
export async function listen(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
