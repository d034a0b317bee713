#!/usr/bin/env bash
# DynamoDB throttles a plain write with ProvisionedThroughputExceededException or ThrottlingException, and the AWS SDK for
# JavaScript tries again by itself, with pauses. One would guess that it does so as well when a transaction is throttled.
#
# What happens: a throttled transaction is answered with TransactionCanceledException, and the throttle is one of its reasons, a
# `ThrottlingError` beside the reasons of the other items. The SDK sends it once, its retry helpers say of the error that it is
# neither a throttle nor transient, and the reason may stand beside a TransactionConflict, which one does try again at once.
#
# Why it matters: code that looks for a conflict among the reasons repeats a transaction at once, for which there is no capacity;
# each refused try is billed. Who only relies on the SDK does not back off at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund @aws-sdk/client-dynamodb@3.1164.0 @smithy/core@3.41.0 >&2
cat > throttled.js <<'JS'
import { createServer } from 'node:http';
import { DynamoDBClient, PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { isThrottlingError, isTransientError } from '@smithy/core/retry';

const namespace = 'com.amazonaws.dynamodb.v20120810#';
let sent = {};
const server = createServer((request, response) => {
  const operation = request.headers['x-amz-target'].split('.')[1];
  sent[operation] = (sent[operation] ?? 0) + 1;
  const answer =
    operation === 'PutItem'
      ? { __type: `${namespace}ThrottlingException`, message: 'Rate exceeded' }
      : {
          __type: `${namespace}TransactionCanceledException`,
          Message: 'Transaction cancelled, please refer cancellation reasons for specific reasons [ThrottlingError, TransactionConflict]',
          CancellationReasons: [{ Code: 'ThrottlingError' }, { Code: 'TransactionConflict' }],
        };
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${server.address().port}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
});
const Put = { TableName: 'table', Item: { pk: { S: '1' } } };
const failed = async (command) => client.send(command).then(() => undefined, (error) => error);
const plain = await failed(new PutItemCommand(Put));
const cancelled = await failed(new TransactWriteItemsCommand({ TransactItems: [{ Put }, { Put }] }));
server.closeAllConnections();
server.close();
const seen = {
  sent,
  plain: { name: plain.name, isThrottling: isThrottlingError(plain) },
  cancelled: {
    name: cancelled.name,
    reasons: cancelled.CancellationReasons.map(({ Code }) => Code),
    isThrottling: isThrottlingError(cancelled),
    isTransient: isTransientError(cancelled),
  },
};
console.log(JSON.stringify(seen, null, 1));
const isAsStated =
  sent.PutItem > 1 && seen.plain.isThrottling &&
  sent.TransactWriteItems === 1 && !seen.cancelled.isThrottling && !seen.cancelled.isTransient &&
  seen.cancelled.reasons.join() === 'ThrottlingError,TransactionConflict';
process.exit(isAsStated ? 0 : 1);
JS
echo "client-dynamodb 3.1164.0, @smithy/core 3.41.0"
node throttled.js
