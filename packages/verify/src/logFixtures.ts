import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import type { LogReader } from './logReader.ts';

/** A log maker for tests: a plain recursive tree, written from RFC 6962 independently of the tested code. */
const sha = (...parts: (Buffer | string)[]): Buffer =>
  hash('sha256', Buffer.concat(parts.map((part) => Buffer.from(part))), 'buffer');

export const leaf = (entry: Buffer): Buffer => sha(Buffer.from([0]), entry);

/** MTH of RFC 6962, 2.1, over leaf hashes. */
export function mth(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return sha('');
  if (leaves.length === 1) return leaves[0] as Buffer;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.from([1]), mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

/** PATH of RFC 6962, 2.1.1. */
export function path(m: number, leaves: Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k ? [...path(m, left), mth(right)] : [...path(m - k, right), mth(left)];
}

export class Signer {
  readonly #private: KeyObject;
  readonly name: string;
  readonly id: Buffer;
  readonly vkey: string;
  /** The public key as KMS gives it. */
  readonly spki: Buffer;
  readonly #isWitness: boolean;

  constructor(name: string, isWitness = false) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.spki = publicKey.export({ type: 'spki', format: 'der' });
    const raw = this.spki.subarray(-32);
    const typed = Buffer.concat([Buffer.from([isWitness ? 4 : 1]), raw]);
    this.#private = privateKey;
    this.#isWitness = isWitness;
    this.name = name;
    this.id = sha(name, '\n', typed).subarray(0, 4);
    this.vkey = `${name}+${this.id.toString('hex')}+${typed.toString('base64')}`;
  }

  line(body: string, seconds = 1_800_000_000): string {
    if (!this.#isWitness) return this.#line(sign(null, Buffer.from(body), this.#private));
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    const message = Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`);
    return this.#line(Buffer.concat([time, sign(null, message, this.#private)]));
  }

  #line(signature: Buffer): string {
    return `— ${this.name} ${Buffer.concat([this.id, signature]).toString('base64')}\n`;
  }
}

export const origin = 'fanfold.example/test/audit';

export const bodyOf = (leaves: Buffer[], name = origin): string =>
  `${name}\n${leaves.length}\n${mth(leaves).toString('base64')}\n`;

export const noteOf = (body: string, ...signers: Signer[]): string =>
  `${body}\n${signers.map((signer) => signer.line(body)).join('')}`;

/** The n-th event of a subject, and all that its entry is made of. */
export function eventOf(
  subject: string,
  n: number,
  recordedtime = '2026-11-25T10:00:00.000Z',
  data: object = { name: 'Ada Example – "café"' },
) {
  const sequence = String(n).padStart(10, '0');
  const event = JSON.stringify({
    id: `${subject}:${n}`,
    source: '/payments',
    type: 'payment.captured.v1',
    subject,
    time: '2026-11-25T09:59:59.123Z',
    sequence,
    merchantid: 'acme',
    data,
  });
  const salt = sha('salt', subject, sequence);
  const subjectSalt = sha('subject salt', subject);
  const entry = Buffer.from(
    JSON.stringify({
      commitment: sha(salt, event).toString('base64'),
      recordedtime,
      sequence,
      source: '/payments',
      subject: sha(subjectSalt, `acme\0${subject}`).toString('base64url'),
      time: '2026-11-25T09:59:59.123Z',
      type: 'payment.captured.v1',
      version: 1,
    }),
  );
  return { entry, event, salt: salt.toString('base64'), subjectSalt: subjectSalt.toString('base64') };
}

/** This many entries: subjects with two events each. */
export const entriesOf = (size: number): Buffer[] =>
  Array.from({ length: size }, (_, i) => eventOf(`pay_${Math.floor(i / 2)}`, (i % 2) + 1).entry);

/** All files of a log by their paths, as in a bucket. */
export type Files = Map<string, Buffer>;

export function filesOf(entries: Buffer[], ...signers: Signer[]): Files {
  const files: Files = new Map();
  const leaves = entries.map(leaf);
  files.set('checkpoint', Buffer.from(noteOf(bodyOf(leaves), ...signers)));
  for (let n = 0; n * 256 < entries.length; n++) {
    const part = entries.slice(n * 256, (n + 1) * 256);
    const bytes = part.map((entry) =>
      Buffer.concat([Buffer.from([entry.length >> 8, entry.length & 255]), entry]),
    );
    files.set(`tile/entries/${numbered(n, part.length)}`, Buffer.concat(bytes));
  }
  for (let level = 0, hashes = leaves; hashes.length > 0; level++) {
    const above: Buffer[] = [];
    for (let n = 0; n * 256 < hashes.length; n++) {
      const part = hashes.slice(n * 256, (n + 1) * 256);
      files.set(`tile/${level}/${numbered(n, part.length)}`, Buffer.concat(part));
      if (part.length === 256) above.push(mth(part));
    }
    hashes = above;
  }
  return files;
}

/** Fewer than a million tiles. */
function numbered(n: number, width: number): string {
  const three = (number: number) => String(number).padStart(3, '0');
  const full = n < 1000 ? three(n) : `x${three(Math.floor(n / 1000))}/${three(n % 1000)}`;
  return width === 256 ? full : `${full}.p/${width}`;
}

export const readerOf = (files: Files): LogReader => ({
  name: 'the test',
  read: async (at, maxBytes) => files.get(at)?.subarray(0, maxBytes + 1),
});

/** A proof file of an entry; without its event when that was erased. */
export function proofFile(index: number, leaves: Buffer[], extra: object, note: string): string {
  const hashes = path(index, leaves).map((hash) => `${hash.toString('base64')}\n`);
  const base64 = Buffer.from(JSON.stringify(extra)).toString('base64');
  return `c2sp.org/tlog-proof@v1\nextra ${base64}\nindex ${index}\n${hashes.join('')}\n${note}`;
}
