import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { decodeBase64, encodeBase64, parseUint64, toUint64, type Uint64 } from './encoding.ts';

// Signed notes, https://c2sp.org/signed-note, and the cosignatures of https://c2sp.org/tlog-cosignature@v1.0.1: a text, a blank
// line, and a line for each signature. Keys are texts in the form of https://pkg.go.dev/golang.org/x/mod/sumdb/note.

/** A note, a key or a checkpoint is malformed, or no known key has signed it; the message says which. */
export class NoteError extends Error {
  override name = 'NoteError';
}

/**
 * Room for more than the 16 signatures that must be accepted, even if they were as large as post-quantum ones (5 KB).
 */
export const maxNoteLength = 256 * 1024;
const maxSignatures = 100;

/** The first byte of a key: what it signs. */
export const signatureTypes = {
  /** The note's text. */
  ed25519: 0x01,
  /** A time and the text of a checkpoint, by a witness. */
  cosignatureV1: 0x04,
  /** A time, the signer's name and a checkpoint, with ML-DSA-44, which quantum computers do not break. Only verified here. */
  mlDsa44: 0x06,
} as const;

export type SignatureType = (typeof signatureTypes)[keyof typeof signatureTypes];

/** A key that may sign a note. Its name and hash are in the signature line. */
export type VerifierKey = {
  name: string;
  /** Eight hexadecimal digits, of name, type and public key. */
  keyHash: string;
  type: SignatureType;
  /** 32 bytes, https://www.rfc-editor.org/rfc/rfc8032#section-5.1.5, or 1,312 of ML-DSA-44. */
  publicKey: Uint8Array;
};

/** A signature that was verified. */
export type VerifiedSignature = {
  name: string;
  keyHash: string;
  /** When a witness cosigned, in seconds since 1970. Other signatures have no time. */
  timestamp?: bigint;
};

/**
 * Parses a key of the form `<name>+<hash>+<base64 of type and public key>`.
 *
 * @throws NoteError when it is malformed, has a typing error, by its hash, or is of an unknown type
 */
export function parseVerifierKey(text: string): VerifierKey {
  const { name, keyHash, type, key } = parseKey('verifier key', text);
  const verifierKey = { name, keyHash, type, publicKey: key };
  checkKeyHash('verifier key', verifierKey);
  return verifierKey;
}

/** @throws NoteError when the name or the public key is malformed */
export function formatVerifierKey(
  name: string,
  publicKey: Uint8Array,
  type: SignatureType = signatureTypes.ed25519,
): string {
  const bytes = Buffer.concat([Uint8Array.of(type), publicKey]);
  return `${name}+${keyHashOf(name, publicKey, type)}+${encodeBase64(bytes)}`;
}

/**
 * The 32 bytes of a public key, or of the one that belongs to a private key.
 *
 * @throws NoteError when it is not an Ed25519 key
 */
export function rawPublicKey(key: KeyObject): Uint8Array {
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new NoteError(`key is of type ${key.asymmetricKeyType}, not ed25519`);
  }
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/**
 * The text of a note, and which of the known keys have signed it. Signatures by other keys are ignored, and so are
 * those with a known name and another hash.
 *
 * @param verifierKeys as {@link parseVerifierKey} parses them
 * @throws NoteError when the note is malformed, none of the keys has signed it, or a signature by one of them is
 *   wrong
 */
export function openNote(
  note: string,
  verifierKeys: readonly string[],
): { text: string; signatures: VerifiedSignature[] } {
  const { text, lines } = splitNote(note);
  const known = knownKeys(verifierKeys);
  const signatures = new Map<string, VerifiedSignature>();
  for (const { name, keyHash, signature } of lines) {
    const key = known.get(`${name}+${keyHash}`);
    if (!key) continue;
    const verified = verifySignature(key, text, signature);
    // A key that signed twice is listed once, but each signature has to be valid.
    if (!signatures.has(`${name}+${keyHash}`)) signatures.set(`${name}+${keyHash}`, verified);
  }
  if (signatures.size === 0) {
    throw new NoteError(`note is signed by none of the ${known.size} known keys, but by ${signersOf(lines)}`);
  }
  return { text, signatures: [...signatures.values()] };
}

