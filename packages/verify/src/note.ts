import { base64Of, bytesOf, hexOf, joined, utf8 } from './bytes.ts';
import { type Hash, hashBytes, sha256 } from './hashes.ts';
import { VerificationError } from './wrong.ts';

/** A public key that a verifier trusts: of a log, or of a witness. */
export type VerifierKey = {
  name: string;
  /** The first four bytes of the key's hash, in hex. Name and id identify the key of a signature. */
  id: string;
  kind: 'log' | 'witness';
  /** Of Ed25519: 32 bytes. */
  publicKey: Uint8Array;
};

/** A checkpoint: the log has signed that its first `size` entries have this root. */
export type Checkpoint = {
  /** The log's name. */
  origin: string;
  size: number;
  root: Hash;
  /** The trusted keys of the log that have signed it. */
  signedBy: VerifierKey[];
  /** The required witnesses, and when each of them has seen it. */
  witnessedBy: { key: VerifierKey; time: Date }[];
  /** The note that it was parsed from. */
  text: string;
};

export type TrustedKeys = {
  /** Keys of the log. One of them must have signed. */
  keys: readonly VerifierKey[];
  /** Keys of witnesses. Each of them must have signed. */
  witnessKeys?: readonly VerifierKey[];
};

/** Signature types of https://c2sp.org/signed-note: Ed25519, and an Ed25519 cosignature with its time. */
const kinds: Record<number, VerifierKey['kind']> = { 1: 'log', 4: 'witness' };

/**
 * Parses a vkey: name, id and base64 of type and public key, with `+` between them.
 *
 * @throws Error when it is malformed; the message says why
 */
export async function parseKey(text: string): Promise<VerifierKey> {
  const [, name, id, base64] = /^([^+\s]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,100})$/i.exec(text) ?? [];
  if (name === undefined || id === undefined || base64 === undefined) {
    throw new Error('It is not a key: it has the form name+id+base64, as `fanfold audit key` prints it.');
  }
  const bytes = typedKeyOf(base64);
  const kind = kinds[bytes?.[0] ?? 0];
  if (!bytes || !kind) {
    throw new Error(`The key ${name}+${id} is not an Ed25519 key, or a part of it is missing.`);
  }
  if ((await idOf(name, bytes)) !== id.toLowerCase()) {
    throw new Error(`The key ${name}+${id} has a typing error: its parts do not belong together.`);
  }
  return { name, id: id.toLowerCase(), kind, publicKey: bytes.slice(1) };
}

function typedKeyOf(base64: string): Uint8Array | undefined {
  try {
    return bytesOf(base64, 'key', 33);
  } catch {
    return undefined;
  }
}

/** The vkey of an Ed25519 public key, which has 32 bytes. */
export async function formatKey(
  name: string,
  kind: VerifierKey['kind'],
  publicKey: Uint8Array,
): Promise<string> {
  const type = kind === 'log' ? 1 : 4;
  const bytes = Uint8Array.of(type, ...publicKey);
  return `${name}+${await idOf(name, bytes)}+${base64Of(bytes)}`;
}

const idOf = async (name: string, typeAndKey: Uint8Array): Promise<string> =>
  hexOf((await sha256(joined(utf8(`${name}\n`), typeAndKey))).subarray(0, 4));

/** Many more than a log and its witnesses need; the specification requires 16. */
const maxSignatures = 64;

/**
 * Opens a checkpoint (https://c2sp.org/tlog-checkpoint): a note that is signed by a trusted key of the log that it
 * names. Signatures by other keys are ignored. If one by a trusted key is invalid, all is refused.
 *
 * @throws VerificationError when it is not such a note
 */
export async function openCheckpoint(
  text: string,
  { keys, witnessKeys = [] }: TrustedKeys,
): Promise<Checkpoint> {
  const { body, signatures } = parseNote(text);
  const valid: { key: VerifierKey; time: Date | undefined }[] = [];
  for (const signature of signatures) {
    for (const key of [...keys, ...witnessKeys]) {
      if (key.name !== signature.name || key.id !== signature.id) continue;
      valid.push({ key, time: await timeOfSignature(key, signature.bytes, body) });
    }
  }
  const { origin, size, root } = parseBody(body);
  const signedBy = keys.filter((key) => valid.some((each) => each.key === key));
  if (signedBy.length === 0) {
    const signers = signatures.map(({ name, id }) => `${name}+${id}`).join(', ');
    throw new VerificationError(
      'signature',
      `the checkpoint is signed by none of the keys given, but by ${signers}`,
    );
  }
  const stranger = signedBy.find(({ name }) => name !== origin);
  if (stranger) {
    throw new VerificationError('origin', `it is ${origin}, but the key is that of ${stranger.name}`);
  }
  const witnessedBy = witnessKeys.map((key) => {
    const time = valid.find((each) => each.key === key)?.time;
    if (time) return { key, time };
    throw new VerificationError(
      'witness',
      `${key.name}+${key.id} has not signed the checkpoint. It follows the log within a minute or two: get it again then`,
    );
  });
  return { origin, size, root, signedBy, witnessedBy, text };
}

