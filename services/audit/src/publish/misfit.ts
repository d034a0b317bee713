import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { ProofError } from '@fanfold/tlog/merkle';
import { NoteError } from '@fanfold/tlog/note';
import { TileError } from '@fanfold/tlog/tile';

/**
 * Entries, files and checkpoints do not belong to one tree. No repetition helps: somebody has to look. The message says
 * what does not fit.
 */
export class Misfit extends Error {
  override name = 'Misfit';
}

/** What a table lacks whose log is shorter than the published one: it was put back to an earlier time. */
export const lackOfEntries = (size: number, published: number): string | undefined =>
  size < published ? `The log has ${size} entries, and ${published} are published` : undefined;

/** @throws Misfit when what was stored is no note, or not one of ours */
export function noted<Result>(open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    throw error instanceof NoteError ? new Misfit(error.message, { cause: error }) : error;
  }
}

/**
 * Runs what needs a log whose parts fit. A misfit is logged in one line, with what to do, and counted in a metric with an
 * alarm. The function does not fail then: Lambda would only repeat it, and log its stack each time.
 */
export async function reportingMisfits<Result>(
  work: () => Promise<Result>,
): Promise<Result | { misfits: number }> {
  try {
    return await work();
  } catch (error) {
    if (!isMisfit(error)) throw error;
    reportMisfit(error);
    return { misfits: 1 };
  }
}

export const isMisfit = (error: unknown): error is Error =>
  error instanceof Misfit || error instanceof ProofError || error instanceof TileError;

export function reportMisfit({ message }: Error): void {
  metrics.addMetric('LogMisfit', 'Count', 1);
  logger.error('log does not fit', {
    detail: message,
    help: 'Run ./fanfold findings, in AWS with --stage and --region. If the table was put back to an earlier time, ./fanfold restore audit brings it back. See "The log does not fit" in docs/audit-log.md',
  });
}
