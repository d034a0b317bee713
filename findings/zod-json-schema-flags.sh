#!/usr/bin/env bash
# One would guess: z.toJSONSchema throws for what JSON Schema cannot say, as it does for a bigint, or leaves it out, so that the schema
# accepts at least all that zod accepts.
# What happens: of a pattern with flags it takes the pattern and drops the flags. What comes out refuses texts that zod accepts: "EUR"
# for /^[a-z]{3}$/i, by zod's own z.fromJSONSchema too.
# Why it matters: clients that validate by a document made from the code refuse valid requests, and nothing had warned of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --silent --ignore-scripts zod@4.6.7
cat > convert.mjs <<'JS'
import * as z from 'zod';
const code = z.string().regex(/^[a-z]{3}$/i);
const schema = z.toJSONSchema(code);
let bigint = 'converted';
try {
  z.toJSONSchema(z.bigint());
} catch {
  bigint = 'refused';
}
console.log(`bigint: ${bigint}`);
console.log(`pattern: ${schema.pattern}`);
console.log(`EUR: ${code.safeParse('EUR').success} by the schema, ${z.fromJSONSchema(schema).safeParse('EUR').success} by what it became`);
JS
output=$(node convert.mjs)
echo "zod 4.6.7:"
echo "$output"
[ "$output" = 'bigint: refused
pattern: ^[a-z]{3}$
EUR: true by the schema, false by what it became' ]
