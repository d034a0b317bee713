import { environmentVariable } from '@fanfold/runtime/env';
import { type Checkpoint, formatCheckpoint, openCheckpoint, parseCheckpoint } from '@fanfold/tlog/checkpoint';
import {
  assembleNote,
  cosignatureMessage,
  formatVerifierKey,
  noteCosignature,
  noteSignature,
  openNote,
  signatureTypes,
} from '@fanfold/tlog/note';
import { publicKeyOf, sign } from '../store/signingKey.ts';
import { noted } from './misfit.ts';

/** The name of the log in its checkpoints: https://c2sp.org/tlog-checkpoint */
const logOrigin = () => environmentVariable('LOG_ORIGIN');

/** The name that the witness signs with. */
const witnessName = () => `${logOrigin()}/witness`;

/** The keys that sign checkpoints. During a rotation there are two. */
const logKeyIds = () => environmentVariable('LOG_SIGNING_KEY_IDS').split(',');

/**
 * The checkpoint of a tree, signed with each key of the log.
 *
 * @throws when a signature does not verify
 */
export async function signCheckpoint(size: number, root: Uint8Array): Promise<string> {
  const origin = logOrigin();
  const text = formatCheckpoint({ origin, size, root });
  const signatures = await Promise.all(
    logKeyIds().map(async (keyId) => {
      const { publicKey, signature } = await sign(keyId, Buffer.from(text));
      const key = formatVerifierKey(origin, publicKey);
      return { key, line: noteSignature(origin, publicKey, signature) };
    }),
  );
  const note = assembleNote(
    text,
    signatures.map(({ line }) => line),
  );
  openNote(
    note,
    signatures.map(({ key }) => key),
  );
  return note;
}

/**
 * A checkpoint that has the signature of one of the log's keys.
 *
 * @throws Misfit when it has none, or is of another log
 */
export async function openOwnCheckpoint(note: string): Promise<Checkpoint> {
  const origin = logOrigin();
  const keys = await Promise.all(
    logKeyIds().map(async (keyId) => formatVerifierKey(origin, await publicKeyOf(keyId))),
  );
  return noted(() => openCheckpoint(note, origin, keys));
}

/**
 * A checkpoint with the witness's signature after those of the log: https://c2sp.org/tlog-cosignature@v1.0.1
 *
 * @throws when the signature does not verify
 */
export async function cosign(note: string, now: Date): Promise<string> {
  const keyId = environmentVariable('WITNESS_SIGNING_KEY_ID');
  const timestamp = Math.floor(now.getTime() / 1000);
  const message = cosignatureMessage(timestamp, textOf(note));
  const { publicKey, signature } = await sign(keyId, message);
  const cosigned = note + noteCosignature(witnessName(), publicKey, timestamp, signature);
  openNote(cosigned, [formatVerifierKey(witnessName(), publicKey, signatureTypes.cosignatureV1)]);
  return cosigned;
}

/**
 * The checkpoint in a note. Signatures are not verified.
 *
 * @throws Misfit when there is none
 */
export const checkpointIn = (note: string): Checkpoint => noted(() => parseCheckpoint(textOf(note)));

/** The part of a note that is signed. */
export const textOf = (note: string): string => note.slice(0, note.lastIndexOf('\n\n') + 1);
