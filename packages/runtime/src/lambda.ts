import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { logger } from './logger.ts';
import { metrics, stageMetrics } from './metrics.ts';

/** A Lambda function whose log lines have the id of the invocation, and whose metrics are flushed at its end. */
export const lambda = <Input, Output>(run: (event: Input, context: Context) => Promise<Output>) =>
  middy<Input, Output>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use({ after: flushMetrics, onError: flushMetrics })
    .handler(run);

/** The middleware of Powertools logs a warning at the end of every run that measured nothing, which most do. */
function flushMetrics(): void {
  for (const each of [metrics, stageMetrics]) if (each.hasStoredMetrics()) each.publishStoredMetrics();
}
