import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  bodyOf,
  entriesOf,
  eventOf,
  type Files,
  filesOf,
  leaf,
  noteOf,
  origin,
  proofFile,
  Signer,
} from './logFixtures.ts';

/** The verifier as an auditor runs it: bundled to one file, in a folder that has nothing else. */
const log = new Signer(origin);
const witness = new Signer(`${origin}/witness`, true);
const { entry, ...opening } = eventOf('pay_a', 1);
const entries = entriesOf(300).with(7, entry);
const leaves = entries.map(leaf);
const proof = proofFile(
  7,
  leaves,
  { version: 1, entry: entry.toString(), ...opening },
  noteOf(bodyOf(leaves), log, witness),
);
const key = ['--key', log.vkey];

const theirs = new Signer('witness.example/theirs', true);
const policy = `log ${log.vkey}
witness ours ${witness.vkey}
witness theirs ${theirs.vkey}
group both 1 ours theirs
quorum both
`;

let folder: string;
let bundle: string;
let work: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanfold-verify-'));
  bundle = join(folder, 'verify.mjs');
  const main = new URL('main.ts', import.meta.url).pathname;
  await build({ entryPoints: [main], bundle: true, platform: 'node', format: 'esm', outfile: bundle });
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  work = join(folder, String(count++));
  await mkdir(work);
});

const run = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [bundle, ...args], { cwd: work }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });

async function write(name: string, content: string | Buffer): Promise<string> {
  await mkdir(dirname(join(work, name)), { recursive: true });
  await writeFile(join(work, name), content);
  return name;
}

async function writeLog(files: Files): Promise<string> {
  await rm(join(work, 'log'), { recursive: true, force: true });
  for (const [path, bytes] of files) await write(join('log', path), bytes);
  return 'log';
}

describe('a proof', () => {
  it('is explained', async () => {
    const file = await write('pay.tlog-proof', proof);
    const { code, stdout, stderr } = await run(file, ...key, '--witness', witness.vkey);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.replaceAll(/\+[0-9a-f]{8}/g, '+id')).toBe(
      `verified: this event, to the letter, is entry 7 of the log
  event     pay_a:1
  merchant  acme
  subject   pay_a
  type      payment.captured.v1
  time      2026-11-25T09:59:59.123Z, recorded 2026-11-25T10:00:00.000Z
  index     7 of 300
  log       ${origin}
  key       ${origin}+id
  witness   ${origin}/witness+id, at 2027-01-15T08:00:00.000Z
`,
    );
  });

  it('has the cosignatures that a policy demands', async () => {
    const file = await write('pay.tlog-proof', proof);
    const proven = await run(file, '--policy', await write('people', policy));
    expect([proven.code, proven.stderr]).toEqual([0, '']);
    expect(proven.stdout).toContain(`\n  witness   ${origin}/witness+`);
    const stricter = policy.replace('group both 1', 'group both 2');
    const refused = await run(file, '--policy', await write('people', stricter), '--json');
    expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([1, { part: 'witness' }]);
    expect(refused.stderr).toContain('the quorum both is not met: theirs has not signed');
  });

  it('of an erased event says so', async () => {
    const erased = proofFile(7, leaves, { version: 1, entry: entry.toString() }, noteOf(bodyOf(leaves), log));
    const file = await write('erased.tlog-proof', erased);
    const { code, stdout } = await run(file, ...key);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^verified: there was such an event, and it is entry 7 of the log; its text was erased\n/,
    );
    expect(JSON.parse((await run(file, ...key, '--json')).stdout)).toMatchObject({
      erased: true,
      event: null,
    });
  });

  it('is read by programs', async () => {
    const { stdout } = await run(await write('a', proof), ...key, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      verified: true,
      index: 7,
      size: 300,
      origin,
      erased: false,
      event: { id: 'pay_a:1', merchantid: 'acme' },
      witnesses: [],
    });
  });

  it('that does not verify tells why, to programs too', async () => {
    const file = await write('a', proof.replace('index 7', 'index 8'));
    const { code, stdout, stderr } = await run(file, ...key);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^inclusion proof: .*\n$/);
    expect(JSON.parse((await run(file, ...key, '--json')).stdout)).toMatchObject({
      verified: false,
      part: 'inclusion proof',
    });
  });

  it.each([
    ['not a proof', Buffer.from('a letter\n'), 'proof file: is none'],
    ['binary', Buffer.from([0xff, 0xd8, 0xff]), 'proof file: is not UTF-8 text'],
    ['empty', Buffer.alloc(0), 'proof file: is none'],
    ['10 MB', Buffer.alloc(10_000_000, 'x'), 'proof file: is larger than any proof'],
  ])('file that is %s is refused in one sentence', async (_, content, complaint) => {
    const { code, stdout, stderr } = await run(await write('a', content), ...key);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(complaint);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('cannot write to the terminal what is not text', async () => {
    const hostile = 'pay_\u001b[2J\u202e\u009b\u2028\nverified: x';
    const event = eventOf(hostile, 1);
    const all = [leaf(event.entry)];
    const { entry, ...rest } = event;
    const text = proofFile(
      0,
      all,
      { version: 1, entry: entry.toString(), ...rest },
      noteOf(bodyOf(all), log),
    );
    const file = await write('a', text);
    const { code, stdout } = await run(file, ...key);
    expect(code).toBe(0);
    expect(stdout).toContain('pay_\\u{1b}[2J\\u{202e}\\u{9b}\\u{2028}\\u{a}verified: x');
    const json = (await run(file, ...key, '--json')).stdout;
    expect(JSON.parse(json)).toMatchObject({ event: { subject: hostile } });
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  });
});

