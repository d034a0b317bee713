import { decodeBase64, encodeBase64, parseUint64, toUint64, type Uint64 } from './encoding.ts';
import { hashBytes } from './merkle.ts';
import { maxNoteLength, NoteError, openNote, type VerifiedSignature } from './note.ts';

// Checkpoints, https://c2sp.org/tlog-checkpoint: the note with the size and the root of a log.

export type Checkpoint = {
  /** The name of the log. */
  origin: string;
  size: bigint;
  /** 32 bytes. */
  root: Uint8Array;
  /** Further lines that the log signs and nobody audits; usually none. */
  extensions: string[];
};

/**
 * The text that the log signs.
 *
 * @throws NoteError when a part is malformed
 */
export function formatCheckpoint(checkpoint: {
  origin: string;
  size: Uint64;
  root: Uint8Array;
  extensions?: readonly string[];
}): string {
  const { origin, root, extensions = [] } = checkpoint;
  const size = toUint64(checkpoint.size);
  if (size === undefined)
    throw new NoteError(`size ${checkpoint.size} is no whole number from 0 to 2^64 - 1`);
  if (root.length !== hashBytes) throw new NoteError(`root is ${root.length} bytes instead of ${hashBytes}`);
  for (const [part, line] of [['origin', origin], ...extensions.map((each) => ['extension', each])]) {
    if (!line || line.includes('\n')) throw new NoteError(`${part} of the checkpoint is not one line`);
  }
  return [origin, size, encodeBase64(root), ...extensions, ''].join('\n');
}

/**
 * @param text of the note, without its signatures
 * @throws NoteError when it is not a checkpoint to the letter
 */
export function parseCheckpoint(text: string): Checkpoint {
  if (text.length > maxNoteLength) {
    throw new NoteError(`checkpoint is ${text.length} characters; it may have ${maxNoteLength}`);
  }
  const [origin = '', size = '', root = '', ...extensions] = text.split('\n');
  if (extensions.pop() !== '') throw new NoteError('checkpoint has not three lines that end with a newline');
  if (origin === '') throw new NoteError('checkpoint has no origin');
  const parsedSize = parseUint64(size);
  if (parsedSize === undefined) throw new NoteError('checkpoint has a size that is no decimal below 2^64');
  const parsedRoot = decodeBase64(root);
  if (parsedRoot?.length !== hashBytes)
    throw new NoteError('checkpoint has a root that is not 32 bytes in base64');
  if (extensions.includes('')) throw new NoteError('checkpoint has an empty extension line');
  return { origin, size: parsedSize, root: parsedRoot, extensions };
}

/**
 * Opens a checkpoint that this log has signed. Besides {@link openNote}, one of the signatures must be over the text
 * itself, because a witness' cosignature does not tell who made the checkpoint.
 *
 * @throws NoteError when it is malformed, of another origin, or has no such signature
 */
export function openCheckpoint(
  note: string,
  origin: string,
  verifierKeys: readonly string[],
): Checkpoint & { signatures: VerifiedSignature[] } {
  const { text, signatures } = openNote(note, verifierKeys);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== origin) {
    throw new NoteError(`checkpoint is of origin ${checkpoint.origin.slice(0, 100)}, not of ${origin}`);
  }
  if (signatures.every(({ timestamp }) => timestamp !== undefined)) {
    throw new NoteError('checkpoint is cosigned by a witness, but signed by no known key of the log');
  }
  return { ...checkpoint, signatures };
}
