import { Agent, request } from 'node:http';
import { signatureFor } from '../account.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
const targets = {
  dynamodb: { signedFor: 'dynamodb', target: 'DynamoDB_20120810' },
  streams: { signedFor: 'dynamodb', target: 'DynamoDBStreams_20120810' },
  sqs: { signedFor: 'sqs', target: 'AmazonSQS' },
} as const;

/**
 * Calls an operation. Input and answer are as on the wire: times are seconds, bytes are base64.
 *
 * @throws when it is refused, an error with AWS's name for the reason, such as `ExpiredIteratorException`
 */
export type Call = <Answer>(operation: string, input: object, signal?: AbortSignal) => Promise<Answer>;

export type JsonApi = { call: Call; close(): void };

/**
 * An API of an emulator that speaks JSON, over connections that stay. Not through the SDK's client, which takes four times as
 * long for a call: mappings call so often that this was a tenth of the processor time of their process, and they hand on
 * what they read as it is.
 */
export function jsonApi(endpoint: string, service: keyof typeof targets): JsonApi {
  const agent = new Agent({ keepAlive: true });
  const { signedFor, target } = targets[service];
  const headers = { ...signatureFor(signedFor), 'content-type': 'application/x-amz-json-1.0' };

  /** Sends a body once, or again when the other side had closed the connection before it knew of it. */
  const send = (operation: string, body: string, signal?: AbortSignal) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const sent = request(endpoint, {
        method: 'POST',
        agent,
        headers: {
          ...headers,
          'x-amz-target': `${target}.${operation}`,
          'content-length': Buffer.byteLength(body),
        },
        ...(signal && { signal }),
      });
      sent.once('error', (error: NodeJS.ErrnoException) => {
        if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(send(operation, body, signal));
        else reject(error);
      });
      sent.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.end(body);
    });

  return {
    async call<Answer>(operation: string, input: object, signal?: AbortSignal): Promise<Answer> {
      const { status, text } = await send(operation, JSON.stringify(input), signal);
      if (status !== 200) throw refusal(operation, status, text);
      return (text === '' ? {} : JSON.parse(text)) as Answer;
    },
    close: () => agent.destroy(),
  };
}

function refusal(operation: string, status: number, text: string): Error {
  const error = new Error(`${operation} was answered ${status} ${text.slice(0, 500)}`);
  const [, name] = /"__type":"(?:[^"]*#)?(\w+)"/.exec(text) ?? [];
  return name ? Object.assign(error, { name }) : error;
}
