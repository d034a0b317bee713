import { VerificationError } from './wrong.ts';

// Bytes and their texts, by what both Node and browsers have: a proof is verified in either.

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function base64Of(bytes: Uint8Array): string {
  let characters = '';
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters);
}

export const base64urlOf = (bytes: Uint8Array): string =>
  base64Of(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

export const hexOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * Decodes standard base64 in its one valid form.
 *
 * @throws VerificationError when it has another form, or another length than required
 */
export function bytesOf(base64: string, part: string, length?: number): Uint8Array {
  const bytes = decoded(base64);
  if (!bytes || base64Of(bytes) !== base64) throw new VerificationError(part, 'is not base64');
  if (length !== undefined && bytes.length !== length) {
    throw new VerificationError(part, `has ${bytes.length} bytes, not ${length}`);
  }
  return bytes;
}

function decoded(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** @throws VerificationError when the bytes are not UTF-8 */
export function textOf(bytes: Uint8Array, part: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new VerificationError(part, 'is not UTF-8 text');
  }
}
