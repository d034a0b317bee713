import type { Findings } from './findings.ts';
import { shortOf } from './key.ts';
import type { Checkpoint } from './note.ts';

/** How long ago the witnesses may have signed. */
export type AgeLimit = {
  now: Date;
  maxAgeSeconds: number;
  /** Whether an older signature is wrong. Otherwise it is a warning. */
  isDemanded: boolean;
  /** Of each witness, or only of the one whose signature is the newest, as with a policy. */
  of: 'each' | 'newest';
};

/** A witness signs every minute, also when the log has not grown. This leaves time for some runs that fail. */
export const usualMaxAgeSeconds = 300;

/**
 * Reports each witness that signed too long ago, or that the newest signature is too old. Only a signature by a witness
 * has a time: the log's own would be as valid years later, so an old state cannot be told from the newest without it.
 */
export function checkAges(
  { witnessedBy }: Checkpoint,
  { now, maxAgeSeconds, isDemanded, of }: AgeLimit,
  findings: Findings,
  warnings: string[],
): void {
  const report = (where: string, message: string) => {
    if (isDemanded) findings.add('old-signature', where, message);
    else warnings.push(`${where} ${message}`);
  };
  const ages = witnessedBy.map(({ key, time }) => ({ where: shortOf(key), age: ageSeconds(time, now) }));
  const others = ages.filter(({ age }) => Math.abs(age) > maxAgeSeconds);
  if (of === 'each') {
    for (const { where, age } of others) {
      report(
        where,
        age < 0
          ? inFuture(age)
          : `has not signed for ${durationOf(age)}, and does so every minute while the log is published: what was recorded since is not shown`,
      );
    }
    return;
  }
  if (others.length < ages.length) return;
  const [newest] = others.sort((a, b) => a.age - b.age);
  if (newest) {
    const { where, age } = newest;
    report(
      where,
      age < 0
        ? inFuture(age)
        : `has signed ${durationOf(age)} ago, and no other witness since: what was recorded later is not shown`,
    );
  } else if (isDemanded) {
    report('checkpoint', 'no witness of the policy has signed it, so nothing tells how old it is');
  }
}

const inFuture = (age: number): string =>
  `has signed in the future, by ${durationOf(-age)}: its clock is wrong, or this one`;

export const ageSeconds = (time: Date, now: Date): number =>
  Math.floor((now.getTime() - time.getTime()) / 1000);

/** In its largest unit: `3 d`. */
export function durationOf(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
