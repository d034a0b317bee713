import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isBelow } from '@fanfold/local-cloud/stack';

// What is needed before anybody opens the console.

/** The views, by their path. */
export const viewPaths = ['/', '/dead-letters', '/trace', '/payment', '/proof', '/findings'] as const;

/** Who has it may see and do all that the page can. */
export const newToken = (): string => randomBytes(24).toString('base64url');

/**
 * The address that opens a console. A browser sends nothing after `#` to anybody: the page takes the token from there, and
 * removes it from its address.
 */
export const addressOf = (origin: string, token: string): string => `${origin}/#token=${token}`;

/** Whether a request is for the console: for one of its views, or for what is below `/console`. */
export function isForConsole(request: IncomingMessage): boolean {
  const [path = ''] = (request.url ?? '').split('?');
  return (viewPaths as readonly string[]).includes(path) || isBelow('/console', request);
}
