import { expect, it } from 'vitest';
import { cellFrom } from './cells.ts';
import { Pool } from './pool.ts';

it('a pool that is stopped while it runs a cell starts no process in the place of the one that ended', async () => {
  const processes = () => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;
  const before = processes();
  const pool = await Pool.start(1);
  const running = pool.run(cellFrom('sale: '));
  pool.stop();
  expect((await running).breaches).toEqual(['V3 the harness ended with 0']);
  await expect.poll(processes).toBe(before);
});
