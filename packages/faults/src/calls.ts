import type { IncomingHttpHeaders } from 'node:http';

/** A call to AWS as it goes over the wire: one attempt of one command of the SDK. */
export type Call = {
  /** Such as `payments.createPayment`. */
  functionName: string;
  operation: string;
  /** The table, topic, queue or key that it is about. */
  target: string;
  protocol: 'dynamodb' | 'sqs' | 'sns' | 'kms';
  /** The same for all attempts of a command. */
  commandId: string;
  headers: IncomingHttpHeaders;
  body: string;
};

export type Answer = { status: number; headers: Record<string, string>; body: string };

/** Reads a request of the SDK: JSON with a target for DynamoDB, SQS and KMS, a form for SNS. */
export function callOf(functionName: string, headers: IncomingHttpHeaders, body: string): Call {
  const [service = '', operation = ''] = String(headers['x-amz-target'] ?? '').split('.');
  const about = { functionName, headers, body, commandId: String(headers['amz-sdk-invocation-id']) };
  if (service.startsWith('DynamoDB')) {
    return { ...about, operation, protocol: 'dynamodb', target: tableOf(JSON.parse(body)) };
  }
  if (service.startsWith('AmazonSQS')) {
    return { ...about, operation, protocol: 'sqs', target: lastPart(JSON.parse(body).QueueUrl) };
  }
  if (service === 'TrentService') {
    return { ...about, operation, protocol: 'kms', target: lastPart(JSON.parse(body).KeyId) };
  }
  const form = new URLSearchParams(body);
  const action = form.get('Action');
  if (!action) throw new Error(`Not a call that the network knows: ${body.slice(0, 200)}`);
  return { ...about, operation: action, protocol: 'sns', target: lastPart(form.get('TopicArn') ?? '') };
}

const lastPart = (name: string): string => name.split(/[:/]/).at(-1) as string;

function tableOf(input: Record<string, unknown>): string {
  const { TableName, IndexName, RequestItems, TransactItems } = input as {
    TableName?: string;
    IndexName?: string;
    RequestItems?: object;
    TransactItems?: Record<string, { TableName: string }>[];
  };
  const first = Object.values(TransactItems?.[0] ?? {})[0];
  const table = TableName ?? first?.TableName ?? Object.keys(RequestItems ?? {})[0] ?? '';
  return IndexName ? `${table}/${IndexName}` : table;
}

/** What AWS answers when it refuses a call. */
export function errorAnswer({ protocol }: Call, status: number, code: string, more: object = {}): Answer {
  if (protocol === 'sns') {
    const body = `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${code}</Message></Error><RequestId>fault</RequestId></ErrorResponse>`;
    return { status, headers: { 'content-type': 'text/xml' }, body };
  }
  const { namespace, contentType } = json[protocol];
  const body = JSON.stringify({ __type: `${namespace}${code}`, message: code, ...more });
  return { status, headers: { 'content-type': contentType }, body };
}

const json = {
  dynamodb: { namespace: 'com.amazonaws.dynamodb.v20120810#', contentType: 'application/x-amz-json-1.0' },
  sqs: { namespace: 'com.amazonaws.sqs#', contentType: 'application/x-amz-json-1.0' },
  kms: { namespace: '', contentType: 'application/x-amz-json-1.1' },
};

/** A call of which a part is not done, and the answer that says so. Undefined for what has no parts. */
export function partOf(call: Call): { body: string; answer: (whole: Answer) => Answer } | undefined {
  switch (call.operation) {
    case 'BatchGetItem': {
      const input = JSON.parse(call.body);
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
      const input = JSON.parse(call.body) as { Entries: { Id: string }[] };
      const Failed = input.Entries.slice(-1).map(({ Id }) => failure(Id));
      if (input.Entries.length === 1) return { body: '', answer: () => answerOf({ Successful: [], Failed }) };
      const body = JSON.stringify({ ...input, Entries: input.Entries.slice(0, -1) });
      return { body, answer: (whole) => withMembers(whole, { Failed }) };
    }
    case 'ChangeMessageVisibilityBatch': {
      const input = JSON.parse(call.body) as { Entries: { Id: string }[] };
      const Failed = input.Entries.map(({ Id }) => failure(Id));
      return { body: '', answer: () => answerOf({ Successful: [], Failed }) };
    }
    case 'PublishBatch': {
      const form = new URLSearchParams(call.body);
      const ids = [...form].filter(([name]) => /^PublishBatchRequestEntries\.member\.\d+\.Id$/.test(name));
      const [[name, id]] = ids.slice(-1) as [[string, string]];
      const prefix = name.replace(/Id$/, '');
      for (const key of [...form.keys()]) if (key.startsWith(prefix)) form.delete(key);
      const failed = `<Failed><member><Id>${id}</Id><Code>InternalError</Code><Message>fault</Message><SenderFault>false</SenderFault></member></Failed>`;
      if (ids.length === 1) {
        const body = `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful/>${failed}</PublishBatchResult><ResponseMetadata><RequestId>fault</RequestId></ResponseMetadata></PublishBatchResponse>`;
        return { body: '', answer: () => ({ status: 200, headers: { 'content-type': 'text/xml' }, body }) };
      }
      return {
        body: form.toString(),
        answer: (whole) => ({
          ...whole,
          body: whole.body
            .replace(/<Failed\s*\/>|<Failed><\/Failed>/, '')
            .replace('</PublishBatchResult>', `${failed}</PublishBatchResult>`),
        }),
      };
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
  body: JSON.stringify({ ...JSON.parse(whole.body), ...members }),
});
