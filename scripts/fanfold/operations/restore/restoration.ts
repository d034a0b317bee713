import type { Cloud } from '../../aws/cloud.ts';

/**
 * How the table of a service is brought back that was put back to an earlier time. `fanfold restore` runs it: the plan, then
 * the order for the audit trail, the writes, and the proof. Each step may be repeated: what is there already stays as it is.
 */
export type Restoration = {
  /**
   * What the table lacks. Changes nothing.
   *
   * @throws CommandError when it must not be done: then the table or what it would be restored from does not fit, and the
   *   message names what is missing; or, unless it is a dry run, something of the service runs that must not meanwhile, or does
   *   not run that must
   */
  plan(cloud: Cloud, run: RestoreRun): Promise<RestorePlan>;
  /** Compares the table once more with all that is recorded. */
  prove(cloud: Cloud, run: RestoreRun): Promise<RestoreProof>;
  /** Once the table is whole: lets the service write again, where it knew that its table was put back. */
  finish?(cloud: Cloud, proof: RestoreProof): Promise<void>;
};

/** The run of a command. */
export type RestoreRun = {
  /** Tells how far the work is while it is done. */
  step<Result>(
    what: string,
    total: number | undefined,
    work: (advance: (count: number) => void) => Promise<Result>,
  ): Promise<Result>;
  /** Waits, unless it is aborted. */
  pause(durationMs: number): Promise<void>;
  /** Aborted when the run shall end before its work is done. */
  signal: AbortSignal;
  /** Nothing will be written, so it does not matter what runs. */
  isDry: boolean;
};

export type RestorePlan = {
  /** How much there is to write; 0 when the table has it all. */
  toWrite: number;
  /** For the operator to read, and for programs. */
  lines: string[];
  details: Record<string, unknown>;
  /** How much is named that others have done and no record tells of: nothing brings it back but those who asked for it. */
  untold?: number;
  /** Writes it. */
  write(): Promise<void>;
};

export type RestoreProof = {
  /** Whether the table has all that is recorded, and nothing else. Then the service may write again. */
  isWhole: boolean;
  /** Whether it is whole, nothing that is recorded contradicts other things that are, and nobody did what is not recorded. */
  holds: boolean;
  /** As in the plan. */
  untold?: number;
  lines: string[];
  details: Record<string, unknown>;
};
