import { withSources } from './sourceMaps.ts';

/**
 * Makes a function's output readable on a terminal: structured log lines become text, and stack traces name the
 * sources.
 *
 * @returns undefined for a line without information for a reader; several lines for an error with its stack trace.
 */
export function readableLine(line: string): string | undefined {
  return line.startsWith('{') ? readableLog(line) : withSources(line);
}

/** Whether a line is in CloudWatch's embedded metric format: for programs, and nothing to read. */
export const isMeasurement = (line: string): boolean => line.startsWith('{"_aws":{');

/** Fields that are the same in every line of a function, or in its first line. */
const repeated = new Set([
  'level',
  'message',
  'timestamp',
  'service',
  'cold_start',
  'function_arn',
  'function_memory_size',
  'function_name',
  'function_request_id',
  'sampling_rate',
  'xray_trace_id',
]);

function readableLog(line: string): string | undefined {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof entry.level !== 'string') return line;
  const { error, ...others } = entry;
  const details = Object.entries(others)
    .filter(([name]) => !repeated.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const text = [entry.level, entry.message, ...details].join(' ');
  return error === undefined ? text : `${text}\n${readableError(error)}`;
}

/** A stack trace begins with name and message. Its lines are indented as Node does it. */
function readableError(error: unknown): string {
  const { name, message, stack } = (error ?? {}) as { name?: string; message?: string; stack?: string };
  return stack ? withSources(stack) : name ? `${name}: ${message}` : JSON.stringify(error);
}
