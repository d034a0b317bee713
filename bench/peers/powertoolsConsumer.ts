import { BatchProcessor, EventType } from '@aws-lambda-powertools/batch';
import { parser } from '@aws-lambda-powertools/batch/parser';
import { JSONStringified } from '@aws-lambda-powertools/parser/helpers';
import { SqsRecordSchema } from '@aws-lambda-powertools/parser/schemas';
import { eventSchema } from './eventSchema.ts';
import { toolkitHandler } from './toolkitHandler.ts';

/** With the whole record's schema given, which the documentation has as another way. */
export const handler = toolkitHandler(
  new BatchProcessor(EventType.SQS, {
    parser,
    schema: SqsRecordSchema.extend({ body: JSONStringified(eventSchema) }),
  }),
);
