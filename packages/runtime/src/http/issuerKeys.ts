import type { webcrypto } from 'node:crypto';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWK,
  type JWTHeaderParameters,
} from 'jose';
import { describeError, logger } from '../logger.ts';
import { stageMetrics } from '../metrics.ts';
import { Refusal } from '../refusal.ts';

/** Keys are read again after this time, so that a key that the issuer has withdrawn is not accepted for longer. */
const freshForMs = 10 * 60_000;
/** While the issuer cannot be read, the known keys are accepted for this time after they were read. */
const keptForMs = 12 * 60 * 60_000;
/** How long the issuer may take to answer. */
const timeoutMs = 3000;
/**
 * How long a request waits for newer keys when it has some. Lambda freezes between requests, so it has to wait a
 * little.
 */
const patienceMs = 500;
/** A key that the issuer did not have is not asked for again within this time. */
const coolDownMs = 10_000;
/** After repeated failures the issuer is not asked for 1 s, 2 s, 4 s, and so on up to this. */
const maxBackOffMs = 30_000;

/** The requirements for RSA keys of https://doi.org/10.6028/NIST.FIPS.186-5, sections 5.1 and A.1.1. */
const minRsaBits = 2048;
const minRsaExponent = 65_537n;

type KeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * The keys that may have signed a token with a certain header: the one that it names, or without a name all of its
 * algorithm. Empty when the issuer has none, or none that can be used.
 *
 * @throws Refusal 503 when the issuer cannot be read and there are no valid known keys, or none for this header
 */
export type IssuerKeys = (header: JWTHeaderParameters) => Promise<CryptoKey[]>;

/** The keys of the set at `url`, which is read when the first key is needed. */
export function issuerKeys(url: URL): IssuerKeys {
  let known: { keySet: KeySet; readAt: number } | undefined;
  let reading: Promise<void> | undefined;
  let failuresInARow = 0;
  let readableFrom = 0;

  const areYoungerThan = (ms: number) => known !== undefined && Date.now() < known.readAt + ms;
  const mayRead = () => Date.now() >= readableFrom;
  const unavailable = () => {
    const seconds = Math.max(1, Math.ceil((readableFrom - Date.now()) / 1000));
    return new Refusal(
      503,
      'issuer_unavailable',
      "The token issuer's keys cannot be read right now. Try again.",
      { headers: { 'Retry-After': String(seconds) } },
    );
  };

  /** Never throws: failures are counted. Concurrent callers share one request. */
  const read = (): Promise<void> => {
    reading ??= fetchKeySet(url)
      .then((keys) => {
        known = { keySet: createLocalJWKSet(keys), readAt: Date.now() };
        failuresInARow = 0;
        readableFrom = Date.now() + coolDownMs;
      })
      .catch((error) => {
        failuresInARow += 1;
        readableFrom = Date.now() + Math.min(1000 * 2 ** (failuresInARow - 1), maxBackOffMs);
        stageMetrics.addMetric('TokenIssuerUnavailable', 'Count', 1);
        logger.error('token issuer unavailable', { error: describeError(error) });
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };

  return async (header) => {
    if (!areYoungerThan(keptForMs)) {
      if (reading || mayRead()) await read();
    } else if (!areYoungerThan(freshForMs) && !reading && mayRead()) {
      await Promise.race([read(), delay(patienceMs, undefined, { ref: false })]);
    }
    if (!known || !areYoungerThan(keptForMs)) throw unavailable();

    const keys = await keysOf(known.keySet, header);
    if (keys) return keys;
    if (reading || mayRead()) await read();
    if (failuresInARow > 0) throw unavailable();
    return (await keysOf(known.keySet, header)) ?? [];
  };
}

/** Undefined when the set has no such key; empty when it has one that cannot be used. */
async function keysOf(keySet: KeySet, header: JWTHeaderParameters): Promise<CryptoKey[] | undefined> {
  try {
    const keys = await matching(keySet, header);
    if (keys.every(isStrong)) return keys;
    logger.warn('a key of the token issuer is too weak', { kid: header.kid });
    return keys.filter(isStrong);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined;
    // Such as a point that is not on its curve. The other keys of the set are still used.
    logger.warn('a key of the token issuer cannot be used', { kid: header.kid, error: describeError(error) });
    return [];
  }
}

async function matching(keySet: KeySet, header: JWTHeaderParameters): Promise<CryptoKey[]> {
  try {
    return [await keySet(header)];
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // Keys that cannot be used are left out.
    const keys: CryptoKey[] = [];
    for await (const key of error) keys.push(key);
    return keys;
  }
}

/** jose itself refuses short RSA keys when they are used, but accepts small exponents. */
function isStrong({ algorithm }: CryptoKey): boolean {
  if (!('modulusLength' in algorithm)) return true;
  const { modulusLength, publicExponent } = algorithm as webcrypto.RsaHashedKeyAlgorithm;
  const exponent = BigInt(`0x${Buffer.from(publicExponent).toString('hex')}`);
  return modulusLength >= minRsaBits && exponent >= minRsaExponent;
}

/** Node's own `fetch` takes a tenth of a function's cold start to load. `node:https` is loaded already, for the SDK. */
async function fetchKeySet(url: URL): Promise<JSONWebKeySet> {
  const { request } = url.protocol === 'https:' ? https : http;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = {
      headers: { Accept: 'application/json, application/jwk-set+json' },
      signal: AbortSignal.timeout(timeoutMs),
      agent: false,
    };
    request(url, options, resolve).on('error', reject).end();
  });
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`);
  return JSON.parse(body, servesBothNames);
}

/**
 * https://www.rfc-editor.org/rfc/rfc9864 has a second name for EdDSA on this curve: a key is valid for tokens with
 * both names.
 */
const servesBothNames = (_member: string, value: unknown) => {
  if (!(value instanceof Object) || !('crv' in value) || value.crv !== 'Ed25519') return value;
  const { alg, ...key } = value as JWK;
  return alg === 'EdDSA' || alg === 'Ed25519' ? key : value;
};
