import { hash } from 'node:crypto';
import { Refusal } from './refusal.ts';

/**
 * The key of an `Idempotency-Key` header: a quoted string as in
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ or bare, as Stripe's clients send it. A
 * key with a comma has to be quoted: API Gateway joins a header that was sent twice with a comma, and that would be a
 * different key.
 *
 * @throws Refusal 400 when it is missing, more than one, or not 1 to 255 printable ASCII characters
 */
export function parseIdempotencyKey(header: string | undefined): string {
  if (header === undefined || header.trim() === '') {
    throw new Refusal(
      400,
      'idempotency_key_missing',
      'Send an Idempotency-Key header, such as a random UUID, and the same one when you repeat the request.',
    );
  }
  const value = header.trim();
  if (bareKey.test(value)) return value;
  const quoted = quotedKey.exec(value)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(["\\])/g, '$1');
  throw new Refusal(
    400,
    'idempotency_key_invalid',
    value.includes(',')
      ? 'Send one Idempotency-Key. A key with a comma has to be a quoted string.'
      : 'The Idempotency-Key must be 1 to 255 printable ASCII characters, bare or as a quoted string.',
  );
}

/** The forms of the header: 1 to 255 characters of printable ASCII, those of a bare key without quotes and commas. */
export const bareKey = /^[ !#-+\-.-~]{1,255}$/;
export const quotedKey = /^"((?:[ !#-[\]-~]|\\["\\]){1,255})"$/;

/**
 * An id derived from its cause, such as `pay_…` from a merchant and an Idempotency-Key. A repeated request derives
 * the same id, so the second write finds the first.
 */
export const derivedId = (prefix: string, ...cause: string[]): string =>
  `${prefix}_${hash('sha256', JSON.stringify(cause)).slice(0, 32)}`;

/** A hash of what a request asks for, 128 bits: the same for the same JSON, whatever the order of its members. */
export const fingerprintOf = (body: unknown): string => hash('sha256', canonicalJson(body)).slice(0, 32);

const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

/** @throws always: Refusal 422, the key was used for another request */
export function refuseReusedKey(): never {
  throw new Refusal(
    422,
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request. Use a new key for a new request.',
  );
}

/** Refusal 409: the first request with this key is still running. */
export const stillRunning = (): Refusal =>
  new Refusal(
    409,
    'request_in_progress',
    'The first request with this Idempotency-Key is still running. Try again.',
    {
      headers: { 'Retry-After': '1' },
    },
  );
