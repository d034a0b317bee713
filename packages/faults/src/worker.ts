import { run } from './run.ts';
import { drawnFate } from './soak.ts';
import { providerOf } from './stories.ts';
import type { Task } from './task.ts';
import { World } from './world.ts';

let world: World | undefined;

process.on('message', async ({ cell, mutation, isDrawn, isOverHttp }: Task) => {
  world ??= await World.start();
  await world.deploy(providerOf(cell.story), mutation);
  const result = await run(world, cell, { isOverHttp, ...(isDrawn && { fate: drawnFate(cell.seed ?? 0) }) });
  process.send?.(result);
});

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; what is running is still part of the report.
process.on('SIGINT', () => {});