/**
 * The note with the signature of a key in `PRIVATE+KEY+<name>+<hash>+<base64 of type and seed>`.
 *
 * @throws NoteError when text or key is malformed
 */
export function signNote(text: string, signerKey: string): string {
  const [, rest] = /^PRIVATE\+KEY\+(.*)$/s.exec(signerKey) ?? [];
  if (rest === undefined) throw new NoteError('signer key does not begin with PRIVATE+KEY+');
  const { name, keyHash, type, key } = parseKey('signer key', rest);
  if (type !== signatureTypes.ed25519) throw new NoteError('signer key is not of type 1, which signs notes');
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, key]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = rawPublicKey(privateKey);
  checkKeyHash('signer key', { name, keyHash, type, publicKey });
  return assembleNote(text, [noteSignature(name, publicKey, sign(null, Buffer.from(text), privateKey))]);
}

/**
 * The line of a signature over the text's UTF-8 bytes, which was made where the private key is.
 *
 * @throws NoteError when a part is malformed
 */
export function noteSignature(name: string, publicKey: Uint8Array, signature: Uint8Array): string {
  checkSignature(signature);
  return signatureLine(keyHashOf(name, publicKey, signatureTypes.ed25519), name, signature);
}

/**
 * The message that a witness signs for a checkpoint.
 *
 * @param timestamp in seconds since 1970
 * @param text of the checkpoint, without its signatures
 * @throws NoteError when one is malformed
 */
export function cosignatureMessage(timestamp: Uint64, text: string): Uint8Array {
  checkText(text);
  return Buffer.from(`cosignature/v1\ntime ${checkTimestamp(timestamp)}\n${text}`);
}

/**
 * The line of a witness' signature over {@link cosignatureMessage}. It is appended to the note, after the other
 * signatures.
 *
 * @throws NoteError when a part is malformed
 */
export function noteCosignature(
  name: string,
  publicKey: Uint8Array,
  timestamp: Uint64,
  signature: Uint8Array,
): string {
  checkSignature(signature);
  const time = uint64Bytes(checkTimestamp(timestamp));
  const keyHash = keyHashOf(name, publicKey, signatureTypes.cosignatureV1);
  return signatureLine(keyHash, name, Buffer.concat([time, signature]));
}

/**
 * A note of a text and the lines of its signatures, in their order.
 *
 * @throws NoteError when {@link openNote} would not accept it
 */
export function assembleNote(text: string, signatureLines: readonly string[]): string {
  checkText(text);
  const note = `${text}\n${signatureLines.join('')}`;
  const parsed = splitNote(note);
  if (parsed.text !== text || parsed.lines.length !== signatureLines.length) {
    throw new NoteError('signature lines are not one line each');
  }
  return note;
}

type SignatureLine = { name: string; keyHash: string; signature: Uint8Array };

