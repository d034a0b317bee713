import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { logger } from './logger.ts';
import { metrics } from './metrics.ts';

/** A Lambda function: what it logs says which invocation it belongs to, and its metrics are flushed at its end. */
export const lambda = <Input, Output>(run: (event: Input, context: Context) => Promise<Output>) =>
  middy<Input, Output>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(logMetrics(metrics))
    .handler(run);
