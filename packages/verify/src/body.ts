import { bytesOf } from './bytes.ts';
import { type Hash, hashBytes } from './hashes.ts';
import { VerificationError } from './wrong.ts';

/**
 * The text of a checkpoint, https://c2sp.org/tlog-checkpoint
 *
 * @throws VerificationError when it is none
 */
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
