import { developmentToken } from '../operations/accessToken.ts';
import { print, printJson } from '../terminal.ts';

type Options = { merchant: string; scope: string[]; expiresIn: number; json?: true };

/** `fanfold token`: prints an access token, signed with the development key. No stack has to run. */
export async function token({ merchant, scope, expiresIn, json }: Options): Promise<void> {
  const accessToken = await developmentToken(merchant, scope, expiresIn);
  // https://www.rfc-editor.org/rfc/rfc6749#section-5.1
  const response = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresIn,
    scope: scope.join(' '),
  };
  if (json) printJson(response);
  else print(accessToken);
}
