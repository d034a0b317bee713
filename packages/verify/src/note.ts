import { parseBody } from './body.ts';
import { bytesOf, hexOf } from './bytes.ts';
import type { Hash } from './hashes.ts';
import { shortOf, type VerifierKey } from './key.ts';
import { isMet, type Quorum, witnessesIn } from './quorum.ts';
import { verdictOn } from './signature.ts';
import { VerificationError } from './wrong.ts';

/** A checkpoint: the log has signed that its first `size` entries have this root. */
export type Checkpoint = {
  /** The log's name. */
  origin: string;
  size: number;
  root: Hash;
  /** The trusted keys of the log that have signed it. */
  signedBy: VerifierKey[];
  /** The trusted witnesses that have signed it, and when each of them has seen it. */
  witnessedBy: { key: VerifierKey; time: Date }[];
  /** Trusted witnesses whose signatures cannot be checked here, so they count for nothing. */
  notChecked: VerifierKey[];
  /** The note that it was parsed from. */
  text: string;
};

export type TrustedKeys = {
  /** Keys of logs. One of the log that a checkpoint names must have signed it. */
  keys: readonly VerifierKey[];
  /** Keys of witnesses. */
  witnessKeys?: readonly VerifierKey[];
  /** Which of the witnesses must have signed: each of them, if not given. */
  quorum?: Quorum;
};

/**
 * Of a checkpoint with its signatures. A note must be read with 16 signatures, of nearly 5 kB each where they are post-quantum ones
 * (https://c2sp.org/signed-note): with their names, in base64, 16 of ML-DSA-87 have 105 kB. Those of ML-DSA-44 have 3.5 kB,
 * so {@link maxSignatures} of them fit as well.
 */
export const maxCheckpointBytes = 262_144;

/** Many more than a log and its witnesses need; the specification requires 16. */
export const maxSignatures = 64;

/**
 * Opens a checkpoint (https://c2sp.org/tlog-checkpoint): a note that is signed by a trusted key of the log that it
 * names, and by a quorum of witnesses. Signatures by other keys are ignored. If one by a trusted key is invalid, all is
 * refused.
 *
 * @throws VerificationError when it is not such a note; its part is `witness` when only cosignatures are missing
 */
export async function openCheckpoint(text: string, trusted: TrustedKeys): Promise<Checkpoint> {
  const { keys, witnessKeys = [] } = trusted;
  const { body, signatures } = parseNote(text);
  /** Of each key that has signed; a witness may have signed again, and then the latest counts. */
  const times = new Map<VerifierKey, Date | undefined>();
  const notChecked = new Set<VerifierKey>();
  for (const signature of signatures) {
    for (const key of [...keys, ...witnessKeys]) {
      if (key.name !== signature.name || key.id !== signature.id) continue;
      const verdict = await verdictOn(key, signature.bytes, body);
      if (verdict === 'wrong') throw doesNotFit(key);
      if (verdict === 'cannot be checked here') notChecked.add(key);
      else times.set(key, latestOf(times.get(key), verdict.time));
    }
  }
  const { origin, size, root } = parseBody(body);
  const signers = keys.filter((key) => times.has(key));
  const signedBy = signers.filter(({ name }) => name === origin);
  const [stranger] = signers;
  if (signedBy.length === 0 && stranger) {
    throw new VerificationError('origin', `it is ${origin}, but the key is that of ${stranger.name}`);
  }
  if (signedBy.length === 0)
    throw notSigned(
      signatures,
      keys.filter((key) => notChecked.has(key)),
    );
  const witnessedBy = witnessKeys.flatMap((key) => {
    const time = times.get(key);
    return time ? [{ key, time }] : [];
  });
  const cosigners = new Set(witnessedBy.map(({ key }) => key));
  const { quorum = allOf(witnessKeys) } = trusted;
  if (!isMet(quorum, cosigners)) throw notMet(trusted, quorum, cosigners, notChecked);
  const unchecked = witnessKeys.filter((key) => notChecked.has(key));
  return { origin, size, root, signedBy, witnessedBy, notChecked: unchecked, text };
}

const latestOf = (one: Date | undefined, other: Date | undefined): Date | undefined =>
  one && other && one > other ? one : other;

const allOf = (witnessKeys: readonly VerifierKey[]): Quorum => ({
  name: 'all',
  threshold: witnessKeys.length,
  members: witnessKeys.map((witness) => ({ name: shortOf(witness), witness })),
});

const doesNotFit = (key: VerifierKey) =>
  new VerificationError(
    'signature',
    `that of ${shortOf(key)} does not fit: the checkpoint or the signature was changed`,
  );

function notSigned(signatures: Signature[], notChecked: VerifierKey[]): VerificationError {
  const [key] = notChecked;
  if (key) return new VerificationError('signature', `that of ${shortOf(key)} ${cannotBeChecked}`);
  return new VerificationError(
    'signature',
    `the checkpoint is signed by none of the keys given, but by ${signatures.map(shortOf).join(', ')}`,
  );
}

function notMet(
  { quorum: demanded }: TrustedKeys,
  quorum: Quorum,
  cosigners: ReadonlySet<VerifierKey>,
  notChecked: ReadonlySet<VerifierKey>,
): VerificationError {
  const others = witnessesIn(quorum).filter(({ witness }) => !cosigners.has(witness));
  const missing = others.filter(({ witness }) => !notChecked.has(witness)).map(({ name }) => name);
  const unchecked = others.filter(({ witness }) => notChecked.has(witness)).map(({ name }) => name);
  const reasons = [
    ...(missing.length > 0
      ? [`${missing.join(', ')} ${missing.length > 1 ? 'have' : 'has'} not signed the checkpoint`]
      : []),
    ...unchecked.map((name) => `the signature of ${name} ${cannotBeChecked}`),
  ];
  const which = demanded ? `the quorum ${demanded.name} is not met: ` : '';
  return new VerificationError(
    'witness',
    `${which}${reasons.join(', and ')}. A witness follows the log within a minute or two: get it again then`,
  );
}

/** Of a signature by ML-DSA-44. */
export const cannotBeChecked =
  'cannot be checked here: this browser, or version of Node, does not have ML-DSA-44';

type Signature = { name: string; id: string; bytes: Uint8Array };

/** https://c2sp.org/signed-note */
export function parseNote(text: string): { body: string; signatures: Signature[] } {
  const end = text.lastIndexOf('\n\n');
  // Control characters except newline. Bytes that are not UTF-8 were refused before.
  const hasForbidden = [...text].some((character) => character < ' ' && character !== '\n');
  if (end === -1 || hasForbidden || !text.endsWith('\n') || end + 2 === text.length) {
    throw new VerificationError('checkpoint', 'it is not a signed note: lines, an empty line, signatures');
  }
  const lines = text.slice(end + 2, -1).split('\n');
  if (lines.length > maxSignatures) {
    throw new VerificationError(
      'checkpoint',
      `it has ${lines.length} signatures; at most ${maxSignatures} are read`,
    );
  }
  const signatures = lines.map((line, i) => {
    const part = `line ${i + 1} of the checkpoint's signatures`;
    const [, name, base64] = /^— ([^+\s]+) (\S+)$/u.exec(line) ?? [];
    if (name === undefined || base64 === undefined) throw new VerificationError(part, 'is not a signature');
    const bytes = bytesOf(base64, part);
    if (bytes.length < 5) throw new VerificationError(part, 'is not a signature');
    return { name, id: hexOf(bytes.subarray(0, 4)), bytes: bytes.subarray(4) };
  });
  return { body: text.slice(0, end + 1), signatures };
}
