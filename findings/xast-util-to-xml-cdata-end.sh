#!/usr/bin/env bash
# One would guess: a serializer of XML escapes a text so that a parser reads it back.
# What happens: xast-util-to-xml escapes `&` and `<`, and leaves `]]>` as it is, which XML forbids in a text
# (https://www.w3.org/TR/xml/#syntax). The parser of the same family, xast-util-from-xml, refuses the whole document.
# Why it matters: a name or a line of an invoice that has these three characters makes a document that nobody can read.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type":"module"}' > package.json
npm install --silent --no-audit --no-fund xastscript@4.0.0 xast-util-to-xml@4.0.0 xast-util-from-xml@4.0.0
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { fromXml } from 'xast-util-from-xml';
import { toXml } from 'xast-util-to-xml';
import { x } from 'xastscript';

const { version } = JSON.parse(readFileSync('node_modules/xast-util-to-xml/package.json', 'utf8'));
const written = (text) => toXml(x('name', text));
const isRead = (xml) => {
  try {
    fromXml(xml);
    return true;
  } catch {
    return false;
  }
};
for (const text of ['a & b', 'a < b', 'a > b', 'a ]]> b'])
  console.log(`xast-util-to-xml ${version}: ${text} is written as ${written(text)}, which ${isRead(written(text)) ? 'is' : 'is not'} read`);
const asStated = ['a & b', 'a < b', 'a > b'].every((text) => isRead(written(text))) && !isRead(written('a ]]> b'));
process.exit(asStated ? 0 : 1);
JS
node run.mjs
