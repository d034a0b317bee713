import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Answer } from './calls.ts';

/**
 * What the SDK uses of a `ClientRequest`, without a connection: to write and parse HTTP twice would take a quarter of a run.
 * As of Node's, `close` follows when the response was read to its end, or the request was destroyed.
 */
export class Exchange extends EventEmitter {
  /** Is connected, and waits for ever: the SDK's own timers are virtual, and a socket's would be real. */
  readonly socket = {
    connecting: false,
    setTimeout: () => {},
    setKeepAlive: () => {},
    removeListener: () => {},
    destroy: () => this.destroy(),
  };
  readonly #onSent: (body: Buffer) => void;
  #isDestroyed = false;
  #response: Readable | undefined;

  constructor(onSent: (body: Buffer) => void) {
    super();
    this.#onSent = onSent;
  }

  end(body: string | Uint8Array = ''): this {
    if (!this.#isDestroyed) process.nextTick(this.#onSent, Buffer.from(body as Uint8Array));
    return this;
  }

  respond({ status, headers, body }: Answer): void {
    if (this.#isDestroyed) return;
    const response = new Readable({ read() {} });
    if (body.length > 0) response.push(body);
    response.push(null);
    response.once('close', () => this.emit('close'));
    this.#response = response;
    this.emit(
      'response',
      Object.assign(response, { statusCode: status, headers }) as unknown as IncomingMessage,
    );
  }

  /** Without an error: the connection is lost, as Node says it. */
  destroy(error: Error = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })): this {
    if (this.#isDestroyed) return this;
    this.#isDestroyed = true;
    const response = this.#response;
    // As Node's, which tells nobody who does not listen.
    if (response) response.destroy(response.listenerCount('error') > 0 ? error : undefined);
    else
      process.nextTick(() => {
        this.emit('error', error);
        this.emit('close');
      });
    return this;
  }
}
