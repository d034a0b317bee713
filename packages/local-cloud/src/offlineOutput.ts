import { withSources } from './sourceMaps.ts';

/**
 * Makes a line of `serverless offline` readable among those of other services: announcements that `dev` makes itself
 * go, runs get short, structured log lines turn into text, and traces name the sources.
 *
 * @returns undefined for a line that says nothing more; several lines for an error with its trace.
 */
export function readableLine(line: string): string | undefined {
  if (announcements.some((announcement) => announcement.test(line))) return undefined;
  if (line.startsWith('{')) return readableLog(line);
  return withSources(line.replace(run, '$1 took $2 ms'));
}

const announcements = [
  /^\s*$/,
  /^Starting Offline at stage/,
  /^Offline \[http for lambda\] listening/,
  /^Function names exposed for local invocation/,
  /^ {3}\* \S+: \S+$/,
  /^Scheduling \[/,
  /^Successfully invoked scheduled function/,
  /^\S+ is ready: http/,
];

/** `(λ: createPayment) RequestId: 5f…  Duration: 12.34 ms  Billed Duration: 13 ms` */
const run = /^\(λ: (\w+)\) RequestId: \S+ +Duration: ([\d.]+) ms +Billed Duration: \d+ ms$/;

/** What every line of a function says again, or what its first line of output says. */
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
  // CloudWatch's embedded metric format, which nobody collects here.
  if ('_aws' in entry) return undefined;
  if (typeof entry.level !== 'string') return line;
  const { error, ...others } = entry;
  const details = Object.entries(others)
    .filter(([name]) => !repeated.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const text = [entry.level, entry.message, ...details].join(' ');
  return error === undefined ? text : `${text}\n${readableError(error)}`;
}

/** A trace begins with name and message. Its lines are indented as Node does it. */
function readableError(error: unknown): string {
  const { name, message, stack } = (error ?? {}) as { name?: string; message?: string; stack?: string };
  return stack ? withSources(stack) : name ? `${name}: ${message}` : JSON.stringify(error);
}
