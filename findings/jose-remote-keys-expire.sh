#!/usr/bin/env bash
# jose's createRemoteJWKSet keeps an issuer's keys, reads them again after `cacheMaxAge` (ten minutes unless told otherwise) and
# has a cool-down. One would guess that keys which are known go on serving while the issuer cannot be read, and that the
# cool-down spares it meanwhile.
#
# What happens: from the end of `cacheMaxAge` on every verification asks the issuer first and fails with it, although `jwks()` still gives
# the key that the token was signed with; and as the cool-down counts from the last success, each verification asks anew.
#
# Why it matters: an outage of the identity provider of eleven minutes refuses every request of every service, each after
# `timeoutDuration` (five seconds) when it hangs, and is met by all traffic when it comes back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund jose@6.2.18 >&2
cat > outage.js <<'JS'
import { createServer } from 'node:http';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';

const { publicKey, privateKey } = await generateKeyPair('ES256');
const key = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' };
let asked = 0;
let isDown = false;
const server = createServer((_request, response) => {
  asked += 1;
  if (isDown) response.writeHead(503).end();
  else response.end(JSON.stringify({ keys: [key] }));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${server.address().port}/jwks`));
const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(privateKey);
const verify = () => jwtVerify(token, keys).then(() => 'verified', ({ code }) => code);

const seen = [await verify()];
isDown = true;
seen.push(await verify());
const now = Date.now;
Date.now = () => now() + 600_001;
seen.push(await verify(), await verify(), await verify(), `${keys.jwks().keys.length} key known`, `asked ${asked} times`);
server.close();
server.closeAllConnections();
console.log('jose 6.2.18:', seen.join(', '));
const expected =
  'verified, verified, ERR_JOSE_GENERIC, ERR_JOSE_GENERIC, ERR_JOSE_GENERIC, 1 key known, asked 4 times';
process.exitCode = seen.join(', ') === expected ? 0 : 1;
JS
node outage.js
