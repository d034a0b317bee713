import { createHash, createHmac, createSecretKey, type Hash, type Hmac } from 'node:crypto';

type Bytes = string | ArrayBuffer | ArrayBufferView;

/**
 * SHA-256, and with a secret HMAC, for AWS clients, which sign each call with two of them. The SDK's own
 * implementation passes secrets as bytes. Node 24 takes several times as long as the HMAC itself to find out that
 * bytes are not a `KeyObject`.
 */
export class Sha256 {
  readonly #start: () => Hash | Hmac;
  #hash: Hash | Hmac;

  constructor(secret?: Bytes) {
    const key =
      secret &&
      createSecretKey(ArrayBuffer.isView(secret) ? (secret as Uint8Array) : Buffer.from(secret as string));
    this.#start = () => (key ? createHmac('sha256', key) : createHash('sha256'));
    this.#hash = this.#start();
  }

  update(bytes: Uint8Array | string): void {
    this.#hash.update(bytes);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = this.#start();
  }
}
