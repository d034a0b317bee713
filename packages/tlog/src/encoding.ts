// Numbers and base64 in the one form that the formats allow: if there were two, something could be signed twice.

/** An index of an entry, or a number of entries, up to 2^64 − 1. A number must be exact: a safe integer. */
export type Uint64 = bigint | number;

export const maxUint64 = 2n ** 64n - 1n;

/** Undefined for anything but a whole number from 0 to 2^64 − 1. */
export function toUint64(value: Uint64): bigint | undefined {
  if (typeof value === 'number' ? !Number.isSafeInteger(value) : typeof value !== 'bigint') return undefined;
  const whole = BigInt(value);
  return whole < 0n || whole > maxUint64 ? undefined : whole;
}

/** ASCII decimal without leading zeros, or undefined. */
export function parseUint64(text: string): bigint | undefined {
  return /^(0|[1-9][0-9]{0,19})$/.test(text) ? toUint64(BigInt(text)) : undefined;
}

export const encodeBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** Base64 of RFC 4648, section 4, padded and with the unused bits zero, or undefined. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  // Node ignores characters that are not base64, so the bytes are encoded again and compared.
  return bytes.toString('base64') === text ? bytes : undefined;
}
