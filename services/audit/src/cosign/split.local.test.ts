import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { rootOf } from '@fanfold/tlog/merkle';
import { decodeBundle, newTiles, tilePath } from '@fanfold/tlog/tile';
import { verify } from '@fanfold/verify/command';
import { monitor } from '@fanfold/verify/monitor';
import { serveWitness } from '@fanfold/witness-fake/server';
import { WitnessFake } from '@fanfold/witness-fake/witnessFake';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TileBuilder } from '../publish/tileBuilder.ts';
import { type Log, startLog } from './cosignFixtures.ts';

const { measured } = captureOutput();
const printed = vi.spyOn(console, 'log');
const complained = vi.spyOn(console, 'error');

let log: Log;
let folder: string;
beforeEach(async () => {
  for (const output of [printed, complained]) output.mockReset().mockReturnValue();
  log = await startLog();
  folder = await mkdtemp(join(tmpdir(), 'fanfold-split-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await log.stop();
  await rm(folder, { recursive: true });
});

type Files = Map<string, Uint8Array>;

const Bucket = () => process.env.AUDIT_LOG_BUCKET_NAME;

/** The log as its files are, and its checkpoint as readers get it. */
async function filesOf(size: number, now: Date): Promise<Files> {
  const files: Files = new Map();
  for (const Key of [...newTiles(0, size)].map(tilePath)) {
    const { Body } = await log.s3.send(new GetObjectCommand({ Bucket: Bucket(), Key }));
    files.set(Key, (await Body?.transformToByteArray()) ?? new Uint8Array());
  }
  return files.set('checkpoint', Buffer.from((await log.audit.publishedCheckpoint(now))?.note ?? ''));
}

/** Another history of as many entries and one more, in which one is another, signed with the log's own key. */
async function forkOf(files: Files, size: number): Promise<Files> {
  const entries = decodeBundle(files.get(`tile/entries/000.p/${size}`) as Uint8Array, size);
  const others = (n: number, changes: object) =>
    Buffer.from(JSON.stringify({ ...JSON.parse(String(Buffer.from(entries[n] as Uint8Array))), ...changes }));
  const builder = new TileBuilder(0, []);
  const forged = others(1, { commitment: Buffer.alloc(32, 1).toString('base64') });
  for (const entry of [
    ...entries.with(1, forged),
    others(2, { subject: Buffer.alloc(32, 2).toString('base64url') }),
  ])
    builder.add(entry);
  const fork: Files = new Map(builder.partial().map(({ tile, bytes }) => [tilePath(tile), bytes]));
  const note = await log.audit.signCheckpoint(builder.size, rootOf(builder.edge()));
  return fork.set('checkpoint', Buffer.from(note));
}

async function writeView(name: string, files: Files): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true });
    await writeFile(join(folder, name, path), bytes);
  }
  return join(folder, name);
}

it('a log that shows two histories is refused by its witness, which is a finding and an alarm, and by who follows both', async () => {
  const size = 3;
  let now = Date.now();
  const witness = new WitnessFake({ logKeys: [log.verifierKey], now: () => now });
  const served = await serveWitness(witness);
  try {
    vi.stubEnv('LOG_WITNESSES', `${served.url} ${witness.verifierKey}`);
    vi.stubEnv('LOG_QUORUM', '1');
    const ask = () => log.audit.askWitnesses(log.audit.stageWitnesses(), () => new Date(now));
    const policy = join(folder, 'policy');
    await writeFile(policy, `log ${log.verifierKey}\nwitness w1 ${witness.verifierKey}\nquorum w1\n`);
    const state = join(folder, 'state');
    const remember = join(folder, 'remembered');

    await log.grow(size);
    expect(await ask()).toMatchObject({ cosigned: 1 });
    const files = await filesOf(size, new Date(now));
    const shownToUs = await writeView('us', files);
    expect(await monitor([shownToUs], { policy, state })).toBe(0);
    expect(await verify(undefined, { log: shownToUs, key: [log.verifierKey], remember })).toBe(0);

    // Whoever has the log's key and the bucket shows others a log in which something else happened.
    const fork = await forkOf(files, size);
    for (const [Key, Body] of fork) await log.s3.send(new PutObjectCommand({ Bucket: Bucket(), Key, Body }));
    now += 60_000;
    expect(await ask()).toMatchObject({ asked: 1, refused: 1 });
    expect(witness.refused).toHaveLength(1);
    const { refusals, misfits } = await log.audit.checkLog();
    expect(refusals).toEqual([
      expect.stringContaining(
        'witness.example/w1 answered 422: the tree that it has cosigned is not the beginning',
      ),
    ]);
    // The log's own witness sees it too.
    expect(misfits.length).toBeGreaterThan(0);
    // The alarm goes off at one.
    log.audit.metrics.publishStoredMetrics();
    expect(measured().findLast((line) => 'WitnessRefused' in line)).toMatchObject({ WitnessRefused: 1 });

    // For a while readers still get what the quorum has cosigned, and then what only the log has signed.
    const noteAt = async (ms: number) => (await log.audit.publishedCheckpoint(new Date(ms)))?.note;
    expect(await noteAt(now)).toBe(String(files.get('checkpoint')));
    expect(await noteAt(now + 60_000)).toBe(String(fork.get('checkpoint')));

    const shownToOthers = await writeView('others', fork);
    // Who trusts the log alone, and sees one of them alone, cannot know.
    const alone = { key: [log.verifierKey], remember: join(folder, 'nothing') };
    expect(await verify(undefined, { log: shownToOthers, ...alone })).toBe(0);
    expect(await verify(undefined, { log: shownToOthers, policy, remember: join(folder, 'none') })).toBe(1);
    expect(complained.mock.lastCall?.[0]).toMatch(/quorum/);
    expect(await verify(undefined, { log: shownToOthers, key: [log.verifierKey], remember })).toBe(1);
    expect(printed.mock.lastCall?.[0]).toMatch(/the past was rewritten/);
    printed.mockClear();
    expect(await monitor([shownToUs, shownToOthers], { policy, state, json: true })).toBe(1);
    expect(JSON.parse(printed.mock.lastCall?.[0])).toMatchObject({
      status: 'unsound',
      logs: [
        { status: 'sound' },
        {
          status: 'unsound',
          findings: expect.arrayContaining([
            expect.objectContaining({ kind: 'quorum' }),
            expect.objectContaining({ kind: 'forked' }),
          ]),
          evidence: expect.stringMatching(/\.forked$/),
        },
      ],
    });
    expect(witness.sizeOf(log.origin)).toBe(size);
  } finally {
    await served.stop();
  }
});
