import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { AgeLimit } from './age.ts';
import { parseKeyOf, type Role } from './key.ts';
import type { LogReader } from './logReader.ts';
import type { TrustedKeys } from './note.ts';
import { maxPolicyBytes, PolicyError, parsePolicy } from './policy.ts';
import { folderReader, urlReader } from './reader.ts';

// What the commands of the verifier have in common.

/** A command was used wrongly. The message says what to do. */
export class BadUsage extends Error {}

export type TrustOptions = {
  key?: string[] | undefined;
  witness?: string[] | undefined;
  policy?: string | undefined;
};

/** @throws BadUsage when no key of a log is given, or one is malformed */
export async function trustedKeys({ key = [], witness = [], policy }: TrustOptions): Promise<TrustedKeys> {
  const named = policy === undefined ? undefined : await policyIn(policy);
  if (named && witness.length > 0) throw new BadUsage('--policy names the witnesses: leave --witness out.');
  if (named && named.keys.length > 0) {
    if (key.length > 0) throw new BadUsage('--policy names the keys of logs: leave --key out.');
    return named;
  }
  if (key.length === 0) {
    throw new BadUsage(
      named
        ? "--policy has no line that begins with log: give the log's key with --key <vkey> too."
        : "Give the log's key: --key <vkey>, as `fanfold audit key` prints it.",
    );
  }
  const keys = await Promise.all(key.map((text) => keyOf('log', text)));
  return named
    ? { ...named, keys }
    : { keys, witnessKeys: await Promise.all(witness.map((text) => keyOf('witness', text))) };
}

async function keyOf(role: Role, text: string) {
  const [option, other] = role === 'log' ? ['--key', '--witness'] : ['--witness', '--key'];
  return parseKeyOf(role, text).catch(({ message }: Error) => {
    const hint = message.startsWith('It is the key of') ? ` Give it with ${other}.` : '';
    throw new BadUsage(`${option}: ${message}${hint}`);
  });
}

async function policyIn(file: string): Promise<Required<TrustedKeys>> {
  const bytes = await folderReader(dirname(file))
    .read(basename(file), maxPolicyBytes)
    .catch((error: Error) => {
      throw new BadUsage(`--policy: ${file} cannot be read: ${error.message}`);
    });
  if (!bytes) throw new BadUsage(`--policy: There is no file ${file}.`);
  if (bytes.length > maxPolicyBytes) {
    throw new BadUsage(`--policy: ${file} has more than ${maxPolicyBytes} bytes, so it is no policy.`);
  }
  return parsePolicy(bytes).catch((error: Error) => {
    throw error instanceof PolicyError ? new BadUsage(`--policy: ${file}, ${error.message}`) : error;
  });
}

/** @returns undefined when no age is demanded */
export function ageLimitOf(
  { maxAge, policy }: { maxAge?: string | undefined; policy?: string | undefined },
  { witnessKeys = [] }: TrustedKeys,
): AgeLimit | undefined {
  if (maxAge === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(maxAge))
    throw new BadUsage('--max-age: It is a whole number of seconds from 1 to 999999999.');
  if (witnessKeys.length === 0) {
    throw new BadUsage(
      "--max-age needs a witness, --witness <vkey> or one in the policy: only a witness's signature has a time. " +
        '`fanfold audit key --witness` prints the key of a stage.',
    );
  }
  const of = policy === undefined ? 'each' : 'newest';
  return { now: new Date(), maxAgeSeconds: Number(maxAge), isDemanded: true, of };
}

/** A log by its URL or folder. @throws BadUsage when it is neither */
export async function readerOf(option: string, log: string, signal?: AbortSignal): Promise<LogReader> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(log)) {
    const url = URL.canParse(log) ? new URL(log) : undefined;
    if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username)
      return urlReader(log, undefined, signal);
    throw new BadUsage(
      `${option}: It is the URL (http or https) below which a log has its checkpoint, or a folder.`,
    );
  }
  const found = await stat(log).catch(() => undefined);
  if (found?.isDirectory()) return folderReader(log);
  throw new BadUsage(`${option}: There is no folder ${log}. A URL begins with http:// or https://.`);
}
