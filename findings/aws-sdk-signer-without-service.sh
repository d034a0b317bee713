#!/usr/bin/env bash
# A client of the AWS SDK for JavaScript takes a `signer` of one's own, and its type says that the signer is given a
# `signingService`. One would guess that every client names its service there: each signs for exactly one.
#
# What happens: S3 names it, and DynamoDB, SNS, SQS and KMS give `undefined`. Their service is known to the constructor of the
# SDK's own signer only, so that a replacement has to be given as `signerConstructor`.
#
# Why it matters: a signer for emulators or proxies writes a credential scope without a service
# (…/eu-west-1//aws4_request), and whoever routes by the scope, as several emulators on one port do, answers 500.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund \
  @aws-sdk/client-dynamodb@3.1164.0 @aws-sdk/client-sns@3.1169.0 @aws-sdk/client-s3@3.1173.0 >&2
cat > signers.js <<'JS'
import { createServer } from 'node:http';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';

const server = createServer((_request, response) => response.writeHead(400).end('{}'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const common = {
  endpoint: `http://127.0.0.1:${server.address().port}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
};
const seen = {};
for (const [name, Client, Command] of [
  ['dynamodb', DynamoDBClient, ListTablesCommand],
  ['sns', SNSClient, ListTopicsCommand],
  ['s3', S3Client, ListBucketsCommand],
]) {
  const signer = { sign: async (request, { signingService }) => { seen[name] = [`signer: ${signingService}`]; return request; } };
  class Signer {
    constructor({ service }) { this.service = service; }
    async sign(request) { seen[name].push(`signerConstructor: ${this.service}`); return request; }
  }
  await new Client({ ...common, signer }).send(new Command({})).catch(() => {});
  await new Client({ ...common, signerConstructor: Signer }).send(new Command({})).catch(() => {});
}
server.close();
console.log(JSON.stringify(seen, null, 1));
const isAsStated =
  seen.dynamodb.join() === 'signer: undefined,signerConstructor: dynamodb' &&
  seen.sns.join() === 'signer: undefined,signerConstructor: sns' &&
  seen.s3.join() === 'signer: s3,signerConstructor: s3';
process.exit(isAsStated ? 0 : 1);
JS
echo "client-dynamodb 3.1164.0, client-sns 3.1169.0, client-s3 3.1173.0"
node signers.js
