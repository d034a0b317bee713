import { parseBody } from './body.ts';
import { joined, utf8 } from './bytes.ts';
import type { VerifierKey } from './key.ts';

/** That a signature fits, with its time where it has one; or that it cannot be checked in this browser or version of Node. */
export type Verdict = { time: Date | undefined } | 'wrong' | 'cannot be checked here';

/** Verifies a signature of the text of a checkpoint: https://c2sp.org/signed-note, https://c2sp.org/tlog-cosignature@v1.0.1 */
export async function verdictOn(key: VerifierKey, signature: Uint8Array, body: string): Promise<Verdict> {
  if (key.type === 1) {
    return (await isEd25519(key, utf8(body), signature)) ? { time: undefined } : 'wrong';
  }
  if (signature.length < timestampBytes) return 'wrong';
  const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  const time = new Date(Number(seconds) * 1000);
  if (Number.isNaN(time.getTime())) return 'wrong';
  const rest = signature.subarray(timestampBytes);
  const isRight =
    key.type === 4
      ? await isEd25519(key, utf8(`cosignature/v1\ntime ${seconds}\n${body}`), rest)
      : isMlDsa44(key, seconds, body, rest);
  return isRight === undefined ? 'cannot be checked here' : isRight ? { time } : 'wrong';
}

/** Seconds since 1970, before the signature itself. */
const timestampBytes = 8;

/** What WebCrypto takes: bytes of memory that is not shared. */
type Bytes = Uint8Array<ArrayBuffer>;

/** https://www.rfc-editor.org/rfc/rfc8032 */
async function isEd25519({ publicKey }: VerifierKey, message: Uint8Array, signature: Uint8Array) {
  const [key, signed, bytes] = [publicKey, signature, message] as [Bytes, Bytes, Bytes];
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, signed, bytes);
}

/**
 * ML-DSA-44 of FIPS 204, over a structure that has the signer's name too. Node has it since 24.6; its WebCrypto has it as an
 * experiment, and browsers do not have it.
 *
 * @returns undefined where there is none
 */
function isMlDsa44(
  { name, publicKey }: VerifierKey,
  seconds: bigint,
  body: string,
  signature: Uint8Array,
): boolean | undefined {
  const node = (globalThis as Node).process?.getBuiltinModule?.('node:crypto');
  const key = node && importedBy(node, publicKey);
  if (!node || !key) return undefined;
  const { size, root, ...checkpoint } = parseBody(body);
  const [cosigner, origin] = [utf8(name), utf8(checkpoint.origin)];
  if (cosigner.length > 255 || origin.length > 255) return false;
  const message = joined(
    utf8('subtree/v1\n\0'),
    Uint8Array.of(cosigner.length),
    cosigner,
    uint64(seconds),
    Uint8Array.of(origin.length),
    origin,
    uint64(0n),
    uint64(BigInt(size)),
    root,
  );
  return node.verify(null, message, key, signature);
}

/** The key's algorithm in DER, before its 1,312 bytes: https://www.rfc-editor.org/rfc/rfc9881 */
const mlDsa44Prefix = Uint8Array.from([
  0x30, 0x82, 0x05, 0x32, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11, 0x03,
  0x82, 0x05, 0x21, 0x00,
]);

/** The parts of Node that are used, where this is Node. */
type Node = { process?: { getBuiltinModule?(name: 'node:crypto'): NodeCrypto | undefined } };
type NodeCrypto = {
  createPublicKey(spki: { key: Uint8Array; format: 'der'; type: 'spki' }): object;
  verify(algorithm: null, message: Uint8Array, key: object, signature: Uint8Array): boolean;
};

function importedBy(node: NodeCrypto, publicKey: Uint8Array): object | undefined {
  try {
    return node.createPublicKey({ key: joined(mlDsa44Prefix, publicKey), format: 'der', type: 'spki' });
  } catch {
    // Of any 1,312 bytes a key can be made, so it is the algorithm that is not there.
    return undefined;
  }
}

function uint64(number: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}
