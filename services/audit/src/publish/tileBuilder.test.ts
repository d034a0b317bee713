import { emptyEdge, extend, leafHash, rootOf, splitHashes } from '@fanfold/tlog/merkle';
import { decodeBundle, fullWidth, newTiles, tilePath } from '@fanfold/tlog/tile';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type LogFile, TileBuilder } from './tileBuilder.ts';

const entryAt = (index: number): Uint8Array => Buffer.from(`entry ${index}`);
const entries = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => entryAt(from + i));

/** The files that a growth makes, by their paths. */
const filesOf = (builder: TileBuilder, added: Uint8Array[]): Map<string, LogFile> => {
  const files = added.flatMap((entry) => builder.add(entry));
  return new Map([...files, ...builder.partial()].map((file) => [tilePath(file.tile), file]));
};

const edgeOf = (size: number) => extend(emptyEdge, entries(0, size).map(leafHash));

/** What a file must have: entries, or the roots of the subtrees that its hashes stand for. */
function contentOf({ tile: { level, index, width } }: LogFile): Uint8Array[] {
  const first = Number(index) * fullWidth;
  const span = level === 'entries' ? 1 : fullWidth ** level;
  return Array.from({ length: width }, (_, i) => {
    const from = (first + i) * span;
    return level === 'entries'
      ? entryAt(from)
      : rootOf(extend(emptyEdge, entries(from, from + span).map(leafHash)));
  });
}

it('makes every tile and bundle of a log of any size, and its tree', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(1200), fc.constantFrom(0, 255, 256, 257, 65_535, 65_536, 66_000)), (size) => {
      const builder = new TileBuilder(0, []);
      const files = filesOf(builder, entries(0, size));
      expect(builder.size).toBe(size);
      expect(builder.edge()).toEqual(edgeOf(size));
      expect([...files.keys()].sort()).toEqual([...newTiles(0, size)].map(tilePath).sort());
      for (const file of [...files.values()].slice(-20)) {
        const content =
          file.tile.level === 'entries' ? decodeBundle(file.bytes, file.tile.width) : splitHashes(file.bytes);
        expect(content.map((each) => Buffer.from(each))).toEqual(
          contentOf(file).map((each) => Buffer.from(each)),
        );
      }
    }),
    { numRuns: 12 },
  );
}, 60_000);

it('goes on where it ended, from the partial tiles above alone, as if it had never stopped', () => {
  fc.assert(
    fc.property(fc.nat(700), fc.nat(700), (first, more) => {
      const size = first + more;
      const before = filesOf(new TileBuilder(0, []), entries(0, first));
      const start = first - (first % fullWidth);
      const above: Uint8Array[][] = [];
      for (let level = 1; first >= fullWidth ** level; level++) {
        const count = Math.floor(first / fullWidth ** level);
        const tile = { level, index: BigInt(Math.floor(count / fullWidth)), width: count % fullWidth };
        above.push(tile.width === 0 ? [] : splitHashes((before.get(tilePath(tile)) as LogFile).bytes));
      }
      const builder = new TileBuilder(start, above);
      const files = filesOf(builder, entries(start, size));
      const whole = filesOf(new TileBuilder(0, []), entries(0, size));
      expect(builder.edge()).toEqual(edgeOf(size));
      for (const [path, { bytes }] of files) expect(bytes).toEqual(whole.get(path)?.bytes);
      for (const tile of newTiles(first, size)) expect(files.has(tilePath(tile))).toBe(true);
    }),
    { numRuns: 30 },
  );
}, 60_000);

it('begins only where a bundle ends', () => {
  expect(() => new TileBuilder(257, [[]])).toThrow('257');
});
