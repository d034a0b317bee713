import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { memoryMbOf, processTree } from './processTree.ts';

it('a tree has a process and those that it started, each with its memory and time: none where there is no /proc', async () => {
  const child = spawn(process.execPath, [
    '-e',
    'let n = 0; while (process.cpuUsage().user < 50_000) n++; process.stdout.write("ready"); setInterval(() => n, 1000)',
  ]);
  try {
    await once(child.stdout, 'data');
    const tree = processTree(process.pid);
    if (process.platform !== 'linux') {
      expect(tree).toEqual([]);
      return;
    }
    expect(tree[0]?.pid).toBe(process.pid);
    const found = tree.find(({ pid }) => pid === child.pid);
    expect(found).toMatchObject({ parentPid: process.pid });
    expect(found?.cpuMs).toBeGreaterThanOrEqual(40);
    // What it shares with others, such as the code of Node, counts in parts.
    const memoryMb = memoryMbOf(found as NonNullable<typeof found>);
    expect(memoryMb).toBeGreaterThan(5);
    expect(memoryMb).toBeLessThan(found?.rssMb as number);
  } finally {
    child.kill();
  }
});

it('of a process that has ended, the memory is what was read of it before', () => {
  const ended = { pid: 2 ** 22 + 1, parentPid: 1, command: 'ended', cpuMs: 0, rssMb: 12 };
  expect(memoryMbOf(ended)).toBe(12);
});
