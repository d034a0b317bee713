import { type HttpRequest, HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { beforeEach, type MockInstance, vi } from 'vitest';

type Answer = { status: number; headers?: Record<string, string>; body?: string };

/** In place of S3, for a file of tests without IO: what is asked, and how it is answered. */
export function standInForS3() {
  let handle: MockInstance<NodeHttpHandler['handle']>;
  const answerWith = (answer: (request: HttpRequest) => Answer | Promise<Answer>) => {
    handle.mockImplementation(async (request) => {
      const { status, headers = {}, body = '' } = await answer(request);
      return {
        response: new HttpResponse({ statusCode: status, headers, body: [Buffer.from(body)] }),
      };
    });
  };
  beforeEach(() => {
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    handle = vi.spyOn(NodeHttpHandler.prototype, 'handle');
    handle.mockReset();
    answerWith(() => ({ status: 200 }));
  });
  const requests = () => handle.mock.calls.map(([request]) => request);
  return {
    answerWith,
    requests,
    /** The keys of objects that were written, in their order. */
    keysWritten: () =>
      requests().flatMap(({ method, path }) => (method === 'PUT' ? [decodeURIComponent(path.slice(1))] : [])),
  };
}

/**
 * Tells of every object that is read or written, before it is, for tests with S3.
 *
 * @param tell such as `GetObject` and `/bucket/key`
 * @returns what ends it
 */
export function watchS3(tell: (operation: string, path: string) => void | Promise<void>): () => void {
  const { handle } = NodeHttpHandler.prototype;
  const spy = vi.spyOn(NodeHttpHandler.prototype, 'handle');
  spy.mockImplementation(async function (this: NodeHttpHandler, request, options) {
    const operation = request.query?.['x-id'];
    if (typeof operation === 'string') await tell(operation, decodeURIComponent(request.path));
    return handle.call(this, request, options);
  });
  return () => spy.mockRestore();
}
