import { NoteError, parseVerifierKey, signatureTypes } from './note.ts';

// The witnesses that a log asks for cosignatures: https://c2sp.org/tlog-witness@v1.0.0

/** A witness that somebody else runs. */
export type Witness = {
  /** Of its key, in signature lines and in messages. */
  name: string;
  /** Name and hash of its key, which no other witness has. */
  id: string;
  verifierKey: string;
  /** Its submission prefix, without a slash at its end. */
  url: string;
};

/** Those of a stage. */
export type Witnesses = {
  list: Witness[];
  /** How many of them have to have cosigned a checkpoint lately. */
  quorum: number;
};

/**
 * Signed notes with 16 signatures have to be accepted by everybody, with more they may be refused. The log has two during a
 * rotation of its key, and its own witness one: https://c2sp.org/signed-note
 */
const maxWitnesses = 13;

/**
 * Parses the parameters of a stage.
 *
 * @param list `<url> <verifier key>` of each witness, separated by commas or new lines; empty for none
 * @param quorum a whole number from 1 to the number of witnesses; without witnesses empty or 0
 * @param isLocal whether a witness on this machine may be asked without TLS
 * @throws NoteError when one is malformed, is there twice, or could not be asked safely, or the quorum cannot be reached
 */
export function parseWitnesses(list: string, quorum: string, { isLocal }: { isLocal: boolean }): Witnesses {
  const parts = list
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length > maxWitnesses) {
    throw new NoteError(
      `there are ${parts.length} witnesses, and a checkpoint has room for ${maxWitnesses} signatures of witnesses`,
    );
  }
  const witnesses = parts.map((part, n) => parseWitness(part, n + 1, isLocal));
  for (const what of ['name', 'url'] as const) {
    const twice = witnesses.find((each, n) => witnesses.findIndex((one) => one[what] === each[what]) < n);
    if (twice) throw new NoteError(`two witnesses have the ${what} ${twice[what]}`);
  }
  return { list: witnesses, quorum: parseQuorum(quorum, witnesses.length) };
}

function parseWitness(part: string, n: number, isLocal: boolean): Witness {
  const [address = '', verifierKey, ...more] = part.split(/\s+/);
  if (verifierKey === undefined || more.length > 0) {
    throw new NoteError(`witness ${n} is not a URL, a space and a verifier key`);
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isOnThisMachine =
    isLocal && url?.protocol === 'http:' && /^(127\.0\.0\.1|localhost)$/.test(url.hostname);
  if (!url || !(url.protocol === 'https:' || isOnThisMachine)) {
    throw new NoteError(`witness ${n} is at ${address}, which is not an https URL`);
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new NoteError(`the URL of witness ${n} has more than a host and a path`);
  }
  try {
    const { name, keyHash, type } = parseVerifierKey(verifierKey);
    if (type === signatureTypes.ed25519) throw new NoteError("verifier key is a log's, not a witness'");
    return { name, id: `${name}+${keyHash}`, verifierKey, url: url.href.replace(/\/+$/, '') };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    throw new NoteError(`the key of witness ${n}: ${error.message}`);
  }
}

function parseQuorum(text: string, count: number): number {
  if (count === 0 && /^0?$/.test(text)) return 0;
  if (/^[1-9][0-9]?$/.test(text) && Number(text) <= count) return Number(text);
  throw new NoteError(
    count === 0
      ? `a quorum of ${text} cannot be reached without witnesses`
      : `the quorum is "${text}" instead of a whole number from 1 to ${count}`,
  );
}
