import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { region } from '@fanfold/local-cloud/account';
import { bucketPrefix } from '../../topology/names.js';

/** A call to AWS, Stripe or a witness as it goes over the wire: one attempt of one command of the SDK. */
export type Call = {
  /** Such as `payments.createPayment`. */
  functionName: string;
  operation: string;
  /** The table, topic, queue, key, secret or kind of file that it is about; of Stripe, the kind of object and what is done to it. */
  target: string;
  protocol: 'dynamodb' | 'sqs' | 'sns' | 'kms' | 'secretsmanager' | 's3' | 'stripe' | 'witness';
  /** The same for all attempts of a command. */
  commandId: string;
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
};

export type Answer = { status: number; headers: IncomingHttpHeaders; body: string | Buffer };

/**
 * Reads a request of the SDK: JSON with a target for DynamoDB, SQS, KMS and Secrets Manager, a form for SNS, a path with the
 * operation in its query for S3. Or one of Stripe's API: a path with a resource and, of one that is there, what is done to it. Or
 * the one call to a witness.
 */
export function callOf(
  functionName: string,
  { method = '', url: path = '', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  body: Buffer,
): Call {
  const [service = '', operation = ''] = String(headers['x-amz-target'] ?? '').split('.');
  const commandId = String(headers['amz-sdk-invocation-id']);
  const about = { functionName, method, path, headers, body, commandId };
  if (service.startsWith('DynamoDB')) {
    return { ...about, operation, protocol: 'dynamodb', target: tablesOf(inputOf({ body }))[0] ?? '' };
  }
  if (service.startsWith('AmazonSQS')) {
    // Whatever the queue's URL is, the emulator reads the body.
    return { ...about, path: '/', operation, protocol: 'sqs', target: lastPart(inputOf({ body }).QueueUrl) };
  }
  if (service === 'TrentService') {
    return { ...about, operation, protocol: 'kms', target: lastPart(inputOf({ body }).KeyId) };
  }
  if (service === 'secretsmanager') {
    return { ...about, operation, protocol: 'secretsmanager', target: lastPart(inputOf({ body }).SecretId) };
  }
  const { pathname, searchParams } = new URL(path, 'http://localhost');
  if (headers['stripe-version']) {
    const [, resource, id, verb] = pathname.split('/').slice(1);
    const target = ['stripe', resource, id === 'search' ? id : verb].filter(Boolean).join('/');
    return { ...about, commandId: crypto.randomUUID(), operation: method, protocol: 'stripe', target };
  }
  if (pathname === '/add-checkpoint') {
    const commandId = crypto.randomUUID();
    return { ...about, commandId, operation: 'POST', protocol: 'witness', target: 'witness-outside' };
  }
  // A list has another form.
  const ofFile = searchParams.get('x-id') ?? (searchParams.has('list-type') ? 'ListObjectsV2' : undefined);
  if (ofFile) return { ...about, operation: ofFile, protocol: 's3', target: kindOfFile(pathname) };
  if (searchParams.has('list-type')) {
    const target = kindOfFile(`${pathname}${searchParams.get('prefix') ?? ''}`);
    return { ...about, operation: 'ListObjectsV2', protocol: 's3', target };
  }
  const form = new URLSearchParams(String(body));
  const action = form.get('Action');
  if (!action)
    throw new Error(`Not a call that the network knows: ${method} ${path} ${body.subarray(0, 200)}`);
  return { ...about, operation: action, protocol: 'sns', target: lastPart(form.get('TopicArn') ?? '') };
}

/** What a call asks in JSON. */
// biome-ignore lint/suspicious/noExplicitAny: whatever an operation takes
export const inputOf = ({ body }: Pick<Call, 'body'>): any => JSON.parse(String(body));

/** The bucket and the first part of the path within it: files of a folder are of one kind. */
function kindOfFile(pathname: string): string {
  const [, bucket = '', first = ''] = pathname.split('/');
  return `${bucket.replace(bucketsOfStack, 'fanfold-local').replace(/-\d{12}$/, '')}/${first}`;
}

/** Buckets have their region in their names, and nothing else that is here. */
const bucketsOfStack = bucketPrefix('local', region);

const lastPart = (name: string): string => name.split(/[:/]/).at(-1) as string;

/** The tables that a call is about, in their order, each once. */
function tablesOf(input: Record<string, unknown>): string[] {
  const { TableName, IndexName, RequestItems, TransactItems } = input as {
    TableName?: string;
    IndexName?: string;
    RequestItems?: object;
    TransactItems?: Record<string, { TableName: string }>[];
  };
  if (TransactItems) {
    return [...new Set(TransactItems.flatMap((item) => Object.values(item).map((each) => each.TableName)))];
  }
  return [TableName === undefined ? (Object.keys(RequestItems ?? {})[0] ?? '') : TableName].map((table) =>
    IndexName ? `${table}/${IndexName}` : table,
  );
}

/** Everything that a call writes to: a transaction can be about more than one table. */
export const writtenBy = (call: Call): string[] =>
  call.operation === 'TransactWriteItems' ? tablesOf(inputOf(call)) : [call.target];

/** What AWS, Stripe or a witness answers when it refuses a call. */
export function errorAnswer({ protocol }: Call, status: number, code: string, more: object = {}): Answer {
  if (protocol === 'sns') {
    const body = `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${code}</Message></Error><RequestId>fault</RequestId></ErrorResponse>`;
    return { status, headers: { 'content-type': 'text/xml' }, body };
  }
  if (protocol === 's3') {
    const body = `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
    return { status, headers: { 'content-type': 'application/xml' }, body };
  }
  if (protocol === 'stripe') {
    // https://docs.stripe.com/api/errors
    const error = { type: status >= 500 ? 'api_error' : 'invalid_request_error', code };
    return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) };
  }
  if (protocol === 'witness') return { status, headers: {}, body: '' };
  const { namespace, contentType } = json[protocol];
  const body = JSON.stringify({ __type: `${namespace}${code}`, message: code, ...more });
  return { status, headers: { 'content-type': contentType }, body };
}

const json = {
  dynamodb: { namespace: 'com.amazonaws.dynamodb.v20120810#', contentType: 'application/x-amz-json-1.0' },
  sqs: { namespace: 'com.amazonaws.sqs#', contentType: 'application/x-amz-json-1.0' },
  kms: { namespace: '', contentType: 'application/x-amz-json-1.1' },
  secretsmanager: { namespace: '', contentType: 'application/x-amz-json-1.1' },
};

/**
 * A call of which a part is not done, and its answer, in which that part is not said to be done: a message is in neither
 * `Successful` nor `Failed`, for only the one says anything. Undefined for what has no parts.
 */
export function partOf(call: Call): { body: string; answer: (whole: Answer) => Answer } | undefined {
  switch (call.operation) {
    case 'BatchGetItem': {
      const input = inputOf(call);
      const [[table, { Keys, ...rest }]] = Object.entries(input.RequestItems) as [
        [string, { Keys: object[] }],
      ];
      // A call without keys is no call: at least one is done.
      const done = Math.max(1, Math.floor(Keys.length / 2));
      const body = JSON.stringify({ RequestItems: { [table]: { ...rest, Keys: Keys.slice(0, done) } } });
      const UnprocessedKeys = { [table]: { ...rest, Keys: Keys.slice(done) } };
      if (done === Keys.length) return undefined;
      return { body, answer: (whole) => withMembers(whole, { UnprocessedKeys }) };
    }
    case 'SendMessageBatch': {
      const input = inputOf(call) as { Entries: { Id: string }[] };
      if (input.Entries.length === 1) {
        return { body: '', answer: () => answerOf({ Successful: [], Failed: [] }) };
      }
      const body = JSON.stringify({ ...input, Entries: input.Entries.slice(0, -1) });
      return { body, answer: (whole) => whole };
    }
    case 'ChangeMessageVisibilityBatch': {
      const input = inputOf(call) as { Entries: { Id: string }[] };
      const Failed = input.Entries.map(({ Id }) => failure(Id));
      return { body: '', answer: () => answerOf({ Successful: [], Failed }) };
    }
    case 'PublishBatch': {
      const form = new URLSearchParams(String(call.body));
      const ids = [...form].filter(([name]) => /^PublishBatchRequestEntries\.member\.\d+\.Id$/.test(name));
      const [[name]] = ids.slice(-1) as [[string, string]];
      const prefix = name.replace(/Id$/, '');
      for (const key of [...form.keys()]) if (key.startsWith(prefix)) form.delete(key);
      if (ids.length > 1) return { body: form.toString(), answer: (whole) => whole };
      const body =
        '<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful/><Failed/></PublishBatchResult><ResponseMetadata><RequestId>fault</RequestId></ResponseMetadata></PublishBatchResponse>';
      return { body: '', answer: () => ({ status: 200, headers: { 'content-type': 'text/xml' }, body }) };
    }
    default:
      return undefined;
  }
}

const failure = (Id: string) => ({ Id, Code: 'InternalError', Message: 'fault', SenderFault: false });

const answerOf = (value: object): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(value),
});

const withMembers = (whole: Answer, members: object): Answer => ({
  ...whole,
  body: JSON.stringify({ ...JSON.parse(String(whole.body)), ...members }),
});
