import { signToken } from '@fanfold/local-cloud/issuer';
import { stackPort } from '../aws/stack.ts';

/** Everything that an access token can allow a merchant. */
export const merchantScopes = [
  'payments:write',
  'payments:read',
  'invoices:read',
  'seller:read',
  'seller:write',
  'audit:read',
];
/** In the place of `audit:read`, reads what operators did, whichever merchant the token is of. */
export const operatorScope = 'operations:read';

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
