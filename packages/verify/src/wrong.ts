/** Something does not verify. The message begins with the part that is wrong. */
export class VerificationError extends Error {
  override name = 'VerificationError';
  readonly part: string;

  constructor(part: string, message: string) {
    super(`${part}: ${message}`);
    this.part = part;
  }
}
