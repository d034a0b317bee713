import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { logger } from './logger.ts';
import { metrics } from './metrics.ts';

/** A Lambda function: what it logs says which invocation it belongs to, and its metrics are flushed at its end. */
export const lambda = <Input, Output>(run: (event: Input, context: Context) => Promise<Output>) =>
  middy<Input, Output>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use({ after: flushMetrics, onError: flushMetrics })
    .handler(run);

/** Powertools' own middleware logs a warning at the end of every run that measured nothing, which most do. */
function flushMetrics(): void {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}
