import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { publicKeySet, signToken } from '@fanfold/local-cloud/issuer';

export type Issuer = {
  url: string;
  /** An access token for all that a merchant may do. */
  token(merchantId: string): Promise<string>;
  stop(): Promise<void>;
};

/** Starts an issuer of access tokens on a free port of 127.0.0.1, whose key lies in `keyFile`. */
export async function startIssuer(keyFile: string): Promise<Issuer> {
  const keySet = JSON.stringify(await publicKeySet(keyFile));
  const server = createServer((request, response) => {
    const known = request.url === '/.well-known/jwks.json';
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(known ? keySet : '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token: (merchantId) =>
      signToken(
        {
          issuer: url,
          subject: 'rehearsal',
          merchantId,
          scopes: ['payments:write', 'payments:read', 'invoices:read', 'seller:write', 'audit:read'],
          expiresInSeconds: 3600,
        },
        keyFile,
      ),
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
