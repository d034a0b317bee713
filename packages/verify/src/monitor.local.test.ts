import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  bodyOf,
  entriesOf,
  eventOf,
  type Files,
  filesOf,
  leaf,
  noteOf,
  origin,
  Signer,
} from './logFixtures.ts';
import { type MonitorOptions, monitor } from './monitor.ts';

const log = new Signer(origin);
const [north, south] = [new Signer('north.example/w', true), new Signer('south.example/w', true)];
const entries = entriesOf(700);
const forged = entries.with(3, eventOf('pay_forged', 1).entry);

let folder: string;
let work: string;
let state: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanfold-monitor-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  work = join(folder, String(count++));
  state = join(work, 'state');
  await mkdir(work);
});

const printed = vi.spyOn(console, 'log');
const complained = vi.spyOn(console, 'error');
beforeEach(() => {
  for (const output of [printed, complained]) output.mockReset().mockReturnValue();
});

/** What a program reads: of each log its findings, and of one that could not be read why. */
type Printed = {
  status: string;
  logs: { findings: object[]; witnesses: object[]; evidence: string; message: string }[];
};

const run = async (urls: string[], options: MonitorOptions = {}) => {
  printed.mockClear();
  const code = await monitor(urls, { state, json: true, ...options });
  const [text] = printed.mock.calls[0] ?? ['{}'];
  return { code, ...(JSON.parse(text) as Printed) };
};
const key = [log.vkey];

async function writeLog(name: string, files: Files): Promise<string> {
  const at = join(work, name);
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(at, path)), { recursive: true });
    await writeFile(join(at, path), bytes);
  }
  return at;
}

/** The log with its first entries, and signed by these as well. */
const grown = (size: number, of = entries, ...witnesses: Signer[]): Files => {
  const files = filesOf(of.slice(0, size), log);
  const body = bodyOf(of.slice(0, size).map(leaf));
  const now = Math.floor(Date.now() / 1000);
  const lines = witnesses.map((witness) => witness.line(body, now));
  return files.set('checkpoint', Buffer.from(noteOf(body, log) + lines.join('')));
};

describe('a log that another implementation wrote', () => {
  const recorded = new URL('../testdata/tessera/', import.meta.url).pathname;
  const policy = join(recorded, 'policy');
  const maxAge = '999999999';

  it('is followed from what it was to what it has become, with the policy of its cosigners', async () => {
    const at = join(work, 'log');
    await cp(join(recorded, 'log'), at, { recursive: true });
    await cp(join(recorded, 'checkpoint.300'), join(at, 'checkpoint'));
    const [, tesseraKey = ''] = /^log (\S+)/m.exec(await readFile(policy, 'utf8')) ?? [];
    const first = await run([at], { key: [tesseraKey] });
    expect(first).toMatchObject({ code: 0, logs: [{ size: 300, continues: null, newEntries: 300 }] });
    await cp(join(recorded, 'log/checkpoint'), join(at, 'checkpoint'));
    const second = await run([at], { policy, maxAge });
    expect(second).toMatchObject({
      code: 0,
      status: 'sound',
      logs: [
        { origin: 'log.example/tessera', size: 700, continues: 300, newEntries: 400, newAuditEntries: 0 },
      ],
    });
    expect(second.logs[0]?.witnesses).toHaveLength(2);
    // What it had before is an old state now, and any other entry is none that was signed.
    await cp(join(recorded, 'checkpoint.300'), join(at, 'checkpoint'));
    expect(await run([at], { key: [tesseraKey] })).toMatchObject({
      code: 1,
      logs: [{ findings: [{ kind: 'old-checkpoint' }] }],
    });
  });

  it('has its witnesses named, and is explained', async () => {
    expect(await monitor([join(recorded, 'log')], { state, policy, maxAge })).toBe(0);
    expect(printed.mock.calls.flat().join('\n')).toMatch(
      /^sound: \S+\n {2}entries {3}700, all read: from now on its past cannot change unseen, of a log whose entries are not those of an audit log\n {2}log {7}log\.example\/tessera\n.*\n {2}witness {3}witness\.example\/ed\+\w+, at 2026-\S+, \d+ \w+ ago\n/,
    );
  });
});