describe('a document', () => {
  const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest('hex');
  const [pdf, xml] = ['%PDF-1.7 …', '<Invoice/>'];

  /** The proof of an event with this data; without its text when that was erased. */
  function proofOf(data: object, isErased = false): string {
    const { entry, ...opening } = eventOf('inv_a', 1, undefined, data);
    const leaves = [leaf(entry)];
    const extra = { version: 1, entry: entry.toString(), ...(!isErased && opening) };
    return proofFile(0, leaves, extra, noteOf(bodyOf(leaves), log));
  }

  it.each([
    ['pdf', pdf, { format: 'pdf', sha256: sha256(pdf) }],
    ['ubl, profile peppol', xml, { documents: [{ format: 'ubl', profile: 'peppol', sha256: sha256(xml) }] }],
  ])('that the event names is verified, with what it is: %s', async (name, content, data) => {
    const file = await write('invoice', content);
    const { code, stdout, stderr } = await run(await write('a', proofOf(data)), ...key, '--document', file);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`\n  document  invoice: ${name}, to the byte\n`);
    const json = await run('a', ...key, '--document', file, '--json');
    expect(JSON.parse(json.stdout).document).toMatchObject({ file: 'invoice', sha256: sha256(content) });
  });

  it.each([
    ['of which a byte was changed', { format: 'pdf', sha256: sha256(pdf) }, /names only these files: pdf\./],
    ['of an event that names none', { name: 'Ada Example' }, /names no file\./],
    ['of an event that was erased', 'erased', /was erased, and with it the hash/],
  ])('%s does not verify', async (_, data, why) => {
    const proof = data === 'erased' ? proofOf({}, true) : proofOf(data as object);
    const file = await write('invoice.pdf', `${pdf} `);
    const { code, stdout, stderr } = await run(await write('a', proof), ...key, '--document', file);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^document: /);
    expect(stderr).toMatch(why);
  });

  it('needs the proof of an event, and a file that is there', async () => {
    const proof = await write('a', proofOf({}));
    expect((await run(proof, ...key, '--document', 'nowhere.pdf')).code).toBe(2);
    expect((await run('--log', work, ...key, '--document', proof)).code).toBe(2);
  });
});

