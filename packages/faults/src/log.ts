import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { parseCheckpoint } from '@fanfold/tlog/checkpoint';
import { type Edge, emptyEdge, encodeEdge, extend, leafHash, rootOf } from '@fanfold/tlog/merkle';
import { openNote } from '@fanfold/tlog/note';
import { decodeBundle, newTiles, tilePath } from '@fanfold/tlog/tile';
import type { VerifierKey } from '@fanfold/verify/key';
import { verifyLog } from '@fanfold/verify/log';
import { verifyProofFile } from '@fanfold/verify/proof';
import type { WitnessFake } from '@fanfold/witness-fake/witnessFake';
import { type Answer, type Call, inputOf } from './calls.ts';
import type { Item } from './item.ts';

/** A tree that somebody vouched for: by a signature, or by writing a checkpoint down. */
type Vouched = { by: 'signature' | 'cosignature' | 'checkpoint' | 'memory'; size: number; root: string };

/**
 * Everything that was ever signed and written of the log in a run, as the emulators did it: what was signed stays signed,
 * whether or not anybody heard the answer.
 */
export class LogWatch {
  /** In the order in which it took effect. */
  readonly vouched: Vouched[] = [];
  /** By path, what was written first. */
  readonly files = new Map<string, Buffer>();
  /** What must never happen, and did. */
  readonly breaches: string[] = [];
  /** How many entries there were before, which no event belongs to. */
  readonly filled: number;
  /** Files that were put back to a time before they were written. */
  readonly #lost = new Set<string>();
  /** The commands that moved the checkpoint or the witness's memory forward. */
  readonly #movedBy = new Set<string>();
  /** The commands whose transactions were done. */
  readonly #committed = new Set<string>();
  /** Up to which number those of a series were given, as the bucket has noted it, by merchant and name. */
  readonly #given = new Map<string, number>();
  /** Of which types events may be lost, though not their entries: nobody else had them when audit's table was put back. */
  mayBeLost: (type: string) => boolean = () => false;
  /** What witnesses outside have cosigned, as the table has it, by its item: the size, and when. */
  readonly #collected = new Map<string, { size: number; time: string }>();
  /** How many entries were appended. */
  headSize: number;

  constructor(filled = 0) {
    this.filled = filled;
    this.headSize = filled;
  }

  /** Whether a checkpoint covers everything that was appended, and the witness has seen it. */
  get isWitnessed(): boolean {
    return this.published === this.headSize && this.cosigned === this.headSize;
  }

  get published(): number {
    return this.#lastSize('checkpoint');
  }

  get cosigned(): number {
    return this.#lastSize('memory');
  }

  /** A file that is not there any more: it may be written again, as it was. */
  lost(path: string): void {
    this.#lost.add(path);
  }

