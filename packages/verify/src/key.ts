import { base64Of, bytesOf, hexOf, joined, utf8 } from './bytes.ts';
import { sha256 } from './hashes.ts';

/** Who signs a checkpoint. */
export type Role = 'log' | 'witness';

/**
 * What a key signs with, by its first byte: https://c2sp.org/signed-note. Ed25519 over the note (1), or over a time and the note,
 * as a witness does (4); ML-DSA-44 over a time, the signer and the checkpoint (6), as logs and witnesses may.
 */
const signatureTypes = {
  1: { keyBytes: 32, roles: ['log'] },
  4: { keyBytes: 32, roles: ['witness'] },
  6: { keyBytes: 1312, roles: ['log', 'witness'] },
} as const satisfies Record<number, { keyBytes: number; roles: readonly Role[] }>;

export type SignatureType = keyof typeof signatureTypes;

/** A public key that a verifier trusts: of a log, or of a witness. */
export type VerifierKey = {
  name: string;
  /** The first four bytes of the key's hash, in hex. Name and id identify the key of a signature. */
  id: string;
  type: SignatureType;
  publicKey: Uint8Array;
};

/**
 * Parses a vkey: name, id and base64 of type and public key, with `+` between them.
 *
 * @throws Error when it is malformed; the message says why
 */
export async function parseKey(text: string): Promise<VerifierKey> {
  const [, name, id, base64] = /^([^+\s]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,2000})$/i.exec(text) ?? [];
  if (name === undefined || id === undefined || base64 === undefined) {
    throw new Error('It is not a key: it has the form name+id+base64, as `fanfold audit key` prints it.');
  }
  const bytes = decoded(base64);
  const type = bytes?.[0] as SignatureType;
  if (bytes && !signatureTypes[type]) {
    const known = '1 (Ed25519 of a log), 4 (Ed25519 of a witness) and 6 (ML-DSA-44)';
    throw new Error(`The key ${name}+${id} is of type ${type}, and known are ${known}.`);
  }
  if (bytes?.length !== 1 + signatureTypes[type]?.keyBytes) {
    throw new Error(`The key ${name}+${id} is not whole, or has too much.`);
  }
  if ((await idOf(name, bytes)) !== id.toLowerCase()) {
    throw new Error(`The key ${name}+${id} has a typing error: its parts do not belong together.`);
  }
  return { name, id: id.toLowerCase(), type, publicKey: bytes.slice(1) };
}

/**
 * Parses the key of a log, or of a witness.
 *
 * @throws Error when it is malformed, or of the other; the message says why
 */
export async function parseKeyOf(role: Role, text: string): Promise<VerifierKey> {
  const key = await parseKey(text);
  if (isOf(role, key)) return key;
  throw new Error(`It is the key of a ${role === 'log' ? 'witness' : 'log'}, and not of a ${role}.`);
}

const isOf = (role: Role, { type }: VerifierKey): boolean =>
  (signatureTypes[type].roles as readonly Role[]).includes(role);

/** The vkey of an Ed25519 public key, which has 32 bytes. */
export async function formatKey(name: string, role: Role, publicKey: Uint8Array): Promise<string> {
  const bytes = Uint8Array.of(role === 'log' ? 1 : 4, ...publicKey);
  return `${name}+${await idOf(name, bytes)}+${base64Of(bytes)}`;
}

/** A key as people tell it from others. */
export const shortOf = ({ name, id }: Pick<VerifierKey, 'name' | 'id'>): string => `${name}+${id}`;

function decoded(base64: string): Uint8Array | undefined {
  try {
    return bytesOf(base64, 'key');
  } catch {
    return undefined;
  }
}

const idOf = async (name: string, typeAndKey: Uint8Array): Promise<string> =>
  hexOf((await sha256(joined(utf8(`${name}\n`), typeAndKey))).subarray(0, 4));
