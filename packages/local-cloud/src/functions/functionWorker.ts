import { parentPort } from 'node:worker_threads';
import type { Context } from 'aws-lambda';
import type { FunctionFailure } from './invoke.ts';

/** What an instance runs. It answers `loaded` when the function's module is loaded, then with a Report. */
export type Order = {
  /** URL of the module, and the export that handles. */
  module: string;
  handler: string;
  /** The whole environment: as in Lambda, a function has only the variables of its template. */
  environment: Record<string, string>;
  timeoutMs: number;
  /** JSON. */
  event: string;
  context: Pick<
    Context,
    | 'functionName'
    | 'invokedFunctionArn'
    | 'memoryLimitInMB'
    | 'awsRequestId'
    | 'logGroupName'
    | 'logStreamName'
  >;
};

/** The result of a run: JSON, or an error in Lambda's form. */
export type Report = { answer: string } | { error: FunctionFailure };

type Handler = (event: unknown, context: Context) => unknown;

parentPort?.on('message', async (order: Order) => {
  parentPort?.postMessage(await run(order));
});

async function run({ module, handler, environment, timeoutMs, event, context }: Order): Promise<Report> {
  process.env = environment;
  try {
    const exported: Record<string, unknown> = await import(module);
    const handle = exported[handler] as Handler;
    parentPort?.postMessage('loaded');
    const endsAt = performance.now() + timeoutMs;
    const answer = await handle(JSON.parse(event), {
      ...context,
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

function failureOf(thrown: unknown): FunctionFailure {
  if (!(thrown instanceof Error))
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  const { name, message, stack = '' } = thrown;
  const trace = stack.split('\n').filter((line) => !line.includes(import.meta.url));
  return { errorType: name, errorMessage: message, trace };
}
