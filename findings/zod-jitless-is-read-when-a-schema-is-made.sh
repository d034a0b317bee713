#!/usr/bin/env bash
# zod compiles code for objects unless `config({ jitless: true })` says that it may not, as where a Content-Security-Policy
# forbids `new Function`. One would guess that the setting counts when something is parsed: that it is enough to set it at the
# start of a program, below its imports, before the first parse. It is read when an object's schema is made. A module that exports schemas has
# made them when it is imported, and has asked by then, with `new Function`, whether code may be compiled; such schemas go on compiling
# whatever is set later. So a page reports violations of its policy before its first line runs, and where the policy has no
# objection, code is compiled that was to be forbidden. It matters to everybody who shares schemas between a server and a page: the module that sets
# it has to be imported before the first schema.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --silent --ignore-scripts zod@4.6.7
cat > seen.mjs <<'JS'
import { readFileSync } from 'node:fs';

let made = 0;
const Original = Function;
globalThis.Function = new Proxy(Original, {
  construct(target, args) {
    made += 1;
    return new target(...args);
  },
});
const count = () => [made, (made = 0)][0];

const z = await import('zod');
const early = z.object({ a: z.string() });
const byMaking = count();
z.config({ jitless: true });
early.parse({ a: 'x' });
const byEarly = count();
z.object({ a: z.string() }).parse({ a: 'x' });
const byLate = count();

console.log(`zod ${JSON.parse(readFileSync('node_modules/zod/package.json', 'utf8')).version}`);
console.log(`functions made of text by making a schema: ${byMaking}`);
console.log(`by parsing with it after jitless was set: ${byEarly}`);
console.log(`by making another one then, and parsing with it: ${byLate}`);
process.exit(byMaking > 0 && byEarly > 0 && byLate === 0 ? 0 : 1);
JS
node seen.mjs
