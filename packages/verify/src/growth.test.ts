import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Findings } from './findings.ts';
import { verifyGrowth } from './growth.ts';
import { parseKey } from './key.ts';
import { readCheckpoint, verifyLog } from './log.ts';
import {
  bodyOf,
  entriesOf,
  eventOf,
  type Files,
  filesOf,
  leaf,
  noteOf,
  origin,
  readerOf,
  Signer,
} from './logFixtures.ts';
import { type Checkpoint, openCheckpoint } from './note.ts';

const log = new Signer(origin);
const keys = [await parseKey(log.vkey)];
const entries = entriesOf(1400);
const opened = (size: number, of = entries) =>
  openCheckpoint(noteOf(bodyOf(of.slice(0, size).map(leaf)), log), { keys });

/** What is found when a log is followed from some size on, as `kind where`, and which files were read. */
async function followed(files: Files, from?: number | Checkpoint, of = entries) {
  const findings = new Findings();
  const read: string[] = [];
  const reader = { ...readerOf(files) };
  const counting = {
    ...reader,
    read: (path: string, maxBytes: number) => {
      read.push(path);
      return reader.read(path, maxBytes);
    },
  };
  const checkpoint = await readCheckpoint(reader, { keys });
  const before = typeof from === 'number' ? await opened(from, of) : from;
  const growth = await verifyGrowth(counting, checkpoint, before, findings);
  return { found: findings.first.map(({ kind, where }) => `${kind} ${where}`), findings, growth, read };
}

const changed = (files: Files, path: string, at: number): Files => {
  const copy = Buffer.from(files.get(path) as Buffer);
  copy[at] = (copy[at] as number) ^ 1;
  return new Map(files).set(path, copy);
};

describe('a log that has grown', () => {
  it.each([
    [0, 1],
    [1, 2],
    [255, 256],
    [256, 257],
    [256, 512],
    [300, 700],
    [511, 513],
    [700, 700],
  ])('from %i to %i entries is what was signed', async (from, to) => {
    const { found, growth } = await followed(filesOf(entries.slice(0, to), log), from);
    expect([found, growth]).toMatchObject([[], { entries: to - from, auditEntries: to - from }]);
  });

  it('is so whatever the sizes, and from nothing', async () => {
    const sizes = fc
      .tuple(fc.nat(1400), fc.nat(1400))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async ([from, to], isKnown) => {
        const { found, growth } = await followed(
          filesOf(entries.slice(0, to), log),
          isKnown ? from : undefined,
        );
        expect([found, growth.entries]).toEqual([[], isKnown ? to - from : to]);
      }),
      { numRuns: 15 },
    );
  });

  it('is read only where it is new', async () => {
    const { read } = await followed(filesOf(entries, log), 1300);
    expect([...new Set(read)].sort()).toEqual([
      'tile/0/005.p/120',
      'tile/1/000.p/5',
      'tile/entries/005.p/120',
    ]);
  });

  it('of more than a tile of tiles is followed, with every hash above the new entries', async () => {
    const many = Array.from({ length: 65_536 + 300 }, (_, n) => Buffer.from(`entry ${n}`));
    const files = filesOf(many, log);
    const before = await opened(65_000, many);
    const { found, growth } = await followed(files, before);
    expect([found, growth.entries]).toEqual([[], 836]);
    const [wrong] = (await followed(changed(files, 'tile/1/000', 254 * 32), before)).found;
    expect(wrong).toBe('hash hash 254 of tile/1/000');
    expect((await followed(changed(files, 'tile/2/000.p/1', 0), before)).found).toEqual([
      'hash hash 0 of tile/2/000.p/1',
    ]);
  });

  it.each([
    ['an entry', 'tile/entries/001', 9000, /^entry entry \d+$/],
    ['a hash of an entry', 'tile/0/001', 200 * 32, /^entry entry 456$/],
    ['a hash of a tile', 'tile/1/000.p/2', 32, /^hash hash 1 of tile\/1\/000\.p\/2$/],
    ['the length of an entry', 'tile/entries/001', 0, /^bundle tile\/entries\/001$/],
  ])('and where %s was changed is unsound, as the whole log is', async (_, path, at, where) => {
    const files = changed(filesOf(entries.slice(0, 700), log), path, at);
    const { found } = await followed(files, 300);
    expect(found[0]).toMatch(where);
    expect((await verifyLog(readerOf(files), { keys })).findingCount).toBeGreaterThan(0);
  });

  it('by one entry that was changed is never sound, wherever it is', async () => {
    const files = filesOf(entries.slice(0, 700), log);
    const bundle = files.get('tile/entries/001') as Buffer;
    await fc.assert(
      fc.asyncProperty(fc.nat(bundle.length - 1), async (at) => {
        const { findings } = await followed(changed(files, 'tile/entries/001', at), 300);
        expect(findings.count).toBeGreaterThan(0);
      }),
      { numRuns: 40 },
    );
  });

  it('but lacks what is new is unsound, and what is old may be gone, as a log that is pruned has it', async () => {
    const files = filesOf(entries, log);
    for (const path of ['tile/entries/000', 'tile/0/000', 'tile/entries/003', 'tile/0/003'])
      files.delete(path);
    expect((await followed(files, 1100)).found).toEqual([]);
    files.delete('tile/entries/005.p/120');
    expect((await followed(files, 1100)).found).toEqual(['tail tile/entries/005.p/120']);
    expect((await followed(files)).found[0]).toMatch(/^missing tile\/(0|entries)\/000/);
  });

  it('and has tiles that fit other entries is not what was signed', async () => {
    const files = filesOf(entries.slice(0, 700).with(650, eventOf('pay_forged', 1).entry), log);
    files.set('checkpoint', Buffer.from(noteOf(bodyOf(entries.slice(0, 700).map(leaf)), log)));
    expect((await followed(files, 300)).found).toEqual(['rewritten checkpoint']);
  });
});

describe('a log that does not continue what it was', () => {
  const others = entries.with(3, eventOf('pay_other', 1).entry);

  it.each([300, 256, 512, 700])('is a fork of %i entries', async (size) => {
    const { found } = await followed(filesOf(entries.slice(0, 700), log), size, others);
    expect(found).toEqual(['forked checkpoint']);
  });

  it('is an old one when it has fewer entries', async () => {
    expect((await followed(filesOf(entries.slice(0, 600), log), 601)).found).toEqual([
      'old-checkpoint checkpoint',
    ]);
  });
});

describe('the form of entries', () => {
  const foreign = (n: number) => Buffer.from(`an entry of another log, ${n}`);

  it('is not looked at in a log of others', async () => {
    const theirs = Array.from({ length: 300 }, (_, n) => foreign(n));
    const { found, growth } = await followed(filesOf(theirs, log), 100, theirs);
    expect([found, growth]).toMatchObject([[], { entries: 200, auditEntries: 0 }]);
  });

  it('is that of an audit log for all entries, or for none', async () => {
    const mixed = entries.slice(0, 300).with(200, foreign(0));
    expect((await followed(filesOf(mixed, log), 100, mixed)).found).toEqual(['format entry 200']);
  });
});
