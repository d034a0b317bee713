/**
 * What a page for people is sent with: nothing is loaded from elsewhere, run that is no file of ours, sent elsewhere, framed,
 * or kept.
 *
 * @param trustedTypes the policies by which its script makes HTML of text: https://www.w3.org/TR/trusted-types/
 */
export const pageHeaders = (trustedTypes: string): Record<string, string> => ({
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
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
});
