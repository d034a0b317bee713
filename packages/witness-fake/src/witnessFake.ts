import { type Checkpoint, parseCheckpoint } from '@fanfold/tlog/checkpoint';
import { decodeBase64, parseUint64 } from '@fanfold/tlog/encoding';
import { emptyRoot, ProofError, verifyConsistency } from '@fanfold/tlog/merkle';
import {
  cosignatureMessage,
  NoteError,
  noteCosignature,
  openNote,
  parseVerifierKey,
  signatureTypes,
} from '@fanfold/tlog/note';
import { keyOf } from '@fanfold/tlog/noteFixtures';

export type Answer = { status: number; headers: Record<string, string>; body: string };

/** What a witness can do wrong with a checkpoint that it should cosign. */
export type Fault =
  /** Its signature is of something else. */
  | 'wrong-signature'
  /** It signs with a key that nobody knows. */
  | 'other-key'
  /** It answers lines by other keys beside its own, and others that are none. */
  | 'more-lines'
  /** It says that it signed in an hour. */
  | 'future'
  /** Its answer has a megabyte. */
  | 'endless'
  | 'redirect'
  | 'answered-500'
  /** It stores what it should, and never answers. */
  | 'silent';

/**
 * A witness for tests, which follows the text to the letter: https://c2sp.org/tlog-witness. Each refusal has the status that
 * the text names, in the text's order.
 */
export class WitnessFake {
  /** What it does instead of what it should; nothing is done wrong while there is none. */
  fault: Fault | undefined;
  /** What it was sent, in its order. */
  readonly requests: string[] = [];
  /** What it was shown of a log and did not cosign, as proof of what the log did. */
  readonly refused: string[] = [];
  readonly #key: ReturnType<typeof keyOf>;
  readonly #logs: ReadonlyMap<string, readonly string[]>;
  readonly #now: () => number;
  readonly #latest = new Map<string, Pick<Checkpoint, 'size' | 'root'>>();

  /**
   * @param name that it signs with, with one key for each number
   * @param logKeys verifier keys of the logs that it knows
   * @param now milliseconds since 1970
   */
  constructor({
    name = 'witness.example/w1',
    number = 1,
    logKeys,
    now = Date.now,
  }: { name?: string; number?: number; logKeys: readonly string[]; now?: () => number }) {
    this.#key = keyOf(name, number, signatureTypes.cosignatureV1);
    this.#logs = Map.groupBy(logKeys, (key) => parseVerifierKey(key).name);
    this.#now = now;
  }

  get verifierKey(): string {
    return this.#key.verifierKey;
  }

  /** How much of a log it has cosigned. */
  sizeOf(origin: string): number {
    return Number(this.#latest.get(origin)?.size ?? 0);
  }

  /** It has lost what it remembered of a log: its next cosignature can be of any tree. */
  forget(origin: string): void {
    this.#latest.delete(origin);
  }

  /**
   * Answers `POST <prefix>/add-checkpoint`.
   *
   * @returns undefined when it never answers
   */
  addCheckpoint(body: string): Answer | undefined {
    this.requests.push(body);
    if (this.fault === 'answered-500') return answerOf(500);
    if (this.fault === 'redirect')
      return { ...answerOf(307), headers: { location: 'http://127.0.0.1:9/add-checkpoint' } };
    if (this.fault === 'endless') return answerOf(200, `— x ${'A'.repeat(1024 * 1024)}\n`);
    const answer = this.#answer(body);
    return this.fault === 'silent' ? undefined : answer;
  }

  #answer(body: string): Answer {
    const request = parseRequest(body);
    if (!request) return answerOf(400);
    const { oldSize, proof, note, checkpoint } = request;
    const { origin, size, root } = checkpoint;
    const keys = this.#logs.get(origin);
    if (!keys) return answerOf(404);
    const text = signedText(note, keys);
    if (text === undefined) return answerOf(403);
    if (oldSize > size) return answerOf(400);
    const latest = this.#latest.get(origin) ?? { size: 0n, root: emptyRoot };
    if (oldSize !== latest.size) {
      return { ...answerOf(409, `${latest.size}\n`), headers: { 'content-type': 'text/x.tlog.size' } };
    }
    if (!isConsistent(latest, { size, root }, proof)) {
      this.refused.push(body);
      return answerOf(422);
    }
    this.#latest.set(origin, { size, root });
    return answerOf(200, this.#lines(text));
  }

  #lines(text: string): string {
    const timestamp = Math.floor(this.#now() / 1000) + (this.fault === 'future' ? 3600 : 0);
    const signedBy = (key: ReturnType<typeof keyOf>, signed = text) =>
      noteCosignature(key.name, key.publicKey, timestamp, key.sign(cosignatureMessage(timestamp, signed)));
    const other = keyOf('other.example', 99, signatureTypes.cosignatureV1);
    switch (this.fault) {
      case 'wrong-signature':
        return signedBy(this.#key, `${text}more\n`);
      case 'other-key':
        return signedBy(keyOf(this.#key.name, 98, signatureTypes.cosignatureV1));
      case 'more-lines':
        return `${signedBy(other)}no line\n${signedBy(this.#key)}${signedBy(this.#key)}\u0000\n`;
      default:
        return signedBy(this.#key);
    }
  }
}

const answerOf = (status: number, body = ''): Answer => ({ status, headers: {}, body });

type Request = { oldSize: bigint; proof: Uint8Array[]; note: string; checkpoint: Checkpoint };

/** Undefined when a line is not as the text has it. */
function parseRequest(body: string): Request | undefined {
  const [, old = '', lines = '', note = ''] = /^old ([^\n]*)\n((?:[^\n]+\n)*)\n(.*)$/s.exec(body) ?? [];
  const oldSize = parseUint64(old);
  const proof = lines.split('\n').slice(0, -1).map(decodeBase64);
  const isProof = proof.length <= 63 && proof.every((hash) => hash?.length === 32);
  if (oldSize === undefined || !isProof) return undefined;
  try {
    const checkpoint = parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1));
    return { oldSize, proof: proof as Uint8Array[], note, checkpoint };
  } catch (error) {
    if (error instanceof NoteError) return undefined;
    throw error;
  }
}

/** Undefined when none of the keys has signed it, or a signature by one of them is wrong. */
function signedText(note: string, keys: readonly string[]): string | undefined {
  try {
    return openNote(note, keys).text;
  } catch (error) {
    if (error instanceof NoteError) return undefined;
    throw error;
  }
}

type Tree = Pick<Checkpoint, 'size' | 'root'>;

function isConsistent(latest: Tree, { size, root }: Tree, proof: Uint8Array[]): boolean {
  if (size === 0n && !Buffer.from(root).equals(emptyRoot)) return false;
  try {
    verifyConsistency(latest.size, size, proof, latest.root, root);
    return true;
  } catch (error) {
    if (error instanceof ProofError) return false;
    throw error;
  }
}
