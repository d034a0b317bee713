import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { HttpResponse } from '@smithy/core/protocols';
import { expect, test, vi } from 'vitest';
import { clientSettings } from './aws.ts';

test.each([
  ['its answer', 200],
  ['its error', 400],
])('The SDK copies nothing of a call and %s for a log that nobody reads', async (_what, statusCode) => {
  const response = new HttpResponse({ statusCode, headers: {}, body: Buffer.from('{}') });
  const client = new DynamoDBClient({
    ...clientSettings,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: { handle: async () => ({ response }) },
  });
  const copy = vi.fn();
  client.middlewareStack.add(
    (next, context) => {
      Object.assign(context, { inputFilterSensitiveLog: copy, outputFilterSensitiveLog: copy });
      return next;
    },
    { step: 'initialize', priority: 'high' },
  );
  await client.send(new ListTablesCommand({})).catch((error) => expect(statusCode, error).toBe(400));
  expect(copy).not.toHaveBeenCalled();
});