describe('a log', () => {
  it('in a folder is verified, remembered, and must be continued', async () => {
    const first = await run('--log', await writeLog(filesOf(entries, log)), ...key);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(
      /^verified: all 300 entries of fanfold.example\/test\/audit are those that were signed\n {2}memory {4}nothing was remembered/,
    );
    const longer = [...entries, eventOf('pay_more', 1).entry];
    const second = await run('--log', await writeLog(filesOf(longer, log)), ...key);
    expect(second.stdout).toContain('continues the 300 entries that were verified before');

    // An old state, and another past: each is wrong, and neither is remembered.
    const third = await run('--log', await writeLog(filesOf(entries, log)), ...key);
    expect([third.code, third.stdout]).toEqual([1, expect.stringContaining('one of 301 was seen before')]);
    const rewritten = longer.with(0, eventOf('pay_forged', 1).entry);
    const fourth = await run('--log', await writeLog(filesOf(rewritten, log)), ...key, '--json');
    expect([fourth.code, JSON.parse(fourth.stdout)]).toMatchObject([
      1,
      { verified: false, findings: [{ kind: 'forked' }] },
    ]);
    const fifth = await run('--log', await writeLog(filesOf(longer, log)), ...key, '--json');
    expect(JSON.parse(fifth.stdout)).toMatchObject({ verified: true, rememberedSize: 301, findings: [] });

    const names = await readdir(join(work, '.fanfold/verified'));
    expect(names).toEqual([log.id.toString('hex')]);
  });

  it('is remembered where one wants it to be', async () => {
    const files = filesOf(entries, log);
    const args = ['--log', await writeLog(files), ...key, '--remember', 'memory/checkpoint'];
    expect((await run(...args)).code).toBe(0);
    expect(await readFile(join(work, 'memory/checkpoint'))).toEqual(files.get('checkpoint'));
    expect(await readdir(work)).not.toContain('.fanfold');
    await write('memory/checkpoint', 'something else');
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is no checkpoint of this key')]);
  });

  it('keeps its past when its key is changed', async () => {
    const next = new Signer(origin);
    const both = [...key, '--key', next.vkey];
    await run('--log', await writeLog(filesOf(entries, log)), ...key);
    await run('--log', await writeLog(filesOf(entries, log, next)), ...both);
    const { stdout } = await run('--log', await writeLog(filesOf(entries, next)), '--key', next.vkey);
    expect(stdout).toContain('continues the 300 entries');
  });

  it('with something wrong tells what, and remembers nothing', async () => {
    const files = filesOf(entries, log);
    files.set('tile/0/000', Buffer.from(files.get('tile/0/000') as Buffer).fill(0, 32, 64));
    const { code, stdout, stderr } = await run('--log', await writeLog(files), ...key);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^WRONG: 1 finding in .*\n {2}hash 1 of tile\/0\/000: was changed/);
    expect(await readdir(work)).toEqual(['log']);
  });

  it('tells how old it is, warns when it is old, and is wrong when it is older than demanded', async () => {
    const files = filesOf(entries, log);
    const body = bodyOf(leaves);
    const signedBefore = async (seconds: number) => {
      const cosignature = witness.line(body, Math.floor(Date.now() / 1000) - seconds);
      files.set('checkpoint', Buffer.from(noteOf(body, log) + cosignature));
      return ['--log', await writeLog(files), ...key, '--witness', witness.vkey];
    };
    const young = await run(...(await signedBefore(2)), '--max-age', '250');
    expect([young.code, young.stdout]).toEqual([
      0,
      expect.stringMatching(/\n {2}witness {3}\S+, at \S+Z, \d+ s ago\n$/),
    ]);
    const args = await signedBefore(400);
    const old = await run(...args);
    expect([old.code, old.stdout]).toEqual([0, expect.stringContaining('has not signed for 6 min')]);
    expect(old.stdout).toContain('\nwarning: ');
    const demanded = await run(...args, '--max-age', '300');
    expect([demanded.code, demanded.stdout]).toEqual([1, expect.stringMatching(/^WRONG: 1 finding in /)]);
    const { witnesses, findings } = JSON.parse((await run(...args, '--max-age', '300', '--json')).stdout);
    expect(findings).toMatchObject([{ kind: 'old-signature' }]);
    expect(witnesses[0].ageSeconds).toBeGreaterThanOrEqual(400);
    // The log alone signs no time.
    expect((await run('--log', 'log', ...key)).stdout).toContain('\n  age       not known');
  });

  it('is followed by a policy for several logs, and old when its newest cosignature is', async () => {
    const another = new Signer('log.example/another');
    const files = filesOf(entries, log);
    const body = bodyOf(leaves);
    const people = await write('people', `log ${another.vkey}\n${policy}`);
    const signedBefore = async (ours: number, other: number) => {
      const now = Math.floor(Date.now() / 1000);
      const lines = witness.line(body, now - ours) + theirs.line(body, now - other);
      files.set('checkpoint', Buffer.from(noteOf(body, log) + lines));
      return run('--log', await writeLog(files), '--policy', people, '--max-age', '300');
    };
    // What is remembered of another log in the same policy is no past of this one.
    await write(
      `.fanfold/verified/${another.id.toString('hex')}`,
      noteOf(bodyOf(leaves, another.name), another),
    );
    expect(await signedBefore(4000, 2)).toMatchObject({ code: 0, stderr: '' });
    const old = await signedBefore(4000, 400);
    expect([old.code, old.stdout]).toEqual([
      1,
      expect.stringContaining('has signed 6 min ago, and no other'),
    ]);
    expect((await run('--log', 'log', '--policy', people)).stdout).toContain(
      '\nwarning: witness.example/theirs+',
    );
  });

  it('that cannot be read is not called wrong: the exit code is 2', async () => {
    await writeLog(filesOf(entries, log));
    await rm(join(work, 'log/tile/0/000'));
    await mkdir(join(work, 'log/tile/0/000'));
    expect(await run('--log', 'log', ...key)).toMatchObject({ code: 2, stdout: '' });
    await rm(join(work, 'log/tile/0/000'), { recursive: true });
    expect((await run('--log', 'log', ...key)).code).toBe(1);
  });

  it('that is an empty folder is none', async () => {
    await mkdir(join(work, 'log'));
    const { code, stderr } = await run('--log', 'log', ...key);
    expect([code, stderr]).toEqual([2, 'There is no checkpoint, so there is no log, at log.\n']);
  });
});

