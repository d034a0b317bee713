#!/usr/bin/env bash
# One would guess: AsyncAPI's own parser refuses a document whose message has an example that contradicts the message's payload, as
# its rule asyncapi2-message-examples says.
# What happens: it does so in a document of AsyncAPI 2.6. The same message in AsyncAPI 3.0 has no diagnostic for it: the rule was not
# carried over.
# Why it matters: after a migration to version 3, examples can rot while the check stays green. They need a check of their own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --silent --ignore-scripts @asyncapi/parser@3.6.6
cat > check.cjs <<'JS'
const { Parser } = require('@asyncapi/parser');
const message = {
  name: 'paid',
  payload: { type: 'object', properties: { amount: { type: 'integer' } }, required: ['amount'] },
  examples: [{ name: 'wrong', payload: { amount: 'twelve' } }],
};
const info = { title: 'Payments', version: '1.0.0' };
const documents = {
  '2.6.0': { asyncapi: '2.6.0', info, channels: { payments: { subscribe: { operationId: 'pay', message } } } },
  '3.0.0': {
    asyncapi: '3.0.0',
    info,
    channels: { payments: { address: 'payments', messages: { paid: message } } },
    operations: { pay: { action: 'send', channel: { $ref: '#/channels/payments' } } },
  },
};
(async () => {
  for (const [version, document] of Object.entries(documents)) {
    const found = await new Parser().validate(JSON.stringify(document));
    const aboutExamples = found.filter(({ code, path }) => /example/.test(code) || path.includes('examples'));
    console.log(`${version}=${aboutExamples.map(({ code }) => code).join() || 'nothing'}`);
  }
})();
JS
output=$(node check.cjs | tr '\n' ' ')
echo "@asyncapi/parser 3.6.6, of a wrong example: $output"
[ "$output" = '2.6.0=asyncapi2-message-examples 3.0.0=nothing ' ]
