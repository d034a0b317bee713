import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { consistencyProof, tilesForConsistency } from '@fanfold/tlog/prove';
import type { Witness, Witnesses } from '@fanfold/tlog/witnesses';
import { checkpointIn, textOf } from '../publish/checkpoint.ts';
import { readTiles } from '../publish/tiles.ts';
import {
  type Asked,
  type Failure,
  loadCosignatures,
  saveCollected,
  saveFailure,
  saveQuorate,
} from '../store/cosignatures.ts';
import { loadCosigned } from '../store/cosigned.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { type Answer, addCheckpoint } from './addCheckpoint.ts';

/** What a run did: how many witnesses it asked, and what they did. */
export type Counts = Record<'asked' | 'cosigned' | 'refused' | 'unavailable', number>;

/**
 * Asks the witnesses outside to cosign the published checkpoint, all at once, and stores what they answer beside it:
 * https://c2sp.org/tlog-witness@v1.0.0. Nothing that publishes or serves the log waits for it.
 *
 * A checkpoint that was cosigned is sent again when the log has published it again, which it does every minute as long as
 * everything fits: so the time of a cosignature tells since when the log may be hiding something.
 *
 * Runs at once are safe: what a witness gave is noted by itself, and the later one stays.
 *
 * @throws Misfit, ProofError or TileError when the files of the log make no proof
 */
export async function askWitnesses({ list, quorum }: Witnesses, now: () => Date): Promise<Counts> {
  const count: Counts = { asked: 0, cosigned: 0, refused: 0, unavailable: 0 };
  // What they have cosigned is read before the checkpoint, which then covers all that was sent by other runs.
  const { asked } = await loadCosignatures();
  const sent = await checkpointToSend();
  if (!sent) return count;
  const due = list.filter(({ id }) => isDue(asked.get(id), sent, now()));
  const proofs = new Proofs(sent.size);
  const outcomes = await Promise.allSettled(
    due.map(async (witness) => {
      const answer = await ask(witness, asked.get(witness.id), sent, proofs, now);
      await note(witness, answer, asked.get(witness.id), sent, now());
      return answer.kind;
    }),
  );
  await conclude({ list, quorum }, sent, now());
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason;
    count.asked += 1;
    if (outcome.value !== 'overtaken') count[outcome.value] += 1;
  }
  return count;
}

type Sent = { size: number; note: string; writtenAt: string };

/** The published checkpoint, with the signature of the log's own witness if that has seen it. */
async function checkpointToSend(): Promise<Sent | undefined> {
  const [file, cosigned] = await Promise.all([readFile(checkpointPath), loadCosigned()]);
  if (!file) return undefined;
  const published = Buffer.from(file.bytes).toString();
  const note = cosigned && textOf(cosigned.note) === textOf(published) ? cosigned.note : published;
  return { size: Number(checkpointIn(note).size), note, writtenAt: file.writtenAt };
}

function isDue(asked: Asked | undefined, { size, writtenAt }: Sent, now: Date): boolean {
  if (!asked) return true;
  const { failure, collected } = asked;
  if (failure) return failure.askAgainAt <= now.toISOString();
  return collected?.size !== size || collected.writtenAt !== writtenAt;
}

/** Consistency proofs to one size. Most witnesses need the same one, whose tiles are read once. */
class Proofs {
  readonly #size: number;
  readonly #known = new Map<number, Promise<Uint8Array[]>>();

  constructor(size: number) {
    this.#size = size;
  }

  from(oldSize: number): Promise<Uint8Array[]> {
    const known = this.#known.get(oldSize) ?? this.#build(oldSize);
    this.#known.set(oldSize, known);
    return known;
  }

