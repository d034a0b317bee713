/** Something does not verify. The message begins with the part that is wrong. */
export class VerificationError extends Error {
  override name = 'VerificationError';
  readonly part: string;

  constructor(part: string, message: string) {
    super(`${part}: ${message}`);
    this.part = part;
  }
}

/**
 * Decodes standard base64 in its one valid form.
 *
 * @throws VerificationError when it has another form, or another length than required
 */
export function bytesOf(base64: string, part: string, length?: number): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) throw new VerificationError(part, 'is not base64');
  if (length !== undefined && bytes.length !== length) {
    throw new VerificationError(part, `has ${bytes.length} bytes, not ${length}`);
  }
  return bytes;
}

/** @throws VerificationError when the bytes are not UTF-8 */
export function textOf(bytes: Uint8Array, part: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new VerificationError(part, 'is not UTF-8 text');
  }
}