  #lastSize(by: Vouched['by']): number {
    return this.vouched.findLast((each) => each.by === by)?.size ?? 0;
  }

  see(call: Call, { status }: Answer): void {
    if (status !== 200) return;
    if (call.operation === 'Sign') this.#signed(Buffer.from(inputOf(call).Message, 'base64').toString());
    else if (call.operation === 'PutObject' && call.target.startsWith('fanfold-local-audit-log/')) {
      this.#written(call);
    } else if (call.operation === 'PutItem' && call.target === 'fanfold-local-audit-witness') {
      const { size, root } = inputOf(call).Item;
      this.#replace('memory', Number(size.N), root.B, call);
    } else if (call.operation === 'TransactWriteItems' && call.target === 'fanfold-local-audit') {
      // One that comes again, with its token, is answered as if it were done again, and is not.
      if (this.#committed.has(call.commandId)) return;
      this.#committed.add(call.commandId);
      const { TransactItems } = inputOf(call) as {
        TransactItems: { Update?: HeadUpdate; Put?: SeriesPut }[];
      };
      const head = TransactItems.find(({ Update }) => Update?.Key.pk?.S === 'head')?.Update;
      if (head) this.headSize = Number(head.ExpressionAttributeValues[':newSize']?.N);
      for (const { Put } of TransactItems) if (Put?.Item.pk?.S?.startsWith('series:')) this.#counted(Put);
    } else if (call.operation === 'UpdateItem' && call.target === 'fanfold-local-audit') {
      const { Key, ExpressionAttributeValues: values } = inputOf(call) as HeadUpdate;
      // A log that is restored.
      if (Key.pk?.S === 'head' && values?.[':size']) this.headSize = Number(values[':size'].N);
      const { size, timestamp } = values?.[':collected']?.M ?? {};
      if (size) this.#collect(String(Key.sk?.S), Number(size.N), String(timestamp?.N));
    } else if (call.operation === 'PutItem' && call.target === 'fanfold-local-audit') {
      const { pk, sk, size, collectedAt } = inputOf(call).Item as SeriesPut['Item'];
      if (pk?.S === 'cosignatures') this.#collect(String(sk?.S), Number(size?.N), String(collectedAt?.S));
    }
  }

  /** Times of an item are of one form and length. */
  #collect(item: string, size: number, time: string): void {
    const last = this.#collected.get(item);
    const isBefore = last && (size < last.size || (size === last.size && time < last.time));
    if (isBefore) {
      this.breaches.push(
        `the cosignatures ${item} went from ${last.size} at ${last.time} to ${size} at ${time}`,
      );
    }
    this.#collected.set(item, { size, time });
  }

  /** The table was put back, with what it had of cosignatures. */
  forgetCosignatures(): void {
    this.#collected.clear();
  }

  /** The bucket is not put back with the table, so it has to know of a number first. */
  #counted({ Item: { sk, highest } }: SeriesPut): void {
    const noted = this.#given.get(sk?.S ?? '') ?? 0;
    if (Number(highest?.N) > noted)
      this.breaches.push(`the table counts ${sk?.S} up to ${highest?.N}, and the bucket has noted ${noted}`);
  }

  /** A checkpoint, or two lines and the checkpoint that a witness saw: https://c2sp.org/tlog-cosignature */
  #signed(message: string): void {
    const [, ofWitness] = /^cosignature\/v1\ntime \d+\n(.*)$/s.exec(message) ?? [];
    const { size, root } = parseCheckpoint(ofWitness ?? message);
    if (!ofWitness) this.#requireFiles('signed', size);
    this.#vouch(ofWitness ? 'cosignature' : 'signature', Number(size), base64(root));
    // The witness goes by what is published, whatever the table has.
    if (size > (ofWitness ? Math.max(this.headSize, this.published) : this.headSize)) {
      this.breaches.push(`a tree of ${size} entries was signed, and the head had ${this.headSize}`);
    }
  }

  #written(call: Call): void {
    const { path, body } = call;
    const [, , ...parts] = new URL(path, 'http://localhost').pathname.split('/');
    const name = parts.join('/');
    // Of keys that were destroyed, and not the log's.
    if (name.startsWith('erased/')) return;
    if (name.startsWith('given/')) {
      const { merchantId, name: series, highest } = JSON.parse(body.toString());
      const key = `${merchantId}#${series}`;
      const before = this.#given.get(key) ?? 0;
      if (highest < before)
        this.breaches.push(`what the bucket notes of ${key} went from ${before} to ${highest}`);
      this.#given.set(key, highest);
      return;
    }
    if (name !== 'checkpoint') {
      const first = this.files.get(name);
      const isAllowed = this.#lost.delete(name) && first?.equals(body);
      if (!first) this.files.set(name, body);
      else if (!isAllowed) {
        this.breaches.push(`${name} was written twice${first.equals(body) ? '' : ', differently'}`);
      }
      return;
    }
    const { size, root } = checkpointIn(String(body));
    this.#requireFiles('published', size);
    this.#replace('checkpoint', Number(size), base64(root), call);
  }

  #requireFiles(done: string, size: bigint): void {
    for (const tile of newTiles(0, size)) {
      if (this.files.has(tilePath(tile))) continue;
      this.breaches.push(`a checkpoint of ${size} entries was ${done} before ${tilePath(tile)} was written`);
    }
  }

  /**
   * Neither the checkpoint nor the witness's memory ever goes back. Of a quiet log both are written again. But a command
   * that moved one forward must not do it twice: it would go over whatever was written in between.
   */
  #replace(by: 'checkpoint' | 'memory', size: number, root: string, { commandId }: Call): void {
    const last = this.#lastSize(by);
    const what = by === 'memory' ? "witness's memory" : by;
    if (size < last) this.breaches.push(`the ${what} went from ${last} to ${size}`);
    if (this.#movedBy.has(commandId)) this.breaches.push(`the ${what} was replaced twice by one command`);
    if (size > last) this.#movedBy.add(commandId);
    this.#vouch(by, size, root);
  }

  #vouch(by: Vouched['by'], size: number, root: string): void {
    this.vouched.push({ by, size, root });
  }
}

type HeadUpdate = {
  Key: Record<string, { S?: string }>;
  ExpressionAttributeValues: Record<string, { N?: string; M?: Record<string, { N?: string }> }>;
};

type SeriesPut = { Item: Record<string, { S?: string; N?: string }> };

/** The keys of the log and of its witness. */
export type LogKeys = { log: VerifierKey; witness: VerifierKey };

/**
 * I6: there is one log. Nothing was ever signed but its beginnings, each of one root; entries and events are one to one;
 * and whoever reads the files, who knows nothing of the table, finds that log.
 *
 * @param items of audit's table, at rest
 */
