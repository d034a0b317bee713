#!/usr/bin/env bash
# One would guess that the type of a request's body is the same whether its schema stands there or under `components` and is
# referred to. With openapi-typescript it is not: a field that has a `default` and is not `required` may be left out of the
# first and must be in the second, unless it is told `--default-non-nullable false`. It matters because the smallest valid
# request does not compile, and because giving a shared schema's field a default breaks clients that are generated anew.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent openapi-typescript@7.13.0 typescript@5.9.3
cat >openapi.json <<'JSON'
{
  "openapi": "3.1.1",
  "info": { "title": "Payments", "version": "1" },
  "paths": {
    "/written": { "post": { "requestBody": { "content": { "application/json": { "schema": {
      "type": "object",
      "required": ["amount"],
      "properties": { "amount": { "type": "integer" }, "writtenHere": { "type": "string", "default": "automatic" } }
    } } } }, "responses": { "204": { "description": "Paid." } } } },
    "/referred": { "post": { "requestBody": { "content": { "application/json": { "schema": {
      "$ref": "#/components/schemas/Payment"
    } } } }, "responses": { "204": { "description": "Paid." } } } }
  },
  "components": { "schemas": { "Payment": {
    "type": "object",
    "required": ["amount"],
    "properties": { "amount": { "type": "integer" }, "referredTo": { "type": "string", "default": "automatic" } }
  } } }
}
JSON
npx openapi-typescript --version
npx openapi-typescript openapi.json --output default.ts >/dev/null 2>&1
npx openapi-typescript openapi.json --default-non-nullable false --output optional.ts >/dev/null 2>&1
lines_of() { grep -oE '(writtenHere|referredTo)\??: string' "$1" | sort | paste -sd' '; }
echo "by default:                    $(lines_of default.ts)"
echo "--default-non-nullable false:  $(lines_of optional.ts)"
[ "$(lines_of default.ts)" = 'referredTo: string writtenHere?: string' ]
[ "$(lines_of optional.ts)" = 'referredTo?: string writtenHere?: string' ]
