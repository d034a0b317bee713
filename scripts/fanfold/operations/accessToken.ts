import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { signToken } from '@fanfold/local-cloud/issuer';
import { stackPort } from '../aws/stack.ts';

const services = new URL('../../../services/', import.meta.url);

/** In the place of `audit:read`, reads what operators did, whichever merchant the token is of. */
export const operatorScope = 'operations:read';

/** Everything that an access token can allow a merchant: what the APIs of all services ask for, by their openapi.json, sorted. */
export function merchantScopes(): string[] {
  const found = readdirSync(services).flatMap((service) => {
    const file = new URL(`${service}/openapi.json`, services);
    const document = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return [...document.matchAll(/"accessToken": \[\s*"([^"]+)"/g)].map(([, scope = '']) => scope);
  });
  return [...new Set(found)].filter((scope) => scope !== operatorScope).sort();
}

/** An access token that the stack on the laptop accepts, signed with the development key. No stack has to run. */
export const developmentToken = (
  merchantId: string,
  allowed: readonly string[],
  expiresInSeconds: number,
): Promise<string> =>
  signToken({
    issuer: `http://127.0.0.1:${stackPort()}`,
    subject: 'operator',
    merchantId,
    scopes: allowed,
    expiresInSeconds,
  });
