import { publicEndpoint } from '../http.ts';

/** A route that anybody can read a JSON document from, which is part of the function's bundle. */
export const documentEndpoint = (document: object) =>
  publicEndpoint(async () => ({
    file: Buffer.from(JSON.stringify(document)),
    contentType: 'application/json',
    cacheControl: 'public, max-age=300',
  }));