function splitNote(note: string): { text: string; lines: SignatureLine[] } {
  if (note.length > maxNoteLength) {
    throw new NoteError(`note is ${note.length} characters; it may have ${maxNoteLength}`);
  }
  checkCharacters('note', note);
  const blankLine = note.lastIndexOf('\n\n');
  if (blankLine < 0) throw new NoteError('note has no blank line between text and signatures');
  const [text, block] = [note.slice(0, blankLine + 1), note.slice(blankLine + 2)];
  if (block === '') throw new NoteError('note has no signature after its last blank line');
  if (!block.endsWith('\n')) throw new NoteError('note does not end with a newline');
  const lines = block.slice(0, -1).split('\n', maxSignatures + 1);
  if (lines.length > maxSignatures) throw new NoteError(`note has more than ${maxSignatures} signatures`);
  return { text, lines: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string, n: number): SignatureLine {
  const part = `signature line ${n + 1} of the note`;
  const [dash, name = '', base64 = '', ...more] = line.split(' ', 4);
  if (dash !== '—' || more.length > 0) throw new NoteError(`${part} is not a dash, a name and a signature`);
  if (!isName(name)) throw new NoteError(`${part} has a malformed name`);
  const bytes = decodeBase64(base64);
  if (!bytes) throw new NoteError(`${part} has a signature that is no base64`);
  if (bytes.length <= keyHashBytes) throw new NoteError(`${part} has a signature of ${bytes.length} bytes`);
  return {
    name,
    keyHash: Buffer.from(bytes.subarray(0, keyHashBytes)).toString('hex'),
    signature: bytes.subarray(keyHashBytes),
  };
}

function verifySignature(key: VerifierKey, text: string, signature: Uint8Array): VerifiedSignature {
  const { name, keyHash, type } = key;
  const wrong = (why: string) => new NoteError(`signature of known key ${name}+${keyHash} ${why}`);
  const isCosignature = type !== signatureTypes.ed25519;
  const expected = (isCosignature ? timestampBytes : 0) + bytesOf[type].signature;
  if (signature.length !== expected) throw wrong(`is ${signature.length} bytes instead of ${expected}`);
  const timestamp = isCosignature ? Buffer.from(signature).readBigUInt64BE() : undefined;
  if (timestamp !== undefined && timestamp > maxTimestamp) throw wrong('has a time beyond 2^63 - 1');
  const message =
    timestamp === undefined
      ? Buffer.from(text)
      : type === signatureTypes.mlDsa44
        ? mlDsaMessage(name, timestamp, text)
        : cosignatureMessage(timestamp, text);
  const spki = Buffer.concat([spkiPrefixes[type], key.publicKey]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  if (!message || !verify(null, message, publicKey, signature.subarray(-bytesOf[type].signature))) {
    throw wrong('is wrong');
  }
  return timestamp === undefined ? { name, keyHash } : { name, keyHash, timestamp };
}

/**
 * What ML-DSA-44 signs of a checkpoint: https://c2sp.org/tlog-cosignature@v1.0.1
 *
 * @returns undefined when the text is none, or a name is too long for it
 */
function mlDsaMessage(name: string, timestamp: bigint, text: string): Uint8Array | undefined {
  const [origin = '', size = '', root = ''] = text.split('\n');
  const [cosigner, log] = [withLength(name), withLength(origin)];
  const [end, hash] = [parseUint64(size), decodeBase64(root)];
  if (!cosigner || !log || end === undefined || hash?.length !== 32) return undefined;
  const label = Buffer.from('subtree/v1\n\0');
  return Buffer.concat([
    label,
    cosigner,
    uint64Bytes(timestamp),
    log,
    uint64Bytes(0n),
    uint64Bytes(end),
    hash,
  ]);
}

function withLength(name: string): Uint8Array | undefined {
  const bytes = Buffer.from(name);
  return bytes.length >= 1 && bytes.length <= 255
    ? Buffer.concat([Uint8Array.of(bytes.length), bytes])
    : undefined;
}

function uint64Bytes(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

function knownKeys(verifierKeys: readonly string[]): Map<string, VerifierKey> {
  const known = new Map<string, VerifierKey>();
  for (const key of verifierKeys.map(parseVerifierKey)) {
    const id = `${key.name}+${key.keyHash}`;
    const same = known.get(id);
    if (same && Buffer.compare(same.publicKey, key.publicKey) !== 0) {
      throw new NoteError(`verifier keys: two different ones are ${id}`);
    }
    known.set(id, key);
  }
  return known;
}

/** Names and hashes of the first few, so that the reader sees which key is missing. */
const signersOf = (lines: SignatureLine[]): string =>
  lines
    .slice(0, 3)
    .map(({ name, keyHash }) => `${name.slice(0, 100)}+${keyHash}`)
    .join(', ') + (lines.length > 3 ? ' and others' : '');

const keyHashBytes = 4;
const signatureBytes = 64;
const bytesOf: Record<SignatureType, { key: number; signature: number }> = {
  [signatureTypes.ed25519]: { key: 32, signature: signatureBytes },
  [signatureTypes.cosignatureV1]: { key: 32, signature: signatureBytes },
  [signatureTypes.mlDsa44]: { key: 1312, signature: 2420 },
};
const timestampBytes = 8;
const maxTimestamp = 2n ** 63n - 1n;
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');
/** What stands before a public key in DER: https://www.rfc-editor.org/rfc/rfc8410#section-4, https://www.rfc-editor.org/rfc/rfc9881 */
const spkiPrefixes: Record<SignatureType, Uint8Array> = {
  [signatureTypes.ed25519]: ed25519Prefix,
  [signatureTypes.cosignatureV1]: ed25519Prefix,
  [signatureTypes.mlDsa44]: Buffer.from('30820532300b06096086480165030403110382052100', 'hex'),
};
/** The prefix of a seed in https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

function parseKey(part: string, text: string): Omit<VerifierKey, 'publicKey'> & { key: Uint8Array } {
  // The base64 may hold a plus of its own.
  const [, name = '', keyHash = '', base64 = ''] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  if (!isName(name)) throw new NoteError(`${part} does not begin with a name, a plus, a hash and a plus`);
  if (!/^[0-9a-f]{8}$/.test(keyHash))
    throw new NoteError(`${part} has a hash that is not 8 hexadecimal digits`);
  const bytes = decodeBase64(base64);
  if (!bytes) throw new NoteError(`${part} has no base64 after its hash`);
  const type = Object.values(signatureTypes).find((known) => known === bytes[0]);
  if (type === undefined) throw new NoteError(`${part} is of type ${bytes[0]}; known are 1, 4 and 6`);
  const { key } = bytesOf[type];
  if (bytes.length !== 1 + key) {
    throw new NoteError(`${part} has a key of ${bytes.length - 1} bytes instead of ${key}`);
  }
  return { name, keyHash, type, key: bytes.subarray(1) };
}

function checkKeyHash(part: string, { name, keyHash, type, publicKey }: VerifierKey): void {
  const expected = keyHashOf(name, publicKey, type);
  if (keyHash !== expected)
    throw new NoteError(`${part} has hash ${keyHash}, but name and key have ${expected}`);
}

function keyHashOf(name: string, publicKey: Uint8Array, type: SignatureType): string {
  if (!isName(name)) throw new NoteError('key name is empty or has a space, a plus or a control character');
  const { key } = bytesOf[type];
  if (publicKey.length !== key)
    throw new NoteError(`public key is ${publicKey.length} bytes instead of ${key}`);
  const input = Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(type), publicKey]);
  return hash('sha256', input, 'hex').slice(0, 2 * keyHashBytes);
}

const signatureLine = (keyHash: string, name: string, signature: Uint8Array): string =>
  `— ${name} ${encodeBase64(Buffer.concat([Buffer.from(keyHash, 'hex'), signature]))}\n`;

const isName = (name: string): boolean => name.isWellFormed() && /^[^\p{White_Space}\p{Cc}+]+$/u.test(name);

function checkText(text: string): void {
  checkCharacters('text', text);
  if (!text.endsWith('\n')) throw new NoteError('text does not end with a newline');
}

function checkCharacters(part: string, text: string): void {
  if (!text.isWellFormed()) throw new NoteError(`${part} has a lone surrogate, which is no character`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the refused characters
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) throw new NoteError(`${part} has a control character`);
}

function checkTimestamp(timestamp: Uint64): bigint {
  const seconds = toUint64(timestamp);
  if (seconds === undefined || seconds > maxTimestamp) {
    throw new NoteError(`timestamp ${timestamp} is no whole number from 0 to 2^63 - 1`);
  }
  return seconds;
}

function checkSignature(signature: Uint8Array): void {
  if (signature.length !== signatureBytes) {
    throw new NoteError(`signature is ${signature.length} bytes instead of ${signatureBytes}`);
  }
}
