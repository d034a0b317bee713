import { createHash } from 'node:crypto';
import type { Series } from '../compare/series.ts';
import { filesAfter, readFile, replaceFile, writeIfMissing } from './files.ts';

/**
 * Which numbers were given, beside the files of the log: when all tables are put back to an earlier time, nothing else tells. It
 * says whose they are, so it is served to nobody, and the name of a file names nobody.
 */
const [givenFolder, lostFolder] = ['given/', 'lost/'];

type Named = Pick<Series, 'merchantId' | 'name'>;

/** Up to which number those of a series were given, and before which time (RFC 3339). */
export type Given = Named & { highest: number; notedAt: string };

/** Numbers of a series that were given to documents which nothing has any more, from the first to the last one. */
export type Lost = Named & { first: number; last: number; foundAt: string };

const fileOf = ({ merchantId, name }: Named): string =>
  createHash('sha256').update(`${merchantId}\0${name}`).digest('hex');

/**
 * Raises what is noted of a series, and never lowers it, whoever else raises it at the same time. It costs one PUT; only when
 * somebody else has written since, or the table that `etag` is from was put back, it is read as well.
 *
 * @param etag of what was noted before; undefined when nothing was, or nobody knows
 * @returns the one of what is noted now
 */
export async function raiseGiven(
  { merchantId, name, highest, notedAt }: Given,
  etag: string | undefined,
): Promise<string> {
  const path = `${givenFolder}${fileOf({ merchantId, name })}`;
  const bytes = Buffer.from(JSON.stringify({ merchantId, name, highest, notedAt } satisfies Given));
  for (let replaced = etag; ; ) {
    const written = await replaceFile(path, bytes, replaced);
    if (written !== undefined) return written;
    const there = await readFile(path);
    if (there && parse<Given>(there.bytes).highest >= highest) return there.etag;
    replaced = there?.etag;
  }
}

/** Notes that numbers are lost, unless it is noted. */
export async function saveLost(lost: Lost): Promise<void> {
  const { first, last } = lost;
  await writeIfMissing(`${lostFolder}${fileOf(lost)}-${first}-${last}`, Buffer.from(JSON.stringify(lost)));
}

/** A part of what is noted. As long as there is `next` there is more. */
type Part<Noted> = { numbers: Noted[]; next?: string };

export const readGiven = (after: string | undefined): Promise<Part<Given>> => readPart(givenFolder, after);

export const readLost = (after: string | undefined): Promise<Part<Lost>> => readPart(lostFolder, after);

/** How many files are read in parallel. */
const atOnce = 32;

async function readPart<Noted>(folder: string, after: string | undefined): Promise<Part<Noted>> {
  const { paths, isLast } = await filesAfter(folder, after);
  const numbers: Noted[] = [];
  for (let i = 0; i < paths.length; i += atOnce) {
    const files = await Promise.all(paths.slice(i, i + atOnce).map(readFile));
    for (const file of files) if (file) numbers.push(parse(file.bytes));
  }
  const next = paths.at(-1);
  return { numbers, ...(!isLast && next !== undefined && { next }) };
}

const parse = <Noted>(bytes: Uint8Array): Noted => JSON.parse(String(Buffer.from(bytes)));