describe('a log of ours', () => {
  it('is remembered when it is sound, and only then', async () => {
    const at = await writeLog('log', grown(300));
    expect((await run([at], { key })).code).toBe(0);
    const kept = join(state, log.id.toString('hex'));
    const remembered = await readFile(kept, 'utf8');
    await writeLog('log', grown(700, forged));
    const { code, logs } = await run([at], { key });
    expect([code, logs[0]]).toMatchObject([1, { status: 'unsound', findings: [{ kind: 'forked' }] }]);
    expect(await readFile(kept, 'utf8')).toBe(remembered);
    const evidence = await readFile(String(logs[0]?.evidence), 'utf8');
    expect(evidence).toBe(`${remembered}\n${await readFile(join(at, 'checkpoint'), 'utf8')}`);
    await writeLog('log', grown(700));
    expect(await run([at], { key })).toMatchObject({ code: 0, logs: [{ continues: 300, newEntries: 400 }] });
    expect((await readdir(state)).sort()).toEqual([
      log.id.toString('hex'),
      `${log.id.toString('hex')}.forked`,
    ]);
  });

  it('that is shown differently at two places is unsound, though each by itself is whole', async () => {
    const views = [await writeLog('one', grown(300)), await writeLog('other', grown(700, forged))];
    for (const url of views) expect((await run([url], { key, state: `${url}-state` })).code).toBe(0);
    const { code, logs } = await run(views, { key });
    expect([code, logs]).toMatchObject([
      1,
      [{ status: 'sound' }, { status: 'unsound', findings: [{ kind: 'forked' }] }],
    ]);
    // Nothing tells which of them is right.
    expect(await readdir(state)).toEqual([`${log.id.toString('hex')}.forked`]);
  });

  it('may be behind at one of two places', async () => {
    const views = [await writeLog('ahead', grown(700)), await writeLog('behind', grown(300))];
    expect(await run(views, { key })).toMatchObject({
      code: 0,
      logs: [{ newEntries: 400 }, { newEntries: 300 }],
    });
    expect(await readFile(join(state, log.id.toString('hex')))).toEqual(grown(700).get('checkpoint'));
  });

  it('is unsound while its quorum has not signed, or not for long, and the rest is checked all the same', async () => {
    const policy = join(work, 'policy');
    await writeFile(
      policy,
      `log ${log.vkey}\nwitness n ${north.vkey}\nwitness s ${south.vkey}\ngroup g all n s\nquorum g\n`,
    );
    const files = grown(300, entries, north);
    files.set('tile/0/000', Buffer.from(files.get('tile/0/000') as Buffer).fill(0, 0, 32));
    const { code, logs } = await run([await writeLog('log', files)], { policy });
    expect([code, logs[0]?.findings]).toMatchObject([
      1,
      [{ kind: 'quorum', message: expect.stringContaining('s has not signed') }, { kind: 'entry' }],
    ]);
    expect(
      (await run([await writeLog('log', grown(300, entries, north, south))], { policy, maxAge: '300' })).code,
    ).toBe(0);
    const old = grown(300).set(
      'checkpoint',
      Buffer.from(noteOf(bodyOf(entries.slice(0, 300).map(leaf)), log, north, south)),
    );
    vi.useFakeTimers({ now: new Date('2027-01-15T09:00:00.000Z'), toFake: ['Date'] });
    const late = await run([await writeLog('log', old)], { policy, maxAge: '300' });
    vi.useRealTimers();
    expect([late.code, late.logs[0]?.findings]).toMatchObject([1, [{ kind: 'old-signature' }]]);
  });

  it('whose checkpoint somebody else has signed, or nobody can read, is unsound', async () => {
    const stranger = new Signer(origin);
    const files = grown(300).set(
      'checkpoint',
      Buffer.from(noteOf(bodyOf(entries.slice(0, 300).map(leaf)), stranger)),
    );
    const one = await run([await writeLog('log', files)], { key });
    expect([one.code, one.logs[0]?.findings]).toMatchObject([
      1,
      [{ kind: 'checkpoint', where: 'signature' }],
    ]);
    files.set('checkpoint', Buffer.alloc(1_000_000, 'x'));
    const other = await run([await writeLog('log', files)], { key });
    expect([other.code, other.logs[0]?.findings]).toMatchObject([1, [{ message: 'is too large to be one' }]]);
  });
});

