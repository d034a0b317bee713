import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What a page for people is sent with: nothing is loaded from elsewhere, run that is no file of ours, sent elsewhere, framed,
 * or kept.
 *
 * @param trustedTypes the policies by which its script makes HTML of text: https://www.w3.org/TR/trusted-types/
 * @param more directives of its policy besides those of all pages
 */
export const pageHeaders = (trustedTypes: string, more: string[] = []): Record<string, string> => ({
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    `trusted-types ${trustedTypes}`,
    ...more,
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
});

/** The style of a page: what all have in common, and what is in a file of its own. */
export async function pageStyle(own: string): Promise<string> {
  const parts = [join(import.meta.dirname, 'page.css'), own].map((path) => readFile(path, 'utf8'));
  return (await Promise.all(parts)).join('\n');
}
