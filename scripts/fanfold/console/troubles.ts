import { commandFor, type StagePlace } from '../commandFor.ts';
import { messageOf } from '../errors.ts';

/** What went wrong, in a sentence that says what to do. The console tries again by itself. */
export function troubleOf(place: StagePlace, what: string, error: unknown): string {
  const refused = refusalOf(error);
  if (refused) return `${what} cannot be shown: ${refused}`;
  return `${what} cannot be shown: ${messageOf(error).replace(/\.?$/, '.')} It is tried again. ${commandFor(place, 'findings')} may tell more.`;
}

/** Why AWS does not let the operator, and what to do; undefined when that is not what is wrong. */
export function refusalOf(error: unknown): string | undefined {
  const { name, message } = error as Error;
  const [, action] = /not authorized to perform:? ([\w:]+)/.exec(message) ?? [];
  if (action !== undefined || /AccessDenied|AuthorizationError/.test(name)) {
    return (
      `your role may not call ${action ?? message}. Let it, as docs/operations.md, "The operator's role", has it. ` +
      'Everything else goes on.'
    );
  }
  if (/Expired|InvalidClientTokenId|UnrecognizedClient|CredentialsProvider/.test(`${name} ${message}`)) {
    return 'your credentials are not valid any more. Sign in again, for example with `aws sso login`; the console goes on then.';
  }
  return undefined;
}
