import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings, keepSigner } from './aws.ts';
import { isThrottled } from './failure.ts';
import { stageMetrics } from './metrics.ts';

export const dynamodb = /* @__PURE__ */ countThrottling(
  /* @__PURE__ */ keepSigner(/* @__PURE__ */ new DynamoDBClient(clientSettings)),
);

/** Counts calls that were throttled for longer than the client retries. CloudWatch's own metrics are by table and operation. */
function countThrottling(client: DynamoDBClient): DynamoDBClient {
  client.middlewareStack.add(
    (next) => async (call) => {
      try {
        return await next(call);
      } catch (error) {
        if (isThrottled(error)) stageMetrics.addMetric('TablesThrottled', 'Count', 1);
        throw error;
      }
    },
    { step: 'initialize', name: 'countThrottling' },
  );
  return client;
}
