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

let world: World | undefined;

process.on('message', async ({ cell, number, mutation, isDrawn }: Order) => {
  world ??= await World.start();
  await world.deploy(mutation);
  const result = await run(world, cell, number, isDrawn ? drawnFate(cell.seed ?? 0) : undefined);
  process.send?.(result);
});

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; what is running is still part of the report.
process.on('SIGINT', () => {});
