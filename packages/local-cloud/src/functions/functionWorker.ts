import { parentPort } from 'node:worker_threads';
import type { Context } from 'aws-lambda';
import type { FunctionFailure } from './invoke.ts';

/** What an instance runs. */
export type Order = {
  /** The function's. */
  name: string;
  /** JSON. */
  event: string;
  awsRequestId: string;
  /** Until the instance has said that the function is loaded. */
  definition?: Definition;
};

export type Definition = {
  /** URL of the module, and the export that handles. */
  module: string;
  handler: string;
  /** The whole environment: as in Lambda, a function has only the variables of its template. */
  environment: Record<string, string>;
  timeoutMs: number;
  context: Pick<
    Context,
    'functionName' | 'invokedFunctionArn' | 'memoryLimitInMB' | 'logGroupName' | 'logStreamName'
  >;
};

/** What an instance answers: that a function is loaded, which it does once for each; what functions write; and how a run ended. */
export type FromWorker = { loaded: true } | { lines: string[] } | Report;

/** The result of a run: JSON, or an error in Lambda's form. */
export type Report = { answer: string } | { error: FunctionFailure };

type Handler = (event: unknown, context: Context) => unknown;

const post = (message: FromWorker): void => parentPort?.postMessage(message);

/** What has been loaded. To import it again for each run would take longer than some runs. */
const loaded = new Map<string, Definition & { handle: Handler }>();

parentPort?.on('message', async (order: Order) => {
  post(await run(order));
});

async function run({ name, event, awsRequestId, definition }: Order): Promise<Report> {
  try {
    if (definition) loaded.set(name, await load(definition));
    const { handle, environment, timeoutMs, context } = loaded.get(name) as Definition & { handle: Handler };
    process.env = environment;
    const endsAt = performance.now() + timeoutMs;
    const answer = await handle(JSON.parse(event), {
      ...context,
      awsRequestId,
      functionVersion: '$LATEST',
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, Math.round(endsAt - performance.now())),
      done: () => {},
      fail: () => {},
      succeed: () => {},
    });
    return { answer: JSON.stringify(answer) ?? 'null' };
  } catch (thrown) {
    return { error: failureOf(thrown) };
  }
}

async function load(definition: Definition): Promise<Definition & { handle: Handler }> {
  process.env = definition.environment;
  const exported: Record<string, unknown> = await import(definition.module);
  post({ loaded: true });
  return { ...definition, handle: exported[definition.handler] as Handler };
}

function failureOf(thrown: unknown): FunctionFailure {
  if (!(thrown instanceof Error))
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  const { name, message, stack = '' } = thrown;
  const trace = stack.split('\n').filter((line) => !line.includes(import.meta.url));
  return { errorType: name, errorMessage: message, trace };
}

/**
 * Hands over each line as soon as it is written, so that those before an endless loop are seen. Node's own way, by streams with
 * a message and its receipt for each write, takes several times as long.
 */
function handOverLines(stream: NodeJS.WriteStream): void {
  let rest = '';
  const write = (chunk: string | Uint8Array, ...others: unknown[]): boolean => {
    const lines = `${rest}${typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()}`.split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) post({ lines });
    const done = others.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
  Object.assign(stream, { write });
}

handOverLines(process.stdout);
handOverLines(process.stderr);
