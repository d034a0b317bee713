import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { parser } from '@aws-lambda-powertools/batch/parser';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { JSONStringified } from '@aws-lambda-powertools/parser/helpers';
import { SqsRecordSchema } from '@aws-lambda-powertools/parser/schemas';
import middy from '@middy/core';
import type { SQSEvent } from 'aws-lambda';
import { eventSchema } from './eventSchema.ts';

const logger = new Logger();
const processor = new BatchProcessor(EventType.SQS, {
  parser,
  schema: SqsRecordSchema.extend({ body: JSONStringified(eventSchema) }),
});

/** A consumer that parses as Powertools' documentation has it, and does nothing. */
export const handler = middy<SQSEvent, unknown>()
  .use(injectLambdaContext(logger))
  .handler(async (event: SQSEvent, context) =>
    processPartialResponse(event, async () => {}, processor, { context }),
  );
