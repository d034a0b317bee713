export type FindingKind =
  /** A file is not there, and larger ones behind it are. */
  | 'missing'
  /** Everything from an entry on is not there: the end of the log was cut off. */
  | 'tail'
  /** The files fit each other, and not what was signed. */
  | 'rewritten'
  /** The log does not continue what was remembered. */
  | 'forked'
  /** The checkpoint is of fewer entries than the remembered one. */
  | 'old-checkpoint'
  /** An entry was changed: its hash still fits the tree. */
  | 'entry'
  /** An entry lies where another one belongs, and that one does not lie in its place either. */
  | 'swapped'
  /** An entry bundle is not made as one, or nothing in it fits. */
  | 'bundle'
  /** A hash in a tile was changed: what lies below it and above it fits. */
  | 'hash'
  /** A tile is not made as one, or fits nothing. */
  | 'tile'
  /** An entry is in the tree, and not what an entry of an audit log is. */
  | 'format'
  /** A subject has a number twice, or lacks one. */
  | 'sequence';

export type Finding = {
  kind: FindingKind;
  /** A path in the log, `entry 5`, or the pseudonym of a subject. */
  where: string;
  message: string;
};

/** How many findings are told. */
const maxFindings = 20;

export class Findings {
  /** The first ones. */
  readonly first: Finding[] = [];
  count = 0;

  /** @returns the finding, if it is told */
  add(kind: FindingKind, where: string, message: string): Finding | undefined {
    this.count++;
    if (this.first.length === maxFindings) return undefined;
    const finding = { kind, where, message };
    this.first.push(finding);
    return finding;
  }
}
