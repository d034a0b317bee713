import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeBundle,
  encodeBundle,
  encodeTile,
  newTiles,
  parseTilePath,
  type Tile,
  TileError,
  tileAt,
  tilePath,
} from './tile.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const pathsOf = (previousSize: bigint | number, size: bigint | number) =>
  [...newTiles(previousSize, size)].map(tilePath);

describe('The path of a tile', () => {
  test.each<[string, Tile]>([
    ['tile/0/x001/x234/067', { level: 0, index: 1_234_067n, width: 256 }],
    ['tile/0/x001/x234/067.p/1', { level: 0, index: 1_234_067n, width: 1 }],
    ['tile/0/000', { level: 0, index: 0n, width: 256 }],
    ['tile/1/001.p/17', { level: 1, index: 1n, width: 17 }],
    ['tile/2/999.p/255', { level: 2, index: 999n, width: 255 }],
    ['tile/3/x001/000', { level: 3, index: 1000n, width: 256 }],
    ['tile/63/000', { level: 63, index: 0n, width: 256 }],
    ['tile/entries/x001/x234/067', { level: 'entries', index: 1_234_067n, width: 256 }],
    ['tile/entries/000.p/8', { level: 'entries', index: 0n, width: 8 }],
    ['tile/0/x072/x057/x594/x037/x927/935', { level: 0, index: 2n ** 56n - 1n, width: 256 }],
  ])('%s is one of a kind', (path, tile) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  test('says all of a tile, whichever it is', () => {
    const tile = fc.record<Tile>({
      level: fc.oneof(fc.constant('entries' as const), fc.nat(63)),
      index: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 56n - 1n }), fc.nat(2000).map(BigInt)),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(tile, (each) => {
        expect(parseTilePath(tilePath(each))).toEqual(each);
      }),
    );
  });

  test.each([
    '',
    'checkpoint',
    'tile/',
    'tile/0/',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/0/1234',
    'tile/0/x000/000',
    'tile/0/x000/123',
    'tile/0/001/234',
    'tile/0/x001/x234',
    'tile/0/x001',
    'tile/0/x001/x234/x067',
    'tile/0/X001/234',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000',
    'tile/100/000',
    'tile/-1/000',
    'tile/+1/000',
    'tile/data/000',
    'tile/Entries/000',
    'tile/8/0/000',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/1000',
    'tile/0/000.p/',
    'tile/0/000.p',
    'tile/0/000.p/1/',
    'tile/0/000.p/1.p/1',
    'tile/0/000/',
    'tile/0/000\n',
    ' tile/0/000',
    '/tile/0/000',
    'tile//000',
    'tile/0/../000',
    'tile/0/%30%30%30',
    'tile/0/٠٠٠',
    'tile/0/x072/x057/x594/x037/x927/936',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/x001/x000/x000/x000/x000/x000/000',
  ])('%j is none', (path) => expect(parseTilePath(path)).toBeUndefined());

  test('is none however long a text goes on', () => {
    for (const endless of ['x001/', '0', '/', 'tile/', '.p/1']) {
      expect(parseTilePath(`tile/0/${endless.repeat(1_000_000)}`)).toBeUndefined();
    }
  });

  test('which is read from any text is spelt like the text', () => {
    const parts = fc.constantFrom(
      'tile',
      '/',
      '0',
      '63',
      '64',
      'x001',
      '000',
      '.p/',
      '1',
      '255',
      '256',
      'entries',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 9 }), (chosen) => {
        for (const path of [chosen.join(''), `tile/0/${chosen.join('')}`]) {
          const tile = parseTilePath(path);
          if (tile) expect(tilePath(tile)).toBe(path);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each<[Tile, string]>([
    [{ level: -1, index: 0n, width: 256 }, 'level -1 is none from 0 to 63'],
    [{ level: 64, index: 0n, width: 256 }, 'level 64 is none from 0 to 63'],
    [{ level: 0.5, index: 0n, width: 256 }, 'level 0.5 is none from 0 to 63'],
    [{ level: 0, index: -1n, width: 256 }, 'index -1 is none of a tile'],
    [{ level: 0, index: 2n ** 56n, width: 256 }, 'index 72057594037927936 is none of a tile'],
    [{ level: 0, index: 1 as unknown as bigint, width: 256 }, 'index 1 is none of a tile'],
    [{ level: 0, index: 0n, width: 0 }, 'width 0 is none from 1 to 256'],
    [{ level: 0, index: 0n, width: 257 }, 'width 257 is none from 1 to 256'],
    [{ level: 0, index: 0n, width: Number.NaN }, 'width NaN is none from 1 to 256'],
  ])('does not exist for %o', (tile, message) => {
    expect(() => tilePath(tile)).toThrow(new TileError(message));
  });
});

describe('A tree has', () => {
  test('at size 70,000 the tiles that the specification counts', () => {
    const tiles = [...newTiles(0, 70_000)];
    const widths = (level: Tile['level']) =>
      tiles.filter((tile) => tile.level === level).map(({ width }) => width);
    expect(widths(0)).toEqual([...new Array(273).fill(256), 112]);
    expect(widths('entries')).toEqual(widths(0));
    expect(widths(1)).toEqual([256, 17]);
    expect(widths(2)).toEqual([1]);
    expect(tiles).toHaveLength(2 * 274 + 3);
  });

  test('at size 256 a full tile, and one of width 1 above it', () => {
    expect(pathsOf(0, 256)).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']);
  });

  test('at size 0 none', () => expect(pathsOf(0, 0)).toEqual([]));

  test.each([
    [5, 5, []],
    [0, 1, ['tile/entries/000.p/1', 'tile/0/000.p/1']],
    [1, 255, ['tile/entries/000.p/255', 'tile/0/000.p/255']],
    [255, 256, ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']],
    [256, 257, ['tile/entries/001.p/1', 'tile/0/001.p/1']],
    [
      300,
      600,
      ['tile/entries/001', 'tile/entries/002.p/88', 'tile/0/001', 'tile/0/002.p/88', 'tile/1/000.p/2'],
    ],
    [65_535, 65_536, ['tile/entries/255', 'tile/0/255', 'tile/1/000', 'tile/2/000.p/1']],
  ])('when it grows from %i to %i, these more', (previousSize, size, paths) => {
    expect(pathsOf(previousSize, size)).toEqual(paths);
  });

  test('tiles up to level 7 just below 2^64 entries', () => {
    const paths = pathsOf(2n ** 64n - 2n, 2n ** 64n - 1n);
    expect(paths).toEqual([
      'tile/entries/x072/x057/x594/x037/x927/935.p/255',
      'tile/0/x072/x057/x594/x037/x927/935.p/255',
    ]);
    expect(pathsOf(2n ** 64n - 256n, 2n ** 64n - 1n)).toHaveLength(2);
    expect([...newTiles(2n ** 63n - 1n, 2n ** 63n)].at(-1)).toEqual({ level: 7, index: 0n, width: 128 });
  });

  test('after growing in any steps each tile that it has when it grows at once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(700), { minLength: 1, maxLength: 20 }), (steps) => {
        let size = 0;
        const written = new Set<string>();
        for (const step of steps) {
          for (const path of pathsOf(size, size + step)) {
            // Nothing is written twice: what lies in the bucket is never changed.
            expect(written.has(path)).toBe(false);
            written.add(path);
          }
          size += step;
        }
        expect([...written]).toEqual(expect.arrayContaining(pathsOf(0, size)));
      }),
      { numRuns: 100 },
    );
  });

  test('one tile of a level at an index, and none outside', () => {
    expect(tileAt(0, 273n, 70_000n)).toEqual({ level: 0, index: 273n, width: 112 });
    expect(tileAt('entries', 3n, 70_000n)).toEqual({ level: 'entries', index: 3n, width: 256 });
    expect(() => tileAt(0, 274n, 70_000n)).toThrow(
      new TileError('a tree of size 70000 has no tile 274 of level 0'),
    );
    expect(() => tileAt(3, 0n, 70_000n)).toThrow(TileError);
  });

  test.each([
    [2, 1],
    [-1, 1],
    [0, 0.5],
    [0, 2n ** 64n],
  ])('nothing when it grows from %s to %s', (previousSize, size) => {
    expect(() => pathsOf(previousSize, size)).toThrow(
      new TileError(`a tree cannot grow from size ${previousSize} to size ${size}`),
    );
  });
});

