import { type EndpointSettings, usualMaxBodyBytes } from '@fanfold/runtime/http';
import type { Problem } from './operations.ts';

/** The problems of packages/runtime, which several services have, by code, as a route with these settings has them. */
export const commonProblems = ({
  maxBodyBytes = usualMaxBodyBytes,
}: EndpointSettings): Record<string, Problem> => ({
  unauthenticated: {
    status: 401,
    when: 'There is no access token, or it is expired, malformed or of another issuer. Get a new one.',
    headers: ['WWW-Authenticate'],
  },
  insufficient_scope: {
    status: 403,
    when: 'The access token lacks the scope. Ask for a token that has it.',
    headers: ['WWW-Authenticate'],
  },
  issuer_unavailable: {
    status: 503,
    when: 'The keys of the token issuer cannot be read. Try again after the time in Retry-After.',
    headers: ['Retry-After'],
  },
  not_found: {
    status: 404,
    when: 'It does not exist, or belongs to another merchant.',
  },
  idempotency_key_missing: { status: 400, when: 'The header Idempotency-Key is missing.' },
  idempotency_key_invalid: {
    status: 400,
    when: 'The Idempotency-Key is not one of 1 to 255 printable ASCII characters, bare or quoted.',
  },
  idempotency_key_reused: {
    status: 422,
    when: 'The Idempotency-Key was used for another request. Use a new key for a new request.',
  },
  request_in_progress: {
    status: 409,
    when: 'The first request with the Idempotency-Key is still running. Repeat it after the time in Retry-After.',
    headers: ['Retry-After'],
  },
  restore_pending: {
    status: 503,
    when: 'The data of the service has to be restored first. Nothing was done. Repeat the request after the time in Retry-After.',
    headers: ['Retry-After'],
  },
  invalid_json: {
    status: 400,
    when: 'The body is no JSON in UTF-8, has a key twice or one named `__proto__`, or is nested too deeply.',
  },
  invalid_request: { status: 422, when: 'A field is invalid, missing or unknown. `errors` names each.' },
  card_number_refused: {
    status: 422,
    when: 'A text or number looks like a card number, which is never stored. Write an id of digits with a letter.',
  },
  body_too_large: { status: 413, when: `The body has more than ${maxBodyBytes / 1024} KiB.` },
  unsupported_media_type: { status: 415, when: 'The body is not `application/json` in UTF-8.' },
  unsupported_content_encoding: {
    status: 415,
    when: 'The body has a Content-Encoding. Send it as it is.',
    headers: ['Accept-Encoding'],
  },
  internal_error: {
    status: 500,
    when: 'Something went wrong in the service. Repeat the request, with the same Idempotency-Key if it has one.',
  },
});

/** The codes that each route with these settings can answer with. */
export function commonCodes({ scope, body, query, idempotent, guard }: EndpointSettings): string[] {
  if (scope === undefined) return ['internal_error'];
  return [
    ...['unauthenticated', 'insufficient_scope', 'issuer_unavailable', 'internal_error'],
    // A body is read, and refused, also where none is expected.
    ...['invalid_json', 'body_too_large', 'unsupported_media_type', 'unsupported_content_encoding'],
    ...['invalid_request', 'card_number_refused'],
    ...(query === undefined || body !== undefined ? [] : ['not_found']),
    ...(idempotent
      ? [
          'idempotency_key_missing',
          'idempotency_key_invalid',
          'idempotency_key_reused',
          'request_in_progress',
        ]
      : []),
    ...(guard ? ['restore_pending'] : []),
  ];
}