export async function logBreaches(
  watch: LogWatch,
  items: Item[],
  readFile: (path: string) => Promise<Buffer | undefined>,
  { log }: LogKeys,
): Promise<string[]> {
  const breaches = [...watch.breaches];
  const entries = entriesIn(items, breaches);
  const edges = [emptyEdge];
  for (const entry of entries) edges.push(extend(edges.at(-1) as Edge, [leafHash(entry)]));

  const head = items.find(({ pk }) => pk === 'head');
  if (Number(head?.size ?? 0) !== entries.length) {
    breaches.push(`the head has ${head?.size} entries, and there are ${entries.length}`);
  } else if (head && head.edge !== base64(encodeEdge(edges.at(-1) as Edge))) {
    breaches.push('the edge of the head is not that of the entries');
  }
  const waiting = items.filter(({ pk, isFilled }) => pk === 'open' && !isFilled);
  const positions = items
    .filter((item) => item.position !== undefined && (item.pk !== 'open' || waiting.includes(item)))
    .map(({ position }) => Number(position));
  positions.sort((a, b) => a - b);
  if (!isDeepStrictEqual(positions, [...entries.keys()].slice(watch.filled))) {
    breaches.push(`${entries.length} entries have events at ${positions.join(', ')}`);
  }
  for (const { position, entry } of waiting) {
    const { type } = JSON.parse(String(entry));
    if (!watch.mayBeLost(type)) breaches.push(`the event of entry ${position} is lost: ${type}`);
  }

  const roots = new Map<number, string>();
  for (const { by, size, root } of watch.vouched) {
    const other = roots.get(size) ?? root;
    roots.set(size, other);
    if (other !== root) breaches.push(`two roots for one size: ${size}, by ${by}`);
    const edge = edges[size];
    if (!edge || base64(rootOf(edge)) !== root) {
      breaches.push(`the ${by} of ${size} entries is not of the beginning of the log`);
    }
  }

  const { published, cosigned } = watch;
  if (published !== entries.length || cosigned !== published) {
    breaches.push(`${published} of ${entries.length} entries are published, and ${cosigned} cosigned`);
  }
  if (published > 0) {
    const { findings } = await verifyLog({ name: 'the bucket', read: readFile }, { keys: [log] });
    // Where an event is lost, its subject goes on with another one of the same number, and whoever reads the log is told.
    const isSaidAgain = (message: string) =>
      waiting.some(({ entry }) => {
        const { subject, sequence } = JSON.parse(String(entry));
        return message === `subject ${subject} has the number ${Number(sequence)} twice`;
      });
    breaches.push(
      ...findings
        .filter(({ message }) => !isSaidAgain(message))
        .map(({ where, message }) => `${where}: ${message}`),
    );
  }
  return breaches.map((breach) => `I6 ${breach}`);
}

/**
 * I6: witnesses outside have cosigned the log that readers get, all of it, and were shown no other one.
 *
 * @param note what readers get
 * @param published how many entries are published
 */
export function cosigningBreaches(note: string, witness: WitnessFake, published: number): string[] {
  const breaches: string[] = [];
  try {
    const { text } = openNote(note, [witness.verifierKey]);
    const { size } = parseCheckpoint(text);
    if (Number(size) !== published) breaches.push(`readers get ${size} of ${published} entries cosigned`);
  } catch (error) {
    breaches.push(`readers get no cosignature of the witness outside: ${(error as Error).message}`);
  }
  breaches.push(...witness.refused.map((request) => `a witness was shown another log: ${request}`));
  return breaches.map((breach) => `I6 ${breach}`);
}

/** The entries in their order, from the items in which they were appended. */
function entriesIn(items: Item[], breaches: string[]): Uint8Array[] {
  const entries: Uint8Array[] = [];
  // Behind them stands how far their listings are merged.
  const appended = items.filter(({ pk, sk }) => pk === 'entries' && sk !== 'merged');
  appended.sort((a, b) => Number(a.sk) - Number(b.sk));
  for (const { sk, count, deflated, entries: bundle } of appended) {
    if (Number(sk) !== entries.length)
      breaches.push(`entries begin at ${Number(sk)}, not at ${entries.length}`);
    const stored = Buffer.from(String(deflated ?? bundle), 'base64');
    entries.push(...decodeBundle(deflated ? inflateRawSync(stored) : stored, Number(count)));
  }
  return entries;
}

/** What an event's proof has to show of it. */
export type Expected = { id: string; position: number; isErased: boolean };

/** That a proof is of this event and no other, and that log and witness signed it. */
export async function proofBreaches(
  { id, position, isErased }: Expected,
  proof: string,
  { log, witness }: LogKeys,
): Promise<string[]> {
  try {
    const { index, event } = await verifyProofFile(proof, { keys: [log], witnessKeys: [witness] });
    const proven = { index, id: event === 'erased' ? event : event.id };
    const expected = { index: position, id: isErased ? 'erased' : id };
    return isDeepStrictEqual(proven, expected)
      ? []
      : [`I6 the proof of ${id}, ${JSON.stringify(expected)}, proves ${JSON.stringify(proven)}`];
  } catch (error) {
    return [`I6 the proof of ${id} does not verify: ${(error as Error).message}`];
  }
}

/** An entry that belongs to no event. */
export function fillerEntry(n: number): Buffer {
  const time = '2026-01-01T00:00:00.000Z';
  const entry = {
    commitment: hash('sha256', `commitment ${n}`, 'base64'),
    recordedtime: time,
    sequence: '0000000001',
    source: '/faults',
    subject: hash('sha256', `subject ${n}`, 'base64url'),
    time,
    type: 'nothing.said.v1',
    version: 1,
  };
  return Buffer.from(JSON.stringify(entry));
}

const checkpointIn = (note: string) => parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
