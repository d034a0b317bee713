import type { Mutation } from './functions.ts';
import type { Cell } from './run.ts';

/** What a worker of the pool is asked; it answers with a Result. */
export type Task = {
  cell: Cell;
  mutation: Mutation | undefined;
  /** Whether the faults are to be drawn from the cell's seed. */
  isDrawn: boolean;
  /** Whether functions' calls go through Node's HTTP client and server. */
  isOverHttp: boolean;
};
