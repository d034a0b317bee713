import type { Mutation } from './functions.ts';
import { type Cell, run } from './run.ts';
import { drawnFate } from './soak.ts';
import { World } from './world.ts';

/** What a worker is asked; it answers with a Result. */
export type Order = {
  cell: Cell;
  number: number;
  mutation: Mutation | undefined;
  /** Whether the faults are to be drawn from the cell's seed. */
  isDrawn: boolean;
};

/** Tables, streams and logs grow from run to run, and what reads them gets slower. */
const runsPerWorld = 60;

let world: World | undefined;
let mutated: Mutation | undefined;
let runs = 0;

process.on('message', async ({ cell, number, mutation, isDrawn }: Order) => {
  if (world && (runs >= runsPerWorld || mutation?.replace !== mutated?.replace)) {
    await world.stop();
    world = undefined;
  }
  if (!world) {
    world = await World.start(mutation);
    mutated = mutation;
    runs = 0;
  }
  runs += 1;
  const result = await run(world, cell, number, isDrawn ? drawnFate(cell.seed ?? 0) : undefined);
  // What broke would break the next run too.
  if (result.breaches.length > 0) runs = runsPerWorld;
  process.send?.(result);
});

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; what is running is still part of the report.
process.on('SIGINT', () => {});
