#!/usr/bin/env bash
# pnpm is strict: what a package.json does not name cannot be required, as it is not in node_modules. One would guess that
# this holds for a program however it is started.
#
# What happens: the commands in node_modules/.bin are shell scripts that set NODE_PATH to the store's own node_modules, where
# everything is. So a tool that is started by its name, and all that it starts, can require every package of every other
# package; the same file started with `node` cannot. Of imports (ES modules) only require and createRequire look there.
#
# Why it matters: a check whether a package is installed passes under a test runner and fails in production, and so does code
# that uses a package which it does not name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# `which` is a tool that requires `isexe`, which nothing here names.
echo '{ "private": true, "dependencies": { "which": "5.0.0", "mocha": "11.7.4" } }' > package.json
npx --yes pnpm@12.21.0 install --silent --ignore-scripts >&2
cat > resolves.cjs <<'JS'
try {
  require.resolve('isexe');
  console.log('isexe: found');
} catch {
  console.log('isexe: not found');
}
process.exit(0);
JS
started_by_node=$(node resolves.cjs)
started_by_tool=$(node_modules/.bin/mocha resolves.cjs)
echo "pnpm 12.21.0; started by node: $started_by_node; started by a command of node_modules/.bin: $started_by_tool"
[ "$started_by_node" = 'isexe: not found' ] && [ "$started_by_tool" = 'isexe: found' ]
