#!/usr/bin/env bash
# A failed condition of DynamoDB (ConditionalCheckFailedException) is an answer, and the AWS SDK for JavaScript does not retry
# it. Where the server's clock is another one, the SDK corrects its own by the answer's Date header, for which one retry of
# what was refused for its signature would be enough.
#
# What happens: while the clocks differ by four minutes or more, every error response whose Date moves the correction, if only by
# a millisecond, counts as corrected and is retried as if it were transient: a failed condition is sent four times, all that
# DynamoDB's client has. Each retry takes 14 of the client's quota of 500, and none gives them back, as none succeeds. So
# eleven such failed conditions use it up, and then a connection that is really lost is not retried at all.
#
# Why it matters: a program on a machine whose clock is wrong, or under fake timers with a real or emulated DynamoDB, sends
# four times what a condition refuses, and at some point, depending on what ran before, loses its retries.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund @aws-sdk/client-dynamodb@3.1164.0 >&2
cat > skewed.js <<'JS'
import { createServer } from 'node:http';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';

let aheadMs = 0;
let breaks = false;
let sent = 0;
const server = createServer((request, response) => {
  sent += 1;
  if (breaks) return request.socket.destroy();
  const date = new Date(Date.now() + aheadMs).toUTCString();
  response
    .writeHead(400, { 'content-type': 'application/x-amz-json-1.0', date })
    .end(JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'no' }));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${server.address().port}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
});
const put = new PutItemCommand({
  TableName: 'table',
  Item: { pk: { S: '1' } },
  ConditionExpression: 'attribute_not_exists(pk)',
});
const timesSent = async () => {
  sent = 0;
  await client.send(put).catch(() => {});
  return sent;
};
const seen = { sameClock: await timesSent() };
breaks = true;
seen.lostConnectionWithQuota = await timesSent();
breaks = false;
aheadMs = 10 * 60_000;
const skewed = [];
for (let i = 0; i < 40; i++) skewed.push(await timesSent());
seen.clocksDiffer = skewed.join(' ');
breaks = true;
seen.lostConnectionAfterwards = await timesSent();
server.closeAllConnections();
server.close();
client.destroy();
console.log(JSON.stringify(seen, null, 1));
const isAsStated =
  seen.sameClock === 1 && seen.lostConnectionWithQuota === 4 && skewed[0] === 4 && skewed[11] === 1 && seen.lostConnectionAfterwards === 1;
process.exit(isAsStated ? 0 : 1);
JS
echo "client-dynamodb 3.1164.0"
node skewed.js
