import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKey } from './key.ts';
import { type LogOptions, verifyLog } from './log.ts';
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
import { pathOf } from './tile.ts';

const log = new Signer(origin);
const witness = new Signer(`${origin}/witness`, true);
const keys = [await parseKey(log.vkey)];
const witnessKeys = [await parseKey(witness.vkey)];

const verified = (files: Files, options: Partial<LogOptions> = {}) =>
  verifyLog(readerOf(files), { keys, ...options });

/** What is found, as `kind where`. */
const found = async (files: Files, options: Partial<LogOptions> = {}) =>
  (await verified(files, options)).findings.map(({ kind, where }) => `${kind} ${where}`);

const changed = (bytes: Buffer | undefined, at: number): Buffer => {
  const copy = Buffer.from(bytes as Buffer);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
};

/** Where an entry begins in its bundle, behind its length. */
const startOf = (entries: Buffer[], index: number): number =>
  entries.slice(index - (index % 256), index).reduce((at, entry) => at + 2 + entry.length, 2);

describe('a log that is whole', () => {
  it.each([0, 1, 2, 3, 255, 256, 257, 511, 512, 700, 1300])('of %i entries is verified', async (size) => {
    const report = await verified(filesOf(entriesOf(size), log));
    expect(report).toMatchObject({ findings: [], findingCount: 0, warnings: [] });
    expect(report.checkpoint).toMatchObject({ origin, size });
  });

  it('of more than a tile of tiles is verified, and every hash of its files is read', async () => {
    const entries = entriesOf(65_536 + 256 + 3);
    const files = filesOf(entries, log, witness);
    const read = new Set<string>();
    const reader = readerOf(files);
    const report = await verifyLog(
      { ...reader, read: (path, maxBytes) => reader.read(path, maxBytes).finally(() => read.add(path)) },
      { keys, witnessKeys },
    );
    expect(report.findings).toEqual([]);
    expect([...read].sort()).toEqual([...files.keys()].sort());
    expect(report.checkpoint.witnessedBy[0]?.time.toISOString()).toBe('2027-01-15T08:00:00.000Z');

    // The last entry is told of although it lies in the partial tile.
    const last = 'tile/entries/257.p/3';
    const damaged = new Map(files)
      .set('tile/1/000', changed(files.get('tile/1/000'), 32 * 77))
      .set(last, changed(files.get(last), 40));
    expect(await found(damaged)).toEqual(['hash hash 77 of tile/1/000', 'entry entry 65792']);
    const atTheTop = new Map(files).set('tile/2/000.p/1', changed(files.get('tile/2/000.p/1'), 3));
    atTheTop.delete('tile/1/000');
    expect(await found(atTheTop)).toEqual(['hash hash 0 of tile/2/000.p/1', 'missing tile/1/000']);

    // Entries, their hashes, and the hash of these, all changed so that they fit each other.
    const forged = filesOf(entries.slice(0, 512).with(300, eventOf('pay_forged', 1).entry), log);
    const rewritten = new Map(files);
    for (const path of ['tile/entries/001', 'tile/0/001']) rewritten.set(path, forged.get(path) as Buffer);
    const [hashes, forgedHashes] = [files.get('tile/1/000'), forged.get('tile/1/000.p/2')] as [
      Buffer,
      Buffer,
    ];
    rewritten.set('tile/1/000', Buffer.concat([forgedHashes, hashes.subarray(forgedHashes.length)]));
    expect(await found(rewritten)).toEqual(['rewritten tile/1/000']);
  }, 120_000);

  it('has the paths of the specification', () => {
    expect(pathOf(0, 1_234_067, 2 ** 40)).toBe('tile/0/x001/x234/067');
    expect(pathOf('entries', 273, 70_000)).toBe('tile/entries/273.p/112');
    expect(pathOf(0, 273, 70_000)).toBe('tile/0/273.p/112');
    expect(pathOf(1, 0, 70_000)).toBe('tile/1/000');
    expect(pathOf(1, 1, 70_000)).toBe('tile/1/001.p/17');
    expect(pathOf(2, 0, 70_000)).toBe('tile/2/000.p/1');
    expect(pathOf(1, 0, 256)).toBe('tile/1/000.p/1');
  });
});

