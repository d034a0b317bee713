#!/usr/bin/env bash
# One would guess: a table of DynamoDB that is deleted and made again under its name has a stream of its own, with an ARN of its own,
# in which there is nothing of the table before. AWS does so, and a reader of the new ARN starts with the new table's first record.
# What happens in dynoxide, an emulator of DynamoDB: the ARN is a new one, and its stream begins with the records of the deleted table,
# under the same shard's id. DescribeStream calls the greatest sequence number, compared as text, the last one.
# Why it matters: a test that puts a table back to a backup, as a point-in-time recovery does, sees what was lost delivered once more
# from the stream, and passes although in AWS it would be gone.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
package=@dynoxide/$(node -p 'process.platform + "-" + process.arch')
npm install --no-audit --no-fund --silent --ignore-scripts "$package@1.2.1"
cat > port.cjs <<'JS'
const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
  console.log(server.address().port);
  server.close();
});
JS
port=$(node port.cjs)
"node_modules/$package/dynoxide" serve --host 127.0.0.1 --port "$port" --db-path "$folder/database" > server.log 2>&1 &
server=$!
cat > ask.mjs <<'JS'
const call = async (service, operation, input) => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await fetch(`http://127.0.0.1:${process.argv[2]}`, {
        method: 'POST',
        headers: {
          'x-amz-target': `${service}_20120810.${operation}`,
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-date': '20260101T000000Z',
          authorization:
            'AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
        },
        body: JSON.stringify(input),
      });
      if (!response.ok) throw new Error(await response.text());
      return await response.json();
    } catch (error) {
      if (error.message !== 'fetch failed' || attempt > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};
const table = (operation, input) => call('DynamoDB', operation, { TableName: 'shop', ...input });
const stream = (operation, input) => call('DynamoDBStreams', operation, input);
const put = (name) => table('PutItem', { Item: { pk: { S: name } } });
const make = async () => {
  await table('CreateTable', {
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
  });
  return (await table('DescribeTable')).Table.LatestStreamArn;
};
const before = await make();
for (let i = 1; i <= 10; i += 1) await put(`old-${i}`);
await table('DeleteTable');
const StreamArn = await make();
await put('new');
const { StreamDescription } = await stream('DescribeStream', { StreamArn });
const [{ ShardId, SequenceNumberRange }] = StreamDescription.Shards;
const { ShardIterator } = await stream('GetShardIterator', { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
const { Records } = await stream('GetRecords', { ShardIterator });
console.log(`another ARN: ${before !== StreamArn}`);
console.log(`first and last record: ${Records[0].dynamodb.Keys.pk.S}, ${Records.at(-1).dynamodb.Keys.pk.S}`);
console.log(`last sequence number ${Records.at(-1).dynamodb.SequenceNumber}, described as ${SequenceNumberRange.EndingSequenceNumber}`);
JS
output=$(node ask.mjs "$port")
echo "dynoxide 1.2.1:"
echo "$output"
[ "$output" = 'another ARN: true
first and last record: old-1, new
last sequence number 11, described as 9' ]
