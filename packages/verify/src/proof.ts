import { wholeNumber } from './body.ts';
import { bytesOf, textOf, utf8 } from './bytes.ts';
import { type Entry, type OpenedEvent, type Opening, objectOf, openEntry, parseEntry } from './entry.ts';
import { type Hash, hashBytes, ofLeaf, sha256 } from './hashes.ts';
import { verifyInclusion } from './inclusion.ts';
import { type Checkpoint, openCheckpoint, type TrustedKeys } from './note.ts';
import { VerificationError } from './wrong.ts';

/** What a proof file proves: that the log has this entry, and its event. */
export type Proven = {
  index: number;
  checkpoint: Checkpoint;
  entry: Entry;
  /** `erased`: its text is gone, so it is proven only that there was an event with this entry. */
  event: OpenedEvent | 'erased';
};

/** More than three times the largest event with its entry, escaped and in base64. */
export const maxProofFileBytes = 1_048_576;

const maxTreeLevels = 64;

/**
 * Verifies a proof file (https://c2sp.org/tlog-proof) with the given keys and nothing else.
 *
 * @throws VerificationError that names what is wrong
 */
export async function verifyProofFile(text: string, keys: TrustedKeys): Promise<Proven> {
  const { extra, index, hashes, note } = readProofFile(text);
  const checkpoint = await openCheckpoint(note, keys);
  const { entry: entryText, opening } = parseExtra(extra);
  const bytes = utf8(entryText);
  await verifyInclusion(index, checkpoint.size, await sha256(ofLeaf(bytes)), hashes, checkpoint.root);
  const entry = parseEntry(bytes);
  return { index, checkpoint, entry, event: opening ? await openEntry(entry, opening) : 'erased' };
}

/** What a proof file says, before anything of it is verified. */
export type Said = { extra: string; index: number; hashes: Hash[]; note: string };

/** @throws VerificationError when it has not the form of one */
export function readProofFile(text: string): Said {
  if (text.length > maxProofFileBytes) {
    throw new VerificationError('proof file', `is larger than any proof: ${maxProofFileBytes} bytes`);
  }
  const end = text.indexOf('\n\n');
  const [version, extra = '', index = '', ...hashes] = text.slice(0, end < 0 ? undefined : end).split('\n');
  if (version !== 'c2sp.org/tlog-proof@v1') {
    throw new VerificationError(
      'proof file',
      'is none: it does not begin with the line c2sp.org/tlog-proof@v1',
    );
  }
  if (end < 0) throw new VerificationError('proof file', 'is cut off: its checkpoint is missing');
  if (!extra.startsWith('extra ')) {
    throw new VerificationError('extra', 'the second line of the proof file does not have the entry');
  }
  if (!index.startsWith('index ')) {
    throw new VerificationError('index', 'the third line of the proof file does not have it');
  }
  if (hashes.length > maxTreeLevels) {
    throw new VerificationError('inclusion proof', 'it has more hashes than any tree has levels');
  }
  return {
    extra: extra.slice('extra '.length),
    index: wholeNumber(index.slice('index '.length), 'index'),
    hashes: hashes.map((hash, i) => bytesOf(hash, `hash ${i + 1} of the inclusion proof`, hashBytes)),
    note: text.slice(end + 2),
  };
}

const openingMembers = ['event', 'salt', 'subjectSalt'] as const;

export function parseExtra(base64: string): { entry: string; opening: Opening | undefined } {
  const parsed = objectOf(textOf(bytesOf(base64, 'extra'), 'extra'), 'extra');
  const { version, entry, ...rest } = parsed;
  if (version !== 1) throw new VerificationError('extra', 'is of a version that this verifier does not know');
  if (typeof entry !== 'string' || !entry.isWellFormed())
    throw new VerificationError('extra', 'has no entry');
  const names = Object.keys(rest).sort();
  if (names.length === 0) return { entry, opening: undefined };
  const isOpening = names.join() === openingMembers.join();
  if (isOpening && openingMembers.every((name) => typeof rest[name] === 'string')) {
    return { entry, opening: rest as Opening };
  }
  throw new VerificationError('extra', 'has not all of event, salt and subjectSalt, or has more');
}
