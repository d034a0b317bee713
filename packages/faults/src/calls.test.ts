import { describe, expect, it } from 'vitest';
import { bucketPrefix } from '../../topology/names.js';
import { type Call, callOf, errorAnswer, partOf, writtenBy } from './calls.ts';

const publishBatch = (ids: string[]): string =>
  new URLSearchParams([
    ['Action', 'PublishBatch'],
    ['TopicArn', 'arn:aws:sns:eu-west-1:000000000000:fanfold-local-events'],
    ...ids.flatMap((id, i): [string, string][] => [
      [`PublishBatchRequestEntries.member.${i + 1}.Id`, id],
      [`PublishBatchRequestEntries.member.${i + 1}.Message`, `{"n":"${id}"}`],
    ]),
  ]).toString();

const read = (body: string, target?: string, url = '/', method = 'POST'): Call =>
  callOf(
    'payments.publisher',
    { method, url, headers: { 'amz-sdk-invocation-id': 'c1', ...(target && { 'x-amz-target': target }) } },
    Buffer.from(body),
  );

describe('a call', () => {
  it.each([
    ['DynamoDB_20120810.PutItem', '{"TableName":"t"}', 'PutItem', 't'],
    ['DynamoDB_20120810.Query', '{"TableName":"t","IndexName":"ByDay"}', 'Query', 't/ByDay'],
    ['DynamoDB_20120810.BatchGetItem', '{"RequestItems":{"t":{"Keys":[]}}}', 'BatchGetItem', 't'],
    [
      'DynamoDB_20120810.TransactWriteItems',
      '{"TransactItems":[{"Put":{"TableName":"t"}}]}',
      'TransactWriteItems',
      't',
    ],
    ['AmazonSQS.SendMessageBatch', '{"QueueUrl":"http://127.0.0.1/000000000000/q"}', 'SendMessageBatch', 'q'],
    ['secretsmanager.GetSecretValue', '{"SecretId":"fanfold/local/stripe"}', 'GetSecretValue', 'stripe'],
    ['TrentService.Sign', '{"KeyId":"arn:aws:kms:eu-west-1:000000000000:key/k"}', 'Sign', 'k'],
    [undefined, publishBatch(['0']), 'PublishBatch', 'fanfold-local-events'],
  ])('%s is known by what it asks of whom', (target, body, operation, of) => {
    expect(read(body, target)).toMatchObject({ operation, target: of, commandId: 'c1' });
  });

  it.each([
    ['GET', '/checkpoint?x-id=GetObject', 'GetObject', 'checkpoint'],
    ['PUT', '/tile/0/000.p/3?x-id=PutObject', 'PutObject', 'tile'],
    ['GET', '/?list-type=2&prefix=erased%2F', 'ListObjectsV2', ''],
  ])('%s %s is about files of one kind', (method, path, operation, kind) => {
    const url = `/${bucketPrefix('local', 'eu-west-1')}-audit-log-000000000000${path}`;
    const target = `fanfold-local-audit-log/${kind}`;
    expect(read('bytes', undefined, url, method)).toMatchObject({ protocol: 's3', operation, target });
  });

  it.each([
    ['POST', '/v1/payment_intents', 'stripe/payment_intents'],
    ['GET', '/v1/payment_intents/pi_1?expand%5B%5D=latest_charge', 'stripe/payment_intents'],
    ['GET', '/v1/payment_intents/search?query=x', 'stripe/payment_intents/search'],
    ['POST', '/v1/payment_intents/pi_1/confirm', 'stripe/payment_intents/confirm'],
  ])('to Stripe, %s %s, is about a kind of object and what is done to it', (method, url, target) => {
    const headers = { 'stripe-version': '2026-10-28.endive' };
    const call = callOf('payments.createPayment', { method, url, headers }, Buffer.from('amount=1'));
    expect(call).toMatchObject({ protocol: 'stripe', operation: method, target });
  });

  it('that is a transaction writes to each of its tables', () => {
    const body =
      '{"TransactItems":[{"Update":{"TableName":"a"}},{"Put":{"TableName":"b"}},{"Put":{"TableName":"a"}}]}';
    expect(writtenBy(read(body, 'DynamoDB_20120810.TransactWriteItems'))).toEqual(['a', 'b']);
    expect(writtenBy(read('{"TableName":"t"}', 'DynamoDB_20120810.PutItem'))).toEqual(['t']);
  });

  it('of another kind is refused', () => {
    expect(() => read('Version=1')).toThrow('Not a call');
  });
});

describe('a part of a call', () => {
  it('leaves the last message of a batch out, without a word of it', () => {
    const part = partOf(read(publishBatch(['0', '1'])));
    expect(part?.body).not.toContain('member.2');
    const whole = { status: 200, headers: {}, body: 'what was answered of the others' };
    expect(part?.answer(whole)).toBe(whole);
  });

  it('of a single message is nothing, and an answer that names none', () => {
    const part = partOf(read(publishBatch(['0'])));
    expect(part?.body).toBe('');
    expect(part?.answer({ status: 200, headers: {}, body: '' }).body).toContain('<Successful/><Failed/>');
  });

  it('reads half of the keys and gives back the others', () => {
    const body = '{"RequestItems":{"t":{"Keys":[{"pk":{"S":"a"}},{"pk":{"S":"b"}}],"ConsistentRead":true}}}';
    const part = partOf(read(body, 'DynamoDB_20120810.BatchGetItem'));
    expect(JSON.parse(part?.body ?? '').RequestItems.t.Keys).toEqual([{ pk: { S: 'a' } }]);
    const answer = part?.answer({ status: 200, headers: {}, body: '{"Responses":{"t":[]}}' });
    expect(JSON.parse(String(answer?.body))).toEqual({
      Responses: { t: [] },
      UnprocessedKeys: { t: { Keys: [{ pk: { S: 'b' } }], ConsistentRead: true } },
    });
  });

  it('is not to be had of what has one part only', () => {
    expect(partOf(read('{"TableName":"t"}', 'DynamoDB_20120810.PutItem'))).toBeUndefined();
    expect(
      partOf(read('{"RequestItems":{"t":{"Keys":[{}]}}}', 'DynamoDB_20120810.BatchGetItem')),
    ).toBeUndefined();
  });
});

it('errors have the form of their service', () => {
  const json = errorAnswer(
    read('{"TableName":"t"}', 'DynamoDB_20120810.PutItem'),
    400,
    'AccessDeniedException',
  );
  expect(JSON.parse(String(json.body)).__type).toBe('com.amazonaws.dynamodb.v20120810#AccessDeniedException');
  expect(errorAnswer(read(publishBatch(['0'])), 403, 'AuthorizationError').body).toContain(
    '<Code>AuthorizationError</Code>',
  );
  const ofKms = errorAnswer(read('{"KeyId":"k"}', 'TrentService.Sign'), 400, 'ThrottlingException');
  expect(JSON.parse(String(ofKms.body)).__type).toBe('ThrottlingException');
  const ofStripe = errorAnswer({ protocol: 'stripe' } as Call, 429, 'rate_limit');
  expect(JSON.parse(String(ofStripe.body)).error).toEqual({
    type: 'invalid_request_error',
    code: 'rate_limit',
  });
  const ofS3 = errorAnswer(read('', undefined, '/bucket/checkpoint?x-id=GetObject', 'GET'), 503, 'SlowDown');
  expect(ofS3.body).toContain('<Error><Code>SlowDown</Code>');
});
