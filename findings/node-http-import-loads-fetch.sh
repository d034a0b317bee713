#!/usr/bin/env bash
# One would guess: `import { request } from 'node:http'` loads Node's HTTP client and server, and its `fetch` (undici) is loaded when
# `fetch` is first used.
# What happens: Node fills the namespace of a built-in module by reading each of its exports. Those of node:http have lazy ones
# (WebSocket and its events), so the import alone compiles undici. The same module from process.getBuiltinModule does not.
# Why it matters: each cold start of a bundled function that asks anything over HTTP pays for it, tens of milliseconds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --silent node@24.21.0
node=$folder/node_modules/.bin/node
loads_fetch() {
  "$node" --input-type=module --eval "$1; console.log(process.moduleLoadList.some((name) => name.includes('undici')))"
}
imported=$(loads_fetch "import { request } from 'node:http'")
taken=$(loads_fetch "const { request } = process.getBuiltinModule('node:http')")
echo "Node $("$node" --version): undici is loaded by import: $imported, by getBuiltinModule: $taken"
[ "$imported" = true ] && [ "$taken" = false ]
