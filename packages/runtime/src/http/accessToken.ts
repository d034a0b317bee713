import { isReservedMerchantId, merchantId, operatorMerchantId } from '@fanfold/contracts/event';
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { environmentVariable } from '../env.ts';
import { Refusal } from '../refusal.ts';
import { type IssuerKeys, issuerKeys } from './issuerKeys.ts';

/** The caller, by the access token. */
export type Caller = { merchantId: string; subject: string };

/** Asymmetric algorithms only: an issuer's public key must never be usable as a shared secret. */
const algorithms = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256'];
/** How far the clocks of the issuer and of this function may differ. */
const clockLeewaySeconds = 60;

/**
 * The caller of a request, from its `Authorization` header. The function verifies the token, not the gateway, so that
 * refusals are the same in every environment. Keys come from `<TOKEN_ISSUER>/.well-known/jwks.json` and are cached.
 *
 * @param operatorScope a token with this scope instead of the other may read what operators did
 * @throws Refusal 401 without a valid token, 403 without the scope, 503 while the issuer's keys cannot be read
 */
export async function verifyAccessToken(
  authorization: string | undefined,
  scope: string,
  operatorScope?: string,
): Promise<Caller> {
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? '')?.[1];
  if (!token) {
    throw unauthenticated('Send an access token: `Authorization: Bearer <token>`.', 'Bearer');
  }
  const { sub, scope: granted, merchant_id } = await verify(token);
  const scopes = typeof granted === 'string' ? granted.split(' ') : [];
  const isOperator = operatorScope !== undefined && scopes.includes(operatorScope) && !scopes.includes(scope);
  const merchant = merchantId.safeParse(isOperator ? operatorMerchantId : merchant_id);
  if (typeof sub !== 'string' || sub === '' || !merchant.success) {
    throw invalidToken('The access token must have the claims sub and merchant_id.');
  }
  if (isReservedMerchantId(merchant.data) && !isOperator) {
    throw invalidToken("The access token's merchant_id begins with _, as no merchant's does.");
  }
  if (!isOperator && !scopes.includes(scope)) {
    throw new Refusal(403, 'insufficient_scope', `The access token lacks the scope ${scope}.`, {
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
    });
  }
  return { merchantId: merchant.data, subject: sub };
}

let keys: IssuerKeys | undefined;

async function verify(token: string): Promise<JWTPayload> {
  const issuer = environmentVariable('TOKEN_ISSUER');
  const audience = environmentVariable('TOKEN_AUDIENCE');
  keys ??= issuerKeys(new URL(`${issuer.replace(/\/$/, '')}/.well-known/jwks.json`));
  try {
    return await verifyWithAny(keys, token, {
      issuer,
      audience,
      algorithms,
      clockTolerance: clockLeewaySeconds,
      requiredClaims: ['exp', 'sub'],
    });
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      throw invalidToken('The access token has expired. Get a new one.');
    if (error instanceof errors.JWTClaimValidationFailed) {
      const expected = expectedOf(error.claim, { issuer, audience });
      throw invalidToken(
        `The access token's claim ${error.claim} is missing, wrong or not valid yet.${expected}`,
      );
    }
    if (error instanceof errors.JOSEError)
      throw invalidToken('The access token is malformed or its signature is not valid.');
    throw error;
  }
}

function expectedOf(claim: string, { issuer, audience }: { issuer: string; audience: string }): string {
  if (claim === 'iss') return ` Its issuer has to be ${issuer}.`;
  if (claim === 'aud') return ` Its audience has to be ${audience}.`;
  return '';
}

/** A token that does not name its key is tried with each key that fits. */
async function verifyWithAny(
  keysFor: IssuerKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let candidates: Awaited<ReturnType<IssuerKeys>> | undefined;
  for (let tried = 0; ; tried += 1) {
    try {
      const { payload } = await jwtVerify(
        token,
        async (header) => {
          candidates ??= await keysFor(header);
          const key = candidates[tried];
          if (!key) throw new errors.JWKSNoMatchingKey();
          return key;
        },
        options,
      );
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      if (tried + 1 >= (candidates?.length ?? 0)) throw error;
    }
  }
}

const invalidToken = (message: string): Refusal => unauthenticated(message, 'Bearer error="invalid_token"');

const unauthenticated = (message: string, challenge: string): Refusal =>
  new Refusal(401, 'unauthenticated', message, { headers: { 'WWW-Authenticate': challenge } });
