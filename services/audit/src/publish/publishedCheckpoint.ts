import type { Witnesses } from '@fanfold/tlog/witnesses';
import { stageWitnesses } from '../cosign/witnesses.ts';
import { type Asked, loadCosignatures, type Quorate } from '../store/cosignatures.ts';
import { loadCosigned } from '../store/cosigned.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { checkpointIn, textOf } from './checkpoint.ts';

/** The witness signs every minute. When it is late, readers get the checkpoint that only the log has signed. */
const witnessIntervalMs = 60_000;

/** The same for a quorum of witnesses outside, who may take some time to answer. */
const quorumIntervalMs = 90_000;

/**
 * The checkpoint for readers: the last one that a quorum of the stage's witnesses has cosigned, unless that is too old; then
 * the last one that the log's own witness signed, unless that is too old as well. Of all witnesses that have cosigned it, it
 * has their last cosignature, one line each.
 *
 * @param index of an entry that the checkpoint has to cover. Then a cosigned one is preferred, however old: a newer
 *   one that only the log has signed proves less
 * @returns undefined when there is none, or none that covers the entry yet
 */
export async function publishedCheckpoint(
  now: Date,
  index?: number,
): Promise<{ note: string; size: number } | undefined> {
  const [file, cosigned, outside] = await Promise.all([
    readFile(checkpointPath),
    loadCosigned(),
    cosignedOutside(),
  ]);
  if (!file) return undefined;
  const note = Buffer.from(file.bytes).toString();
  const newest = { note, size: Number(checkpointIn(note).size) };
  const covers = ({ size }: { size: number }) => index === undefined || index < size;
  const isWithin = (ms: number, time: string) => index !== undefined || now.getTime() - Date.parse(time) < ms;
  const { quorate } = outside;
  if (quorate && covers(quorate) && isWithin(quorumIntervalMs, quorate.collectedAt)) {
    // The log's own witness may have signed it again since.
    return outside.complete(cosigned && textOf(cosigned.note) === textOf(quorate.note) ? cosigned : quorate);
  }
  if (cosigned && covers(cosigned)) {
    const isNewest = textOf(cosigned.note) === textOf(note);
    if (isNewest || isWithin(witnessIntervalMs, cosigned.cosignedAt)) return outside.complete(cosigned);
  }
  return covers(newest) ? outside.complete(newest) : undefined;
}

type Published = { note: string; size: number };

/** What the stage's witnesses have cosigned. */
async function cosignedOutside(): Promise<{
  /** Only while it has the quorum that is asked for now. */
  quorate?: Quorate;
  complete(published: Published): Published;
}> {
  const witnesses = stageWitnesses();
  if (witnesses.list.length === 0) return { complete: (published) => published };
  const { asked, quorate } = await loadCosignatures();
  return {
    ...(quorate && hasQuorum(quorate, witnesses) && { quorate }),
    complete: ({ note, size }) => ({ size, note: note + linesFor(note, witnesses, asked, quorate).join('') }),
  };
}

const hasQuorum = ({ lines }: Quorate, { list, quorum }: Witnesses): boolean =>
  list.filter(({ id }) => id in lines).length >= quorum;

function linesFor(
  note: string,
  { list }: Witnesses,
  asked: ReadonlyMap<string, Asked>,
  quorate: Quorate | undefined,
): string[] {
  const text = textOf(note);
  const ofQuorum = quorate && textOf(quorate.note) === text ? quorate.lines : {};
  return list.flatMap(({ id }) => {
    const collected = asked.get(id)?.collected;
    const line = collected && textOf(collected.note) === text ? collected.line : ofQuorum[id];
    return line === undefined ? [] : [line];
  });
}
