#!/usr/bin/env bash
# One would guess: fc.string({ unit: 'binary' }) draws code points by their numbers, so that to make it costs as little as fc.string().
# What happens: to find out whether it can draw names such as __proto__, it makes a table of each of the 1.1 million characters when it is
# made, drawn or not, and keeps it: tens of megabytes and most of a second of processor time in each process. A unit that maps an
# integer to its character and back draws the same texts for the same seed, without the table.
# Why it matters: test runners start many processes, and each one that imports such a property pays, also if its test is skipped.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --silent --ignore-scripts fast-check@4.10.2
cat > measure.mjs <<'JS'
import fc from 'fast-check';
const megabytes = () => {
  globalThis.gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
};
const kept = (make) => {
  const before = megabytes();
  const made = make();
  return { made, size: megabytes() - before };
};
const unit = fc.nat({ max: 0x10ffff - 0x800 }).map(
  (n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800),
  (character) => {
    const code = String(character).codePointAt(0);
    if (code === undefined || character !== String.fromCodePoint(code)) throw new Error('not one character');
    return code < 0xd800 ? code : code - 0x800;
  },
);
const mapped = kept(() => fc.string({ unit }));
const binary = kept(() => fc.string({ unit: 'binary' }));
const drawn = ({ made }) => JSON.stringify(fc.sample(made, { seed: 1, numRuns: 5_000 }));
console.log(`a mapped integer keeps more than 20 MB: ${mapped.size > 20}`);
console.log(`binary keeps more than 20 MB: ${binary.size > 20}`);
console.log(`they draw the same: ${drawn(mapped) === drawn(binary)}`);
console.error(`(${mapped.size.toFixed(1)} MB and ${binary.size.toFixed(1)} MB)`);
JS
output=$(node --expose-gc measure.mjs)
echo "fast-check 4.10.2:"
echo "$output"
[ "$output" = 'a mapped integer keeps more than 20 MB: false
binary keeps more than 20 MB: true
they draw the same: true' ]
