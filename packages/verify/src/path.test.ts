import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  bodyOf,
  entriesOf,
  filesOf,
  leaf,
  noteOf,
  origin,
  path,
  proofFile,
  readerOf,
  Signer,
} from './logFixtures.ts';
import { breakIn, pathIn } from './path.ts';

const log = new Signer(origin);
const most = entriesOf(700);

function proofAt(index: number, size: number) {
  const entries = most.slice(0, size);
  const leaves = entries.map(leaf);
  const extra = { version: 1, entry: String(entries[index]) };
  return { leaves, proof: proofFile(index, leaves, extra, noteOf(bodyOf(leaves), log)) };
}

const changed = (hash: Uint8Array) => Uint8Array.from(hash, (byte, i) => (i === 5 ? byte ^ 1 : byte));

it('a path that is changed anywhere is found to leave the log exactly there, by what the log itself has', async () => {
  const place = fc
    .integer({ min: 1, max: 700 })
    .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1), at: fc.nat(20) }));
  await fc.assert(
    fc.asyncProperty(place, async ({ size, index, at }) => {
      const { proof } = proofAt(index, size);
      const whole = await pathIn(proof);
      const { steps } = whole;
      expect(steps.map(({ sibling }) => Buffer.from(sibling))).toEqual(
        path(index, most.slice(0, size).map(leaf)),
      );
      const served = readerOf(filesOf(most.slice(0, size), log));
      expect(await breakIn(whole, served)).toBeUndefined();
      const step = steps[at % Math.max(1, steps.length)];
      if (!step) return;
      const tampered = {
        ...whole,
        steps: steps.map((each) => (each === step ? { ...each, sibling: changed(each.sibling) } : each)),
      };
      expect(await breakIn(tampered, served)).toBe(steps.indexOf(step));
      expect(await breakIn({ ...whole, leaf: changed(whole.leaf) }, served)).toBe('entry');
      expect(await breakIn({ ...whole, root: changed(whole.root) }, served)).toBe('root');
    }),
    { numRuns: 40 },
  );
});

it('a log that has grown since has a whole tile where there was a part of one', async () => {
  const { proof } = proofAt(200, 250);
  const files = filesOf(most.slice(0, 300), log);
  expect([...files.keys()].filter((name) => name.startsWith('tile/0'))).toEqual([
    'tile/0/000',
    'tile/0/001.p/44',
  ]);
  expect(await breakIn(await pathIn(proof), readerOf(files))).toBeUndefined();
});

it('nothing is said of a log whose tiles are not there', async () => {
  const { proof } = proofAt(2, 5);
  await expect(breakIn(await pathIn(proof), readerOf(new Map()))).rejects.toThrow(
    'tile: tile/0/000.p/5 of the test',
  );
});

it('the entries below each hash of a path are all but its own, each once', async () => {
  for (const [index, size] of [
    [0, 1],
    [0, 7],
    [6, 7],
    [4, 7],
    [255, 256],
    [256, 257],
    [699, 700],
  ] as const) {
    const { steps } = await pathIn(proofAt(index, size).proof);
    const covered = steps.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    );
    expect(covered.sort((a, b) => a - b)).toEqual(
      Array.from({ length: size }, (_, i) => i).filter((i) => i !== index),
    );
  }
});