test('A hash tile is its hashes one after another', () => {
  expect(encodeTile([Buffer.alloc(32, 1), Buffer.alloc(32, 2)])).toEqual(
    Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32, 2)]),
  );
  expect(encodeTile(new Array(256).fill(Buffer.alloc(32)))).toHaveLength(8192);
  expect(() => encodeTile([Buffer.alloc(32), Buffer.alloc(31)])).toThrow(
    new TileError('hash 1 of the tile is 31 bytes instead of 32'),
  );
  for (const count of [0, 257]) {
    expect(() => encodeTile(new Array(count).fill(Buffer.alloc(32)))).toThrow(
      new TileError(`a tile cannot have ${count} hashes, but from 1 to 256`),
    );
  }
});

describe('A bundle', () => {
  test('has the length of each entry before it, in two bytes', () => {
    const bundle = bytes(0, 3, 97, 98, 99, 0, 0, 1, 0, ...new Array(256).fill(7));
    const entries = [bytes(97, 98, 99), bytes(), bytes(...new Array(256).fill(7))];
    expect(Uint8Array.from(encodeBundle(entries))).toEqual(bundle);
    expect(decodeBundle(bundle, 3)).toEqual(entries);
  });

  test('gives back the entries that it was made of, and no other number of them', () => {
    const entry = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 256 }), (entries) => {
        const bundle = encodeBundle(entries);
        expect(decodeBundle(bundle, entries.length).map((each) => Uint8Array.from(each))).toEqual(entries);
        for (const width of [entries.length - 1, entries.length + 1]) {
          expect(() => decodeBundle(bundle, width)).toThrow(TileError);
        }
        expect(() => decodeBundle(bundle.subarray(0, -1), entries.length)).toThrow(TileError);
      }),
    );
  });

  test('of any bytes gives entries that it is made of, or nothing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 30, max: 6 }),
        fc.integer({ min: 1, max: 5 }),
        (bundle, width) => {
          let entries: Uint8Array[];
          try {
            entries = decodeBundle(bundle, width);
          } catch (error) {
            expect(error).toBeInstanceOf(TileError);
            return;
          }
          expect(Uint8Array.from(encodeBundle(entries))).toEqual(bundle);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('takes an entry of 65,535 bytes and none that is larger', () => {
    const largest = Buffer.alloc(65_535, 1);
    expect(decodeBundle(encodeBundle([largest, bytes(1)]), 2)).toEqual([largest, Buffer.from([1])]);
    expect(() => encodeBundle([bytes(), Buffer.alloc(65_536)])).toThrow(
      new TileError('entry 1 is 65536 bytes; an entry may have 65535'),
    );
  });

  test.each<[string, () => void, string]>([
    ['no entries', () => encodeBundle([]), 'a bundle cannot have 0 entries, but from 1 to 256'],
    [
      '257 entries',
      () => encodeBundle(new Array(257).fill(bytes())),
      'a bundle cannot have 257 entries, but from 1 to 256',
    ],
    ['no width', () => decodeBundle(bytes(), 0), 'a bundle cannot have 0 entries, but from 1 to 256'],
    [
      'a width of 257',
      () => decodeBundle(Buffer.alloc(514), 257),
      'a bundle cannot have 257 entries, but from 1 to 256',
    ],
    [
      'half a width',
      () => decodeBundle(bytes(0, 0), 0.5),
      'a bundle cannot have 0.5 entries, but from 1 to 256',
    ],
    ['no bytes', () => decodeBundle(bytes(), 1), 'the bundle ends within entry 0 of 1'],
    ['half a length', () => decodeBundle(bytes(0), 1), 'the bundle ends within entry 0 of 1'],
    [
      'an entry that is cut off',
      () => decodeBundle(bytes(0, 0, 0, 2, 1), 2),
      'the bundle ends within entry 1 of 2',
    ],
    ['an entry less', () => decodeBundle(bytes(0, 1, 1), 2), 'the bundle ends within entry 1 of 2'],
    [
      'more after the last',
      () => decodeBundle(bytes(0, 1, 1, 0), 1),
      'the bundle has 1 bytes after its 1 entries',
    ],
    [
      'a million bytes',
      () => decodeBundle(Buffer.alloc(1_000_000), 256),
      'the bundle has 999488 bytes after its 256 entries',
    ],
  ])('is refused with %s', (_what, use, message) => {
    expect(use).toThrow(new TileError(message));
  });
});
