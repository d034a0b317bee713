import type { IncomingMessage } from 'node:http';

/**
 * Whether a request may come from a web page that somebody has open: it has an origin, or another host, which a page
 * can point to this machine by DNS. Tools on this machine have neither.
 */
export const isForeign = (request: IncomingMessage): boolean =>
  request.headers.origin !== undefined || hasForeignHost(request);

/** The same for what serves pages: theirs is the only origin that may ask. */
export const isOfForeignPage = (request: IncomingMessage): boolean =>
  hasForeignHost(request) ||
  (request.headers.origin !== undefined && request.headers.origin !== `http://${request.headers.host}`);

const hasForeignHost = ({ headers }: IncomingMessage): boolean =>
  !/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? '');