describe('used wrongly', () => {
  const typo = log.vkey.replace('test', 'tset');
  it.each([
    [[], "Give the log's key: --key"],
    [[...key], 'Give either a proof file or --log'],
    [['a', '--log', '.', ...key], 'Give either a proof file or --log'],
    [['a', '--key', typo], '--key: The key fanfold.example/tset/audit'],
    [
      ['a', '--key', witness.vkey],
      '--key: It is the key of a witness, and not of a log. Give it with --witness.',
    ],
    [
      ['a', ...key, '--witness', log.vkey],
      '--witness: It is the key of a log, and not of a witness. Give it with --key.',
    ],
    [['a', ...key, '--remember', 'b'], '--remember is for --log'],
    [['a', ...key, '--max-age', '300'], '--max-age is for --log'],
    [
      ['--log', '.', ...key, '--max-age', '300'],
      '--max-age needs a witness, --witness <vkey> or one in the policy',
    ],
    [['--log', '.', ...key, '--witness', witness.vkey, '--max-age', '5m'], '--max-age: It is a whole number'],
    [['a', ...key], 'There is no file a.'],
    [['.', ...key], '. cannot be read'],
    [['a', '--policy', 'nowhere'], '--policy: There is no file nowhere.'],
    [['a', '--policy', 'people', ...key], '--policy names the keys of logs: leave --key out.'],
    [['a', '--policy', 'people', '--witness', witness.vkey], '--policy names the witnesses'],
    [['a', '--policy', 'nobody'], '--policy has no line that begins with log: give'],
    [['--log', '.', '--policy', 'nobody', ...key, '--max-age', '9'], '--max-age needs a witness'],
    [['a', '--policy', 'typo'], '--policy: typo, line 2: it is none of: log'],
    [['a', 'b', ...key], 'Give one proof file at a time'],
    [['a', ...key, '--colour'], "Unknown option '--colour'"],
    [['--log', 'nowhere', ...key], 'There is no folder nowhere'],
    [['--log', 'ftp://127.0.0.1/', ...key], 'It is the URL (http or https)'],
    [['--log', 'http://', ...key], 'It is the URL (http or https)'],
  ])('%j exits with 2 and says what is wrong', async (args, complaint) => {
    await write('people', policy);
    await write('nobody', 'quorum none\n');
    await write('typo', '# people\nlogs\n');
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(complaint);
  });
});
