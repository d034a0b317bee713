import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * The key of a data subject of a merchant, 32 bytes. Everything that could tell what an event said is derived from it:
 * without the key the sealed event cannot be read, and what the log commits to cannot be guessed and compared.
 */
export type DataKey = Uint8Array;

export const newDataKey = (): DataKey => randomBytes(32);

/** Tells keys apart that a data subject has one after the other, and nothing about them. */
export const keyIdOf = (key: DataKey): string => derive(key, 'id').subarray(0, 8).toString('base64url');

/** The salt of what the log commits to: https://c2sp.org/tlog-tiles has entries that anybody may read. */
export const eventSaltOf = (key: DataKey, eventId: string): Uint8Array => derive(key, `event ${eventId}`);

/** The salt of a subject's pseudonym in the log. */
export const subjectSaltOf = (key: DataKey, subject: string): Uint8Array => derive(key, `subject ${subject}`);

/** An HMAC under a random key is a pseudorandom function: what is derived for one purpose says nothing of another. */
const derive = (key: DataKey, purpose: string): Buffer =>
  // Bytes would do. That they are no `KeyObject` takes Node 24 several times as long to find out as the HMAC takes.
  createHmac('sha256', createSecretKey(key)).update(purpose).digest();

const sealKeyOf = (key: DataKey): KeyObject => createSecretKey(derive(key, 'seal'));

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** What a compressed text begins with, and no JSON: texts that were sealed before they were compressed are read as they are. */
const deflated = Buffer.of(1);

/**
 * A text that only the key opens, and only in its place: nonce, ciphertext, tag (AES-256-GCM). A key seals a few dozen
 * events, so random nonces do not meet (NIST SP 800-38D, 8.3 allows 2^32). Compressed first, to some half: with it most
 * events fit in the kilobyte that a write unit takes.
 *
 * @param place what it belongs to, so that it cannot be passed off as something else
 */
export function seal(key: DataKey, text: string, place: string): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, sealKeyOf(key), nonce).setAAD(Buffer.from(place));
  const opened = Buffer.concat([deflated, deflateRawSync(text)]);
  return Buffer.concat([nonce, cipher.update(opened), cipher.final(), cipher.getAuthTag()]);
}

/** @throws when it was sealed with another key or for another place, or was changed since */
export function unseal(key: DataKey, sealed: Uint8Array, place: string): string {
  const decipher = createDecipheriv(algorithm, sealKeyOf(key), sealed.subarray(0, nonceBytes))
    .setAAD(Buffer.from(place))
    .setAuthTag(sealed.subarray(-tagBytes));
  const opened = Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  return (opened[0] === deflated[0] ? inflateRawSync(opened.subarray(1)) : opened).toString();
}
