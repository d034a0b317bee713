/** Lambda's description of a failed run. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
export type FunctionFailure = { errorType: string; errorMessage: string; trace: string[] };

/** The function was run, and threw, timed out or died. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
  readonly failure: FunctionFailure;

  constructor(
    message: string,
    failure: FunctionFailure = { errorType: 'Error', errorMessage: message, trace: [] },
  ) {
    super(message);
    this.failure = failure;
  }

  static of(functionName: string, failure: FunctionFailure): FunctionError {
    return new FunctionError(`${functionName}: ${failure.trace[0] ?? failure.errorMessage}`, failure);
  }
}

/**
 * Runs a function behind a Lambda endpoint and waits for its result (invocation type RequestResponse). Not with the
 * AWS SDK's client, which retries a call without an answer: that is the mapping's decision.
 *
 * @param lambdaUrl base URL of the endpoint of a running service.
 * @throws FunctionError when the function failed; any other error when it could not be reached.
 */
export async function invoke(lambdaUrl: string, functionName: string, event: unknown): Promise<unknown> {
  const response = await fetch(`${lambdaUrl}/2015-03-31/functions/${functionName}/invocations`, {
    method: 'POST',
    body: JSON.stringify(event),
  });
  const body = await response.text();
  if (response.headers.has('x-amz-function-error')) {
    throw FunctionError.of(functionName, { trace: [], ...JSON.parse(body) });
  }
  if (!response.ok) throw new Error(`Invoking ${functionName} was answered ${response.status}: ${body}`);
  return body === '' ? undefined : JSON.parse(body);
}