  async #build(oldSize: number): Promise<Uint8Array[]> {
    const tiles = await readTiles(tilesForConsistency(oldSize, this.#size));
    return consistencyProof(oldSize, this.#size, tiles);
  }
}

type Outcome = Exclude<Answer, { kind: 'conflict' }> | { kind: 'overtaken' };

async function ask(
  witness: Witness,
  asked: Asked | undefined,
  { size, note }: Sent,
  proofs: Proofs,
  now: () => Date,
): Promise<Outcome> {
  const from = async (oldSize: number) =>
    addCheckpoint(witness, { oldSize, proof: await proofs.from(oldSize), note }, now());
  const oldSize = Math.min(asked?.collected?.size ?? 0, size);
  const first = await from(oldSize);
  if (first.kind !== 'conflict') return first;
  if (first.size > size) return await beyond(first.size);
  if (first.size === oldSize) return { kind: 'refused', detail: `answered 409 to its own size ${oldSize}` };
  // It remembers something else than we do: the cosignature was lost, or another run got it.
  const second = await from(first.size);
  if (second.kind !== 'conflict') return second;
  return { kind: 'unavailable', detail: `answered 409 with ${first.size}, then with ${second.size}` };
}

/** A witness has cosigned more than was sent: another run sent it more meanwhile, or entries were taken away. */
async function beyond(cosignedSize: number): Promise<Outcome> {
  const published = (await checkpointToSend())?.size ?? 0;
  if (published >= cosignedSize) return { kind: 'overtaken' };
  return {
    kind: 'refused',
    detail: `has cosigned ${cosignedSize} entries, and ${published} are published: entries were taken away, see "A witness refuses" in docs/audit-log.md`,
  };
}

async function note(
  witness: Witness,
  outcome: Outcome,
  asked: Asked | undefined,
  { size, note, writtenAt }: Sent,
  now: Date,
): Promise<void> {
  if (outcome.kind === 'overtaken') return;
  if (outcome.kind === 'cosigned') {
    const { line, timestamp } = outcome;
    await saveCollected(witness.id, { size, note, writtenAt, line, timestamp }, now.toISOString());
    return;
  }
  const isRefused = outcome.kind === 'refused';
  const told = { witness: witness.name, detail: `${witness.name} ${outcome.detail}` };
  if (isRefused) logger.error('witness refused', told);
  else logger.warn('witness unavailable', told);
  const count = (asked?.failure?.count ?? 0) + 1;
  const failure: Failure = {
    count,
    askAgainAt: new Date(now.getTime() + backOffMs(count)).toISOString(),
    ...(isRefused && { refusal: told.detail }),
  };
  await saveFailure(witness.id, failure, now.toISOString());
}

/** The next run asks again; later ones after 2, 4, 8 and then each 15 minutes. A run is half a minute early at most. */
const backOffMs = (failures: number): number => Math.min(2 ** (failures - 1), 15) * 60_000 - 30_000;

/** A cosignature that is older says little: `fanfold verify` warns of it too. */
const freshForMs = 300_000;

/** Notes the checkpoint if a quorum has cosigned it lately, and measures what an alarm goes by. */
async function conclude({ list, quorum }: Witnesses, { size, note }: Sent, now: Date): Promise<void> {
  const { asked } = await loadCosignatures();
  const lines: Record<string, string> = {};
  for (const { id } of list) {
    const collected = asked.get(id)?.collected;
    if (!collected || textOf(collected.note) !== textOf(note)) continue;
    if (now.getTime() - collected.timestamp * 1000 < freshForMs) lines[id] = collected.line;
  }
  if (Object.keys(lines).length >= quorum) {
    await saveQuorate({ size, note, lines, collectedAt: now.toISOString() });
  }
  metrics.addMetric('WitnessLag', 'Seconds', lagOf(list, quorum, asked, now));
  const refusals = list.filter(({ id }) => asked.get(id)?.failure?.refusal !== undefined).length;
  if (refusals > 0) metrics.addMetric('WitnessRefused', 'Count', refusals);
}

/**
 * For how many seconds there has been no newer quorum: the age of the last cosignature of that witness which completes it.
 * One that never cosigned counts from when it was first asked.
 */
export function lagOf(
  list: readonly Witness[],
  quorum: number,
  asked: ReadonlyMap<string, Asked>,
  now: Date,
): number {
  const ages = list.map(({ id }) => {
    const { collected, firstAskedAt } = asked.get(id) ?? {};
    const since = collected ? collected.timestamp * 1000 : Date.parse(firstAskedAt ?? now.toISOString());
    return Math.max(0, Math.floor((now.getTime() - since) / 1000));
  });
  return ages.sort((a, b) => a - b)[quorum - 1] ?? 0;
}
