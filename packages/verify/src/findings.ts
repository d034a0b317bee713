export type FindingKind =
  /** The checkpoint is none, or is not signed by a trusted key of its log. */
  | 'checkpoint'
  /** A file is missing, and later ones exist. */
  | 'missing'
  /** All entries from one on are missing: the end of the log was cut off. */
  | 'tail'
  /** The files fit each other, but not what was signed. */
  | 'rewritten'
  /** The log is not a continuation of the stored checkpoint. */
  | 'forked'
  /** The checkpoint has fewer entries than the stored one. */
  | 'old-checkpoint'
  /** The cosignatures that are demanded are not there. */
  | 'quorum'
  /** A witness has not signed for longer than was demanded. */
  | 'old-signature'
  /** An entry was changed: its hash still fits the tree. */
  | 'entry'
  /** An entry is in the place of another one, which is not in its own place either. */
  | 'swapped'
  /** A bundle is malformed, or none of its entries fits. */
  | 'bundle'
  /** A hash in a tile was changed: the hashes below and above it fit each other. */
  | 'hash'
  /** A tile is malformed, or fits nothing. */
  | 'tile'
  /** An entry is in the tree, but is not an entry of an audit log. */
  | 'format'
  /** A subject has a number twice, or one is missing. */
  | 'sequence';

export type Finding = {
  kind: FindingKind;
  /** A path in the log, `entry 5`, or the pseudonym of a subject. */
  where: string;
  message: string;
};

/** How many findings are reported. */
const maxFindings = 20;

export class Findings {
  /** The first ones. */
  readonly first: Finding[] = [];
  count = 0;

  /** @returns the finding, if it is reported */
  add(kind: FindingKind, where: string, message: string): Finding | undefined {
    this.count++;
    if (this.first.length === maxFindings) return undefined;
    const finding = { kind, where, message };
    this.first.push(finding);
    return finding;
  }
}
