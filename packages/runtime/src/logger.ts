import { Logger } from '@aws-lambda-powertools/logger';

/** Structured JSON lines. The service's name comes from POWERTOOLS_SERVICE_NAME. */
export const logger = new Logger();

/**
 * What may be logged of an error: name, message and stack. Never the object itself, because an SDK error has the
 * stored item (`ReturnValuesOnConditionCheckFailure`) and with it personal data.
 */
export function describeError(error: unknown): { name: string; message: string; stack?: string } {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  return { name: error.name, message: error.message, ...(error.stack && { stack: error.stack }) };
}
