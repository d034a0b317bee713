#!/usr/bin/env bash
# One would guess: @asyncapi/diff, which sorts the differences of two documents into breaking and not breaking, calls it breaking when
# a field goes that was always there, and has nothing against a new version of the document.
# What happens: it is the other way round. Every change within a payload is "unclassified", a required field that is removed as well as
# an optional one that is added. A new info.version is "breaking".
# Why it matters: a gate that fails on its breaking changes passes what breaks consumers, and fails each release.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --silent --ignore-scripts @asyncapi/diff@0.5.0
cat > compare.cjs <<'JS'
const { diff } = require('@asyncapi/diff');
const documentWith = (fields, version = '1.0.0') => ({
  asyncapi: '3.0.0',
  info: { title: 'Payments', version },
  channels: {
    payments: {
      address: 'payments',
      messages: {
        paid: {
          payload: {
            type: 'object',
            properties: Object.fromEntries(fields.map((name) => [name, { type: 'string' }])),
            required: fields.filter((name) => name !== 'note'),
          },
        },
      },
    },
  },
  operations: { pay: { action: 'send', channel: { $ref: '#/channels/payments' } } },
});
const kindsOf = (before, after) => {
  const result = diff(before, after);
  const kinds = ['breaking', 'nonBreaking', 'unclassified'].filter((kind) => result[kind]().length > 0);
  return kinds.join('+');
};
const before = documentWith(['amount', 'customer']);
console.log(`field removed: ${kindsOf(before, documentWith(['amount']))}`);
console.log(`optional field added: ${kindsOf(before, documentWith(['amount', 'customer', 'note']))}`);
console.log(`new version: ${kindsOf(before, documentWith(['amount', 'customer'], '1.0.1'))}`);
JS
output=$(node compare.cjs)
echo "@asyncapi/diff 0.5.0:"
echo "$output"
[ "$output" = 'field removed: unclassified
optional field added: unclassified
new version: breaking' ]