describe('a hostile server', () => {
  let server: Server;
  let answer: RequestListener;
  let base: string;
  beforeEach(async () => {
    server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const files = grown(300);
  const serve: RequestListener = ({ url = '' }, response) => {
    const file = files.get(url.slice(1));
    response.writeHead(file ? 200 : 404).end(file);
  };

  it('that sends its reader elsewhere is not followed, and the others are checked', async () => {
    const asked: string[] = [];
    answer = (request, response) => {
      asked.push(request.url ?? '');
      if (request.url?.startsWith('/inside')) return serve(request, response);
      response.writeHead(302, { location: `${base}/inside/checkpoint` }).end();
    };
    const { code, logs } = await run([`${base}/log`, await writeLog('log', grown(300))], { key });
    expect([code, logs]).toMatchObject([
      2,
      [
        { status: 'unread', message: expect.stringContaining('was answered 302, which points to') },
        { status: 'sound' },
      ],
    ]);
    expect(asked).toEqual(['/log/checkpoint']);
    // What is wrong weighs more than what cannot be read.
    const wrong = await writeLog('wrong', grown(700, forged));
    expect((await run([`${base}/log`, wrong], { key })).code).toBe(1);
  });

  it('that does not answer, or never comes to an end, is given up in time', async () => {
    answer = (request, response) => {
      if (request.url === '/checkpoint') return serve(request, response);
      response.write('x');
    };
    const { code, logs } = await run([base], { key, timeout: '1' });
    expect([code, logs]).toMatchObject([
      2,
      [{ message: 'It could not be read within 1 seconds. --timeout gives it more.' }],
    ]);
  });

  it('that sends without end is read no further than a tile is long', async () => {
    answer = (request, response) => {
      if (request.url !== '/tile/0/000') return serve(request, response);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    };
    const { code, logs } = await run([base], { key });
    expect([code, logs[0]?.findings]).toMatchObject([
      1,
      [{ kind: 'tile', message: 'has too many bytes, not 8192' }],
    ]);
  });

  it('that claims more entries than it serves is unsound at the first that is missing', async () => {
    const body = `${origin}\n${2 ** 53 - 1}\n${Buffer.alloc(32).toString('base64')}\n`;
    answer = (request, response) =>
      request.url === '/checkpoint' ? response.end(noteOf(body, log)) : response.writeHead(404).end();
    const { code, logs } = await run([base], { key });
    expect([code, logs[0]?.findings[0]]).toMatchObject([1, { kind: 'missing' }]);
  });

  it('that is down is not read, and says so', async () => {
    answer = (_, response) => response.writeHead(403).end();
    expect(await monitor([base], { state, key })).toBe(2);
    expect(printed.mock.calls.flat()).toEqual([`NOT READ: ${base}\n  ${base}/checkpoint was answered 403.`]);
  });
});

describe('used wrongly', () => {
  it.each<[string[], MonitorOptions, string]>([
    [[], { key }, 'Give the URL of a log'],
    [['.'], {}, "Give the log's key"],
    [['ftp://log.example'], { key }, 'ftp://log.example: It is the URL'],
    [['nowhere'], { key }, 'There is no folder nowhere'],
    [['.'], { key, timeout: '0' }, '--timeout: It is a whole number'],
    [['.'], { key, maxAge: '300' }, '--max-age needs a witness'],
    [['.'], { policy: 'nowhere' }, '--policy: There is no file nowhere.'],
  ])('%j %j ends with 2 and says what is wrong', async (urls, options, complaint) => {
    expect(await monitor(urls, options)).toBe(2);
    expect(complained.mock.calls.flat().join()).toContain(complaint);
  });

  it('a state that is none is not taken for one', async () => {
    await mkdir(state);
    await writeFile(join(state, log.id.toString('hex')), 'something else');
    const { code, logs } = await run([await writeLog('log', grown(300))], { key });
    expect([code, logs[0]?.message]).toEqual([2, expect.stringContaining('is no checkpoint of this key')]);
  });
});
