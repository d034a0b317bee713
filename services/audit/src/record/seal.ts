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
 * The key of a merchant's data subject, 32 bytes. Everything secret about its events is derived from it: without the
 * key nobody can decrypt an event, or guess its content and compare the guess with the hashes in the log.
 */
export type DataKey = Uint8Array;

export const newDataKey = (): DataKey => randomBytes(32);

/** Identifies one of the successive keys of a data subject, and tells nothing about it. */
export const keyIdOf = (key: DataKey): string => derive(key, 'id').subarray(0, 8).toString('base64url');

/** The salt of an event's hash in the log. Anybody may read the log: https://c2sp.org/tlog-tiles */
export const eventSaltOf = (key: DataKey, eventId: string): Uint8Array => derive(key, `event ${eventId}`);

/** The salt of a subject's pseudonym in the log. */
export const subjectSaltOf = (key: DataKey, subject: string): Uint8Array => derive(key, `subject ${subject}`);

/** HMAC with a random key is a pseudorandom function: from one derived value nothing follows about another. */
const derive = (key: DataKey, purpose: string): Buffer =>
  // A `KeyObject`, because with plain bytes Node 24 takes several times as long as the HMAC itself.
  createHmac('sha256', createSecretKey(key)).update(purpose).digest();

const sealKeyOf = (key: DataKey): KeyObject => createSecretKey(derive(key, 'seal'));

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * The first byte of compressed texts. JSON never begins with it, so older texts, which are not compressed, can be
 * told apart.
 */
const deflated = Buffer.of(1);

/**
 * Encrypts a text so that only this key decrypts it, and only for the same place: nonce, ciphertext, tag
 * (AES-256-GCM). A key encrypts a few dozen events, so random nonces do not collide (NIST SP 800-38D, 8.3 allows
 * 2^32). The text is compressed to about half first: then most events fit into the kilobyte of one write unit.
 *
 * @param place what the text belongs to, so that it cannot be used for something else
 */
export function seal(key: DataKey, text: string, place: string): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, sealKeyOf(key), nonce).setAAD(Buffer.from(place));
  const opened = Buffer.concat([deflated, deflateRawSync(text)]);
  return Buffer.concat([nonce, cipher.update(opened), cipher.final(), cipher.getAuthTag()]);
}

/** @throws when it was encrypted with another key or for another place, or was changed */
export function unseal(key: DataKey, sealed: Uint8Array, place: string): string {
  const decipher = createDecipheriv(algorithm, sealKeyOf(key), sealed.subarray(0, nonceBytes))
    .setAAD(Buffer.from(place))
    .setAuthTag(sealed.subarray(-tagBytes));
  const opened = Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  return (opened[0] === deflated[0] ? inflateRawSync(opened.subarray(1)) : opened).toString();
}
