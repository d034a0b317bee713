#!/usr/bin/env bash
# One would guess: what NODE_COMPILE_CACHE writes when a process ends has what that process compiled, so that the next one calls a
# function without compiling it.
# What happens: each module's code is taken right after the module itself is compiled. A function that was compiled when it was first
# called is not in it, however often the process ran, and each process compiles it again. vm.Script's createCachedData(), called after
# the function has run, has it.
# Why it matters: the cache saves little for modules that are mostly one large function, such as validators that ajv wrote: the
# Serverless Framework compiles 8 MB of one in each command, 0.3 s, with the cache and without.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --silent node@24.21.0
node=$folder/node_modules/.bin/node
"$node" --eval "
const checks = Array.from({ length: 60_000 }, (_, n) => \`if (v === \${n}) throw new Error('\${n}');\`);
require('fs').writeFileSync('large.cjs', \`module.exports = function check(v) {\n\${checks.join('\n')}\n};\`);"
cat > call.cjs <<'JS'
const check = require('./large.cjs');
const before = process.cpuUsage();
check(-1);
console.log(Math.round(process.cpuUsage(before).user / 1000));
JS
cat > keep.cjs <<'JS'
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const script = new Script(`(function (module) {${readFileSync('large.cjs', 'utf8')}})`);
const module_ = {};
script.runInThisContext()(module_);
module_.exports(-1);
console.log(script.createCachedData().length);
JS
export NODE_COMPILE_CACHE=$folder/cache
first=$("$node" call.cjs)
second=$("$node" call.cjs)
cached=$(du -sb "$folder/cache" | cut -f1)
kept=$("$node" keep.cjs)
echo "Node $("$node" --version), a function of $(wc -c < large.cjs) bytes: its first call takes $first ms without the cache, $second ms with it; the cache has $cached bytes, createCachedData $kept"
[ "$cached" -lt 100000 ] && [ "$kept" -gt 1000000 ]
