import type { Findings } from './findings.ts';
import type { Checkpoint } from './note.ts';

/** How long ago the witnesses may have signed. */
export type AgeLimit = {
  now: Date;
  maxAgeSeconds: number;
  /** Whether an older signature is wrong. Otherwise it is a warning. */
  isDemanded: boolean;
};

/** A witness signs every minute, also when the log has not grown. This leaves time for some runs that fail. */
export const usualMaxAgeSeconds = 300;

/**
 * Reports each witness that signed too long ago. Only a signature by a witness has a time: the log's own would be as
 * valid years later, so an old state cannot be told from the newest without it.
 */
export function checkAges(
  { witnessedBy }: Checkpoint,
  { now, maxAgeSeconds, isDemanded }: AgeLimit,
  findings: Findings,
  warnings: string[],
): void {
  for (const { key, time } of witnessedBy) {
    const age = ageSeconds(time, now);
    if (Math.abs(age) <= maxAgeSeconds) continue;
    const where = `${key.name}+${key.id}`;
    const message =
      age < 0
        ? `has signed in the future, by ${durationOf(-age)}: its clock is wrong, or this one`
        : `has not signed for ${durationOf(age)}, and does so every minute while the log is published: what was recorded since is not shown`;
    if (isDemanded) findings.add('old-signature', where, message);
    else warnings.push(`${where} ${message}`);
  }
}

export const ageSeconds = (time: Date, now: Date): number =>
  Math.floor((now.getTime() - time.getTime()) / 1000);

/** In its largest unit: `3 d`. */
export function durationOf(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
