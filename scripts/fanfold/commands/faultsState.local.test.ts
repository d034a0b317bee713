import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openState } from './faultsState.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanfold-faults-'));
  file = join(folder, 'below', 'faults.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const ended = (cell: string, breaches: string[] = []) => ({
  cell,
  struck: true,
  changed: true,
  breaches,
  elapsedMs: 7,
});

it('a run goes on with what had ended, however it was stopped', async () => {
  const first = await openState(file, 'abc');
  expect(first.known.size).toBe(0);
  first.add(ended('one'));
  first.add(ended('two', ['I1 twice']));
  const { known, add } = await openState(file, 'abc');
  expect([...known.values()]).toEqual([ended('one'), ended('two', ['I1 twice'])]);
  add(ended('three'));
  expect((await openState(file, 'abc')).known.size).toBe(3);
});

it('a line that was being written when the process ended is no cell, and the next one is whole', async () => {
  const first = await openState(file, 'abc');
  first.add(ended('one'));
  first.add(ended('two'));
  await truncate(file, (await readFile(file)).length - 10);
  const second = await openState(file, 'abc');
  expect([...second.known.keys()]).toEqual(['one']);
  second.add(ended('two'));
  expect([...(await openState(file, 'abc')).known.keys()]).toEqual(['one', 'two']);
});

it('a run of other code is not continued', async () => {
  const first = await openState(file, 'abc');
  first.add(ended('one'));
  await appendFile(file, '');
  await expect(openState(file, 'def')).rejects.toThrow(
    /with 1 cells done, was of other code. .* delete .*faults.jsonl/,
  );
  await first.forget();
  expect((await openState(file, 'def')).known.size).toBe(0);
});
