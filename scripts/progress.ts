import ora from 'ora';
import { safe } from './fanfold/terminal.ts';

/**
 * How far a long piece of work is, on standard error. At a terminal it is one line that is drawn again and again, below
 * whatever is printed meanwhile: `sending events: 120 of 778 (15 %), 40 s, about 4 min left; up to position 119`. Elsewhere,
 * as in the log of a CI run, it is one plain line when the work begins.
 */
export type Progress = {
  /** So many more are done. */
  advance(count?: number): void;
  /** So many are done altogether. */
  set(done: number): void;
  /** What there is to see of it besides, in the place of what was noted before. */
  note(text: string): void;
  /** Takes the line away. Without it, the process would not end. */
  end(): void;
};

/**
 * Only one at a time: the next one begins after the end of the last.
 *
 * @param what the work, such as `sending events`
 * @param total how many there are to do, if that is known: without it, nobody can say how long it will take
 * @param done how many of them were done before, by a run that was stopped
 */
export function startProgress(
  what: string,
  total?: number,
  { done: doneBefore = 0, stream = process.stderr }: { done?: number; stream?: NodeJS.WriteStream } = {},
): Progress {
  const startedAt = performance.now();
  let done = doneBefore;
  let noted = '';
  const line = ora({
    stream,
    // Where nobody knows how wide a line is, none can be drawn again.
    ...(!stream.columns && { isEnabled: false }),
    // The cursor comes back, and keys work, however the process ends: neither is taken away.
    hideCursor: false,
    discardStdin: false,
    suffixText: () =>
      safe(progressText({ total, done, doneBefore, noted, elapsedMs: performance.now() - startedAt })),
  });
  const title = safe(what);
  if (line.isEnabled) line.start(`${title}:`);
  else if (total === undefined) stream.write(`${title}\n`);
  else stream.write(`${title}: ${done === 0 ? total.toLocaleString('en-US') : counted(done, total)}\n`);
  return {
    advance(count = 1) {
      done += count;
    },
    set(count) {
      done = count;
    },
    note(text) {
      noted = text;
    },
    end() {
      line.stop();
    },
  };
}

/** Shows that work is done of which nobody knows how much there is. */
export async function during<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const progress = startProgress(what);
  try {
    return await work();
  } finally {
    progress.end();
  }
}

/** How far something is, what it took and what it will take at the same rate. */
export function progressText({
  total,
  done,
  doneBefore,
  noted,
  elapsedMs,
}: {
  total?: number | undefined;
  done: number;
  doneBefore: number;
  noted: string;
  elapsedMs: number;
}): string {
  const isOnItsWay = total !== undefined && done > doneBefore && done < total;
  const parts = [
    ...(total === undefined ? [] : [counted(done, total)]),
    durationText(elapsedMs),
    ...(isOnItsWay ? [`about ${durationText((elapsedMs / (done - doneBefore)) * (total - done))} left`] : []),
  ];
  return [parts.join(', '), ...(noted === '' ? [] : [noted])].join('; ');
}

/** Never 100 % before the end. */
const counted = (done: number, total: number): string =>
  `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}${total === 0 ? '' : ` (${Math.floor((done / total) * 100)} %)`}`;

/** A duration as one says it: `40 s`, `4 min`, `1 h 12 min`. */
export function durationText(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
