import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { merchantId } from '@fanfold/contracts/event';
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import { environmentVariable } from './env.ts';
import { describeError, logger } from './logger.ts';
import { Refusal } from './refusal.ts';

/** Who calls, as the access token says. */
export type Caller = { merchantId: string; subject: string };

/** Asymmetric algorithms only: an issuer's public key must never be usable as a shared secret. */
const algorithms = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'];

/**
 * The caller of a request, from its `Authorization` header. Verified here, in every environment, because the
 * local gateway decodes tokens without verifying them, and so that refusals are the same everywhere. Keys come
 * from `<TOKEN_ISSUER>/.well-known/jwks.json` and are cached.
 *
 * @throws Refusal 401 without a valid token, 403 without the scope, 503 while the issuer's keys cannot be read
 */
export async function verifyAccessToken(authorization: string | undefined, scope: string): Promise<Caller> {
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? '')?.[1];
  if (!token) {
    throw unauthenticated('Send an access token: `Authorization: Bearer <token>`.', 'Bearer');
  }
  const claims = await verify(token);
  const { sub, scope: granted, merchant_id } = claims;
  const merchant = merchantId.safeParse(merchant_id);
  if (typeof sub !== 'string' || sub === '' || !merchant.success) {
    throw invalidToken('The access token must have the claims sub and merchant_id.');
  }
  if (typeof granted !== 'string' || !granted.split(' ').includes(scope)) {
    throw new Refusal(403, 'insufficient_scope', `The access token lacks the scope ${scope}.`, {
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
    });
  }
  return { merchantId: merchant.data, subject: sub };
}

type KeySet = ReturnType<typeof createRemoteJWKSet>;
let keySet: KeySet | undefined;

async function verify(token: string): Promise<JWTPayload> {
  const issuer = environmentVariable('TOKEN_ISSUER');
  const audience = environmentVariable('TOKEN_AUDIENCE');
  keySet ??= createRemoteJWKSet(new URL(`${issuer.replace(/\/$/, '')}/.well-known/jwks.json`), {
    timeoutDuration: 3000,
    cooldownDuration: 10_000,
    [customFetch]: get,
  });
  try {
    const { payload } = await jwtVerify(token, keySet, {
      issuer,
      audience,
      algorithms,
      clockTolerance: 5,
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      throw invalidToken('The access token has expired. Get a new one.');
    if (error instanceof errors.JWTClaimValidationFailed) {
      const expected = error.claim === 'iss' ? ` Its issuer has to be ${issuer}.` : '';
      throw invalidToken(
        `The access token's claim ${error.claim} is missing, wrong or not valid yet.${expected}`,
      );
    }
    if (isAboutToken(error))
      throw invalidToken('The access token is malformed or its signature is not valid.');
    logger.error('token issuer unavailable', { error: describeError(error) });
    throw new Refusal(
      503,
      'issuer_unavailable',
      "The token issuer's keys cannot be read right now. Try again.",
      {
        headers: { 'Retry-After': '1' },
      },
    );
  }
}

/** Node's own `fetch` takes a tenth of a function's start to load; `node:https` is there already, for the SDK. */
const get: FetchImplementation = async (url, { headers, signal }) => {
  const { request } = url.startsWith('https:') ? https : http;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { headers: Object.fromEntries(headers), signal, agent: false }, resolve)
      .on('error', reject)
      .end();
  });
  const body = await text(response);
  return { status: response.statusCode, json: async () => JSON.parse(body) } as Response;
};

/** Every other failure of verification is about reaching the issuer. */
const isAboutToken = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout) &&
  !(error instanceof errors.JWKSInvalid) &&
  error.code !== 'ERR_JOSE_GENERIC';

const invalidToken = (message: string): Refusal => unauthenticated(message, 'Bearer error="invalid_token"');

const unauthenticated = (message: string, challenge: string): Refusal =>
  new Refusal(401, 'unauthenticated', message, { headers: { 'WWW-Authenticate': challenge } });
