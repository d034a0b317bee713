import { BatchProcessor, EventType } from '@aws-lambda-powertools/batch';
import { parser } from '@aws-lambda-powertools/batch/parser';
import { eventSchema } from './eventSchema.ts';
import { toolkitHandler } from './toolkitHandler.ts';

/** With the schema of the message given, which the documentation has first. */
export const handler = toolkitHandler(
  new BatchProcessor(EventType.SQS, { parser, innerSchema: eventSchema, transformer: 'json' }),
);