type Signature = { name: string; id: string; bytes: Uint8Array };

/** https://c2sp.org/signed-note */
export function parseNote(text: string): { body: string; signatures: Signature[] } {
  const end = text.lastIndexOf('\n\n');
  // Control characters except newline. Bytes that are not UTF-8 were refused before.
  const hasForbidden = [...text].some((character) => character < ' ' && character !== '\n');
  if (end === -1 || hasForbidden || !text.endsWith('\n') || end + 2 === text.length) {
    throw new VerificationError('checkpoint', 'it is not a signed note: lines, an empty line, signatures');
  }
  const lines = text.slice(end + 2, -1).split('\n');
  if (lines.length > maxSignatures) {
    throw new VerificationError(
      'checkpoint',
      `it has ${lines.length} signatures; at most ${maxSignatures} are read`,
    );
  }
  const signatures = lines.map((line, i) => {
    const part = `line ${i + 1} of the checkpoint's signatures`;
    const [, name, base64] = /^— ([^+\s]+) (\S+)$/u.exec(line) ?? [];
    if (name === undefined || base64 === undefined) throw new VerificationError(part, 'is not a signature');
    const bytes = bytesOf(base64, part);
    if (bytes.length < 5) throw new VerificationError(part, 'is not a signature');
    return { name, id: hexOf(bytes.subarray(0, 4)), bytes: bytes.subarray(4) };
  });
  return { body: text.slice(0, end + 1), signatures };
}

/**
 * Verifies a signature by a trusted key. @returns when a witness has signed; undefined for a log, whose signatures
 * have no time
 */
async function timeOfSignature(key: VerifierKey, bytes: Uint8Array, body: string): Promise<Date | undefined> {
  if (key.kind === 'log') {
    if (await isSigned(key, body, bytes)) return undefined;
  } else if (bytes.length === 72) {
    // https://c2sp.org/tlog-cosignature: eight bytes of seconds since 1970, and the signature.
    const seconds = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
    const time = new Date(Number(seconds) * 1000);
    const isTime = !Number.isNaN(time.getTime());
    const message = `cosignature/v1\ntime ${seconds}\n${body}`;
    if (isTime && (await isSigned(key, message, bytes.subarray(8)))) return time;
  }
  throw new VerificationError(
    'signature',
    `that of ${key.name}+${key.id} does not fit: the checkpoint or the signature was changed`,
  );
}

/** What WebCrypto takes: bytes of memory that is not shared. */
type Bytes = Uint8Array<ArrayBuffer>;

/** https://www.rfc-editor.org/rfc/rfc8032 */
async function isSigned(
  { publicKey }: VerifierKey,
  message: string,
  signature: Uint8Array,
): Promise<boolean> {
  const bytes = [publicKey, signature, utf8(message)] as const;
  const [key, signed, text] = bytes as readonly [Bytes, Bytes, Bytes];
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, signed, text);
}

export function parseBody(body: string): { origin: string; size: number; root: Hash } {
  const [origin, size, root, ...extensions] = body.slice(0, -1).split('\n');
  if (!origin || size === undefined || root === undefined || extensions.includes('')) {
    throw new VerificationError('checkpoint', 'it has not the lines of one: origin, size and root');
  }
  return {
    origin,
    size: wholeNumber(size, 'size'),
    root: bytesOf(root, 'root of the checkpoint', hashBytes),
  };
}

/** @throws VerificationError when it does not have the form of numbers in a log, or is 2^53 or more */
export function wholeNumber(text: string, part: string): number {
  if (/^(0|[1-9]\d{0,19})$/.test(text)) {
    if (Number.isSafeInteger(Number(text))) return Number(text);
    throw new VerificationError(part, `${text} is more than this verifier can count`);
  }
  throw new VerificationError(part, 'is not a whole number');
}
