#!/usr/bin/env bash
# serverless-offline runs an HTTP API (`httpApi` events, payload format 2.0) on a laptop. One would guess that a function gets
# the body as it was sent: `event.body` is a text in AWS, and nobody but the function parses it.
#
# What happens: the body is parsed on the way. `null` and `""` arrive as no body, `false` and `0` as a boolean and a number, and
# a JSON text without its quotes: a client that encodes `{"amount":1}` twice and one that does it once send the same.
#
# Why it matters: what the function refuses in AWS is done on the laptop. Where a missing body means "all of it", as for a
# refund, `null` refunds everything, and so does `false` where the code asks whether there is a body.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${offline:-}" 2> /dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund osls@4.3.1 serverless-offline@14.8.2 >&2
cat > index.js <<'JS'
exports.handler = async ({ body }) => ({ statusCode: 200, body: `${typeof body} ${JSON.stringify(body)}` });
JS
port=$(node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })")
cat > serverless.yml <<YML
service: echo
frameworkVersion: '4'
provider: { name: aws, runtime: nodejs24.x }
plugins: [serverless-offline]
custom: { serverless-offline: { host: 127.0.0.1, httpPort: $port, lambdaPort: $((port + 1)), noPrependStageInUrl: true } }
functions: { echo: { handler: index.handler, events: [httpApi: POST /echo] } }
YML
node node_modules/osls/bin/serverless.js offline > log.txt 2>&1 &
offline=$!
for _ in $(seq 120); do
  if grep -q 'Server ready' log.txt; then break; fi
  sleep 0.5
done
post() { curl -sS "http://127.0.0.1:$port/echo" -H 'Content-Type: application/json' -d "$1"; }
echo "serverless-offline $(node -p "JSON.parse(require('fs').readFileSync('node_modules/serverless-offline/package.json')).version")"
is() { # a body, and what the function gets in its place
  got=$(post "$1")
  echo "$1 arrives as: $got"
  [ "$got" = "$2" ]
}
is null 'object null'
is false 'boolean false'
is 0 'number 0'
is '""' 'object null'
is '"{\"amount\":1}"' 'string "{\"amount\":1}"'
is '{"amount":1}' 'string "{\"amount\":1}"'