describe('a log of 700 entries', () => {
  const entries = entriesOf(700);
  const files = filesOf(entries, log, witness);
  const set = (path: string, bytes: Buffer) => new Map(files).set(path, bytes);
  const without = (...paths: string[]) => new Map([...files].filter(([path]) => !paths.includes(path)));

  it.each([0, 5, 255, 256, 511, 512, 699])('whose entry %i was changed says so', async (index) => {
    const path = pathOf('entries', Math.floor(index / 256), 700);
    const report = await verified(set(path, changed(files.get(path), startOf(entries, index) + 30)));
    expect(report.findings).toMatchObject([{ kind: 'entry', where: `entry ${index}` }]);
    expect(report.findings[0]?.message).toContain(
      `hash ${index % 256} of ${pathOf(0, Math.floor(index / 256), 700)}`,
    );
    expect(report.warnings).toEqual([
      'Whether numbers are missing was not checked: not every entry could be read.',
    ]);
  });

  it.each([0, 5, 255, 256, 511, 512, 699])(
    'in which the hash of entry %i was changed says so',
    async (index) => {
      const path = pathOf(0, Math.floor(index / 256), 700);
      expect(await found(set(path, changed(files.get(path), (index % 256) * 32)))).toEqual([
        `hash hash ${index % 256} of ${path}`,
      ]);
    },
  );

  it.each([0, 1])('in which hash %i of level 1 was changed says so', async (i) => {
    const path = 'tile/1/000.p/2';
    expect(await found(set(path, changed(files.get(path), 32 * i + 31)))).toEqual([
      `hash hash ${i} of ${path}`,
    ]);
  });

  it('names every one of several changes', async () => {
    const some = set('tile/entries/000', changed(files.get('tile/entries/000'), startOf(entries, 7) + 1))
      .set('tile/0/001', changed(files.get('tile/0/001'), 32 * 9))
      .set('tile/1/000.p/2', changed(files.get('tile/1/000.p/2'), 0));
    expect(await found(some)).toEqual([
      'entry entry 7',
      'hash hash 9 of tile/0/001',
      'hash hash 0 of tile/1/000.p/2',
    ]);
  });

  it('reports an entry and a hash of one tile that were both changed', async () => {
    const both = set(
      'tile/entries/001',
      changed(files.get('tile/entries/001'), startOf(entries, 300) + 1),
    ).set('tile/0/001', changed(files.get('tile/0/001'), 32 * 9));
    const { findings } = await verified(both);
    expect(findings.map(({ where }) => where)).toEqual(['entry 265', 'entry 300']);
    expect(findings[0]?.message).toContain('cannot be told');
  });

  it.each([
    [3, 9],
    [3, 300],
    [300, 690],
  ])('whose entries %i and %i were swapped says so', async (a, b) => {
    const swapped = entries.with(a, entries[b] as Buffer).with(b, entries[a] as Buffer);
    const others = filesOf(swapped, log);
    const mixed = new Map(
      [...files].map(([path, bytes]) => [
        path,
        path.startsWith('tile/entries') ? (others.get(path) as Buffer) : bytes,
      ]),
    );
    const { findings } = await verified(mixed);
    expect(findings.map(({ kind, where }) => `${kind} ${where}`)).toEqual([
      `swapped entry ${a}`,
      `swapped entry ${b}`,
    ]);
    expect(findings[0]?.message).toContain(`is what belongs at ${b}`);
  });

  it('in which bundles were swapped says so', async () => {
    const swapped = set('tile/entries/000', files.get('tile/entries/001') as Buffer).set(
      'tile/entries/001',
      files.get('tile/entries/000') as Buffer,
    );
    expect(await found(swapped)).toEqual(['bundle tile/entries/000', 'bundle tile/entries/001']);
  });

  it('that lacks a bundle in the middle says which entries are not there', async () => {
    const { findings } = await verified(without('tile/entries/001'));
    expect(findings).toEqual([
      { kind: 'missing', where: 'tile/entries/001', message: 'entries 256 to 511 are not there' },
    ]);
  });

  it('whose tail was removed says from where', async () => {
    const { findings } = await verified(
      without('tile/entries/001', 'tile/entries/002.p/188', 'tile/0/001', 'tile/0/002.p/188'),
    );
    expect(findings).toEqual(
      [
        { kind: 'missing', where: 'tile/0/001 to tile/0/002.p/188', message: 'there is no such tile' },
        {
          kind: 'tail',
          where: 'tile/entries/001 to tile/entries/002.p/188',
          message: 'everything from entry 256 on is missing: the checkpoint is of 700 entries',
        },
      ].sort(({ kind }) => (kind === 'missing' ? 1 : -1)),
    );
  });

  it('of which only the checkpoint is there lacks everything', async () => {
    expect(await found(new Map([['checkpoint', files.get('checkpoint') as Buffer]]))).toContain(
      'tail tile/entries/000 to tile/entries/002.p/188',
    );
  });

  it.each(['tile/0/001', 'tile/1/000.p/2', 'tile/0/002.p/188'])('that lacks %s says so', async (path) => {
    expect(await found(without(path))).toEqual([`missing ${path}`]);
  });

  it.each([
    [
      'ends within an entry',
      'tile/entries/001',
      (bytes: Buffer) => bytes.subarray(0, -5),
      'ends in entry 255 of 256',
    ],
    ['is empty', 'tile/entries/001', () => Buffer.alloc(0), 'ends in entry 0 of 256'],
    [
      'has more',
      'tile/entries/001',
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('more')]),
      'has 4 bytes after',
    ],
    [
      'is not as long as its hashes',
      'tile/0/001',
      (bytes: Buffer) => bytes.subarray(1),
      'has 8191 bytes, not 8192',
    ],
    [
      'is longer',
      'tile/1/000.p/2',
      (bytes: Buffer) => Buffer.concat([bytes, bytes]),
      'has 128 bytes, not 64',
    ],
    ['is far longer', 'tile/0/000', () => Buffer.alloc(9000), 'has too many bytes, not 8192'],
  ])('with a file that %s says so', async (_, path, cut, message) => {
    const { findings } = await verified(set(path, cut(files.get(path) as Buffer)));
    expect(findings).toMatchObject([{ where: path, message: expect.stringContaining(message) }]);
  });

  it('with a wrong length of an entry says where that begins', async () => {
    const { findings } = await verified(
      set('tile/entries/001', changed(files.get('tile/entries/001'), startOf(entries, 300) - 1)),
    );
    expect(findings).toMatchObject([
      { kind: 'bundle', where: 'tile/entries/001', message: expect.stringContaining('does not fit is 300') },
    ]);
  });

  it('that is another log than was signed says so, and no more', async () => {
    const forged = filesOf(entries.with(300, eventOf('pay_forged', 1).entry), log);
    forged.set('checkpoint', files.get('checkpoint') as Buffer);
    const { findings } = await verified(forged);
    expect(findings).toMatchObject([{ kind: 'rewritten', where: 'checkpoint' }]);
  });

  it('of which a bundle and its tile were rewritten says so', async () => {
    const forged = filesOf(entries.with(300, eventOf('pay_forged', 1).entry), log);
    const rewritten = new Map(files);
    for (const path of ['tile/entries/001', 'tile/0/001']) rewritten.set(path, forged.get(path) as Buffer);
    expect(await found(rewritten)).toEqual(['rewritten tile/0/001']);
  });

  it('reports twenty findings, and how many there are', async () => {
    const bundle = Buffer.from(files.get('tile/entries/001') as Buffer);
    for (let index = 260; index < 300; index++) bundle[startOf(entries, index) + 1] = 0;
    const report = await verified(set('tile/entries/001', bundle));
    expect([report.findings.length, report.findingCount]).toEqual([20, 40]);
  });

  it('that has grown while it is read is verified as it was', async () => {
    const grown = filesOf(entriesOf(1030), log);
    grown.set('checkpoint', files.get('checkpoint') as Buffer);
    grown.set('tile/1/000', Buffer.concat([grown.get('tile/1/000.p/4') as Buffer, Buffer.alloc(252 * 32)]));
    expect(grown.has('tile/0/002.p/188')).toBe(false);
    expect(await found(grown)).toEqual([]);
  });

  it('is found out by any flipped bit', async () => {
    const all = [...files];
    const total = all.reduce((sum, [, bytes]) => sum + bytes.length, 0);
    // Every file as often as another one, however small it is.
    const place = fc.nat(all.length - 1).chain((file) => fc.tuple(fc.constant(file), fc.nat(), fc.nat(7)));
    expect(total).toBeGreaterThan(100_000);
    await fc.assert(
      fc.asyncProperty(place, async ([file, at, bit]) => {
        const [path, bytes] = all[file] as [string, Buffer];
        const flipped = Buffer.from(bytes);
        flipped[at % bytes.length] = (flipped[at % bytes.length] as number) ^ (1 << bit);
        const verdict = await verified(set(path, flipped), { witnessKeys }).then(
          ({ findings }) => findings.map(({ where, message }) => `${where} ${message}`).join(),
          (error: Error) => (path === 'checkpoint' ? `checkpoint ${error.message}` : ''),
        );
        // It is named by its path, or by the entry in it.
        const [, bundle] = /^tile\/entries\/(\d+)/.exec(path) ?? [];
        const named = bundle && /^entry (\d+) /.exec(verdict)?.[1];
        expect(verdict.includes(path) || (named && Math.floor(Number(named) / 256) === Number(bundle))).toBe(
          true,
        );
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('a remembered checkpoint', () => {
  const entries = entriesOf(1300);
  const leaves = entries.map(leaf);
  const noteAt = (size: number) => noteOf(bodyOf(leaves.slice(0, size)), log);
  const filesAt = (size: number) => filesOf(entries.slice(0, size), log);

  it.each([0, 1, 255, 256, 257, 512, 700, 1023, 1024, 1280, 1299, 1300])(
    'of %i entries is continued',
    async (size) => {
      const report = await verified(filesAt(1300), { remembered: noteAt(size) });
      expect(report).toMatchObject({ findings: [], rememberedSize: size });
    },
  );

  it.each([1, 256, 257, 700, 1024, 1300])('of %i other entries is not', async (size) => {
    const others = leaves.with(0, leaf(Buffer.from('another'))).slice(0, size);
    const { findings } = await verified(filesAt(1300), { remembered: noteOf(bodyOf(others), log) });
    expect(findings).toMatchObject([{ kind: 'forked', where: 'checkpoint' }]);
  });

  it('of more entries than there are shows an old state', async () => {
    const { findings } = await verified(filesAt(700), { remembered: noteAt(701) });
    expect(findings).toMatchObject([{ kind: 'old-checkpoint', message: expect.stringMatching(/700.*701/) }]);
  });

  it('of another log is no past of this one', async () => {
    const other = new Signer('fanfold.example/other/audit');
    const remembered = noteOf(bodyOf(leaves.slice(0, 3), other.name), other);
    const both = [...keys, await parseKey(other.vkey)];
    expect(await found(filesAt(700), { keys: both, remembered })).toEqual(['forked checkpoint']);
  });

  it('is continued by a tree with a damaged hash, and only that is told', async () => {
    const files = filesAt(1300);
    files.set('tile/0/001', changed(files.get('tile/0/001'), 3));
    expect(await found(files, { remembered: noteAt(300) })).toEqual(['hash hash 0 of tile/0/001']);
  });

  it.each([1, 2, 255, 256, 257, 300, 513])(
    'of any size before %i is continued, and of no changed past',
    async (size) => {
      const files = filesAt(size);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: size }), fc.nat(), async (before, at) => {
          expect(await found(files, { remembered: noteAt(before) })).toEqual([]);
          const past = leaves.slice(0, before).with(at % before, leaf(Buffer.from('another')));
          expect(await found(files, { remembered: noteOf(bodyOf(past), log) })).toEqual([
            'forked checkpoint',
          ]);
        }),
        { numRuns: 15 },
      );
    },
  );
});

describe('entries of an audit log', () => {
  const hour = (n: number) => `2026-11-25T${String(n).padStart(2, '0')}:00:00.000Z`;
  const of = (...numbers: [n: number, hour?: number][]) =>
    filesOf(
      [
        ...numbers.map(([n, at = 10]) => eventOf('pay_x', n, hour(at)).entry),
        eventOf('pay_y', 1, hour(20)).entry,
      ],
      log,
    );

  it('may come in any order', async () => {
    expect(await verified(of([3], [1], [2], [5], [4]))).toMatchObject({ findings: [], warnings: [] });
  });

  it('may not have a number twice, early or late', async () => {
    expect(await found(of([1], [2], [1]))).toEqual(['sequence entry 2']);
    expect(await found(of([1], [3], [3], [2]))).toEqual(['sequence entry 2']);
  });

  it('may not lack a number', async () => {
    const { findings } = await verified(of([1], [2], [5], [6]));
    expect(findings).toMatchObject([
      { kind: 'sequence', message: 'has no numbers 3 to 4, though it has greater ones' },
    ]);
    expect((await verified(of([1], [3]))).findings[0]?.message).toContain('has no number 2,');
  });

  it('lack a number that may still come: a warning', async () => {
    const report = await verified(of([1], [3, 20]));
    expect(report).toMatchObject({ findings: [], warnings: [expect.stringContaining('may still come')] });
  });

  it('lack numbers at their beginning: a warning, for they may be older than the log', async () => {
    const report = await verified(of([3], [4]));
    expect(report).toMatchObject({ findings: [], warnings: [expect.stringContaining('older than the log')] });
  });

  it('of more subjects than are followed: a warning, and no false finding', async () => {
    const report = await verified(filesOf(entriesOf(700), log), { maxSubjects: 10 });
    expect(report).toMatchObject({
      findings: [],
      warnings: [expect.stringContaining('numbers of 680 entries')],
    });
  });

  it.each([
    ['another member', { name: 'Ada' }],
    ['a member less', { type: undefined }],
    ['another version', { version: 2 }],
    ['a number as text', { version: '1' }],
    ['a short commitment', { commitment: 'AAAA' }],
    ['a subject that is none', { subject: 'pay_1' }],
    ['a sequence that is none', { sequence: '0' }],
    ['a time that is none', { time: 'now' }],
  ])('with %s are reported', async (_, members) => {
    const entry = JSON.parse(eventOf('pay_x', 1).entry.toString());
    const text = JSON.stringify(Object.fromEntries(Object.entries({ ...entry, ...members }).sort()));
    expect(await found(filesOf([Buffer.from(text)], log))).toEqual(['format entry 0']);
  });

  it.each([
    ['spaces', (text: string) => text.replace(',', ', ')],
    [
      'another order',
      (text: string) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse())),
    ],
    ['a member twice', (text: string) => text.replace('{', '{"version":1,')],
    ['an escape', (text: string) => text.replace('payment', '\\u0070ayment')],
    ['bytes that are no text', () => Buffer.from([0xff, 0xfe])],
    ['no object', () => '[]'],
  ])('with %s are not canonical', async (_, write) => {
    const text = write(eventOf('pay_x', 1).entry.toString());
    expect(await found(filesOf([Buffer.from(text as string)], log))).toEqual(['format entry 0']);
  });
});

describe('a checkpoint', () => {
  const files = filesOf(entriesOf(3), log);
  it('that is not there, is no note, or is too large, is an error that says so', async () => {
    await expect(verified(new Map())).rejects.toThrow(
      'There is no checkpoint, so there is no log, at the test.',
    );
    for (const text of ['<html></html>', 'x'.repeat(70_000), '\n\n', '']) {
      await expect(verified(new Map(files).set('checkpoint', Buffer.from(text)))).rejects.toThrow(
        /^checkpoint: /,
      );
    }
  });

  it('by a stranger is an error that names who signed', async () => {
    await expect(verified(filesOf(entriesOf(3), new Signer(origin)))).rejects.toThrow(
      /^signature: .*none of the keys given, but by fanfold.example\/test\/audit\+[0-9a-f]{8}$/,
    );
  });
});
