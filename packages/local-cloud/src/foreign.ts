import type { IncomingMessage } from 'node:http';

/**
 * Whether a request may come from a web page that somebody has open: it has an origin, or another host, which a page
 * can point to this machine by DNS. Tools on this machine have neither.
 */
export const isForeign = ({ headers }: IncomingMessage): boolean =>
  headers.origin !== undefined || !/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? '');
