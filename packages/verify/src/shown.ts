import { ageSeconds, durationOf } from './age.ts';
import { base64Of } from './bytes.ts';
import type { Finding } from './findings.ts';
import { shortOf } from './key.ts';
import { type Checkpoint, cannotBeChecked } from './note.ts';

// What the commands print of a checkpoint and of findings: for programs, and for people.

/** @param now with it, how long ago the witnesses have signed as well */
export const jsonOfCheckpoint = ({ origin, size, root, signedBy, witnessedBy }: Checkpoint, now?: Date) => ({
  origin,
  size,
  root: base64Of(root),
  keys: signedBy.map(shortOf),
  witnesses: witnessedBy.map(({ key, time }) => ({
    key: shortOf(key),
    time: time.toISOString(),
    ...(now && { ageSeconds: ageSeconds(time, now) }),
  })),
});

/** @param now with it, how long ago the witnesses have signed as well */
export const linesOfCheckpoint = (
  { origin, signedBy, witnessedBy, notChecked }: Checkpoint,
  now?: Date,
): string[] => [
  `log       ${origin}`,
  ...signedBy.map((key) => `key       ${shortOf(key)}`),
  ...witnessedBy.map(
    ({ key, time }) => `witness   ${shortOf(key)}, at ${time.toISOString()}${ago(time, now)}`,
  ),
  ...notChecked.map((key) => `witness   ${shortOf(key)}: ${cannotBeChecked}`),
];

function ago(time: Date, now: Date | undefined): string {
  const age = now ? ageSeconds(time, now) : -1;
  return age < 0 ? '' : `, ${durationOf(age)} ago`;
}

export const linesOfFindings = ({
  findings,
  findingCount,
}: {
  findings: Finding[];
  findingCount: number;
}): string[] => [
  ...findings.map(({ where, message }) => `${where}: ${message}`),
  ...(findingCount > findings.length ? [`and ${findingCount - findings.length} more`] : []),
];

export const howMany = (findingCount: number): string =>
  `${findingCount} ${findingCount === 1 ? 'finding' : 'findings'}`;
