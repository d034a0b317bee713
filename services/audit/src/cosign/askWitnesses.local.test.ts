import { PutObjectCommand } from '@aws-sdk/client-s3';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { openCheckpoint } from '@fanfold/tlog/checkpoint';
import { parseProof } from '@fanfold/tlog/proof';
import type { Witnesses } from '@fanfold/tlog/witnesses';
import { serveWitness } from '@fanfold/witness-fake/server';
import { WitnessFake } from '@fanfold/witness-fake/witnessFake';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Log, startLog } from './cosignFixtures.ts';

const { logged, measured } = captureOutput();

let log: Log;
/** The clock of the log and of its witnesses. */
let now: number;
beforeEach(async () => {
  vi.unstubAllEnvs();
  now = Date.parse('2026-11-30T12:00:00Z');
  log = await startLog();
  await log.grow(2);
  return log.stop;
});

/** Starts so many witnesses, and has the stage name them. */
async function witnessedBy(count: number, quorum: number): Promise<WitnessFake[]> {
  const fakes = Array.from(
    { length: count },
    (_, i) =>
      new WitnessFake({
        name: `witness.example/w${i + 1}`,
        number: i + 1,
        logKeys: [log.verifierKey],
        now: () => now,
      }),
  );
  const served = await Promise.all(fakes.map((fake) => serveWitness(fake)));
  onTestFinished(async () => {
    await Promise.all(served.map(({ stop }) => stop()));
  });
  const parameter = served.map(({ url }, i) => `${url} ${fakes[i]?.verifierKey}`).join(',');
  vi.stubEnv('LOG_WITNESSES', parameter);
  vi.stubEnv('LOG_QUORUM', String(quorum));
  return fakes;
}

const collect = (witnesses: Witnesses = log.audit.stageWitnesses()) =>
  log.audit.askWitnesses(witnesses, () => new Date(now));
const minuteLater = () => {
  now += 60_000;
};
/** Who has signed what `GET /checkpoint` shows, and how large it is. */
async function shown(...fakes: WitnessFake[]) {
  const { note = '', size } = (await log.audit.publishedCheckpoint(new Date(now))) ?? {};
  const { signatures } = openCheckpoint(note, log.origin, [
    log.verifierKey,
    ...fakes.map((fake) => fake.verifierKey),
  ]);
  const outside = signatures.filter(({ name }) => name !== log.origin);
  return {
    size,
    lines: note.split('\n\n')[1]?.trimEnd().split('\n').length,
    by: outside.map(({ name }) => name),
  };
}
const measuredLag = () => {
  log.audit.metrics.publishStoredMetrics();
  // What was measured several times since is a list.
  return [measured().findLast((line) => 'WitnessLag' in line)?.WitnessLag].flat().at(-1);
};

describe('the cosignatures of witnesses outside', () => {
  it('are asked for with a proof from what each has cosigned, and shown with the checkpoint and in proofs', async () => {
    const [one, two] = (await witnessedBy(2, 2)) as [WitnessFake, WitnessFake];
    expect(await shown()).toMatchObject({ size: 2, lines: 2 });
    expect(await collect()).toEqual({ asked: 2, cosigned: 2, refused: 0, unavailable: 0 });
    expect(await shown(one, two)).toEqual({
      size: 2,
      lines: 4,
      by: ['witness.example/w1', 'witness.example/w2'],
    });
    const [id = ''] = await log.grow(3);
    minuteLater();
    expect(await collect()).toMatchObject({ cosigned: 2 });
    expect(one.requests.map((request) => request.split('\n')[0])).toEqual(['old 0', 'old 2']);
    expect(await shown(one, two)).toMatchObject({ size: 5, lines: 4 });
    const openable = await log.audit.loadOpenable('acme', id);
    const proof = openable && (await log.audit.proofOf(openable, new Date(now)));
    expect(parseProof(proof ?? '').checkpoint).toContain('— witness.example/w2 ');
    expect(measuredLag()).toBe(0);
    expect(logged()).toEqual([]);
  });

  it('are asked for again when the log publishes the same again, and not before', async () => {
    const [one] = (await witnessedBy(1, 1)) as [WitnessFake];
    await collect();
    expect(await collect()).toEqual({ asked: 0, cosigned: 0, refused: 0, unavailable: 0 });
    minuteLater();
    // S3 tells whole seconds.
    await vi.waitUntil(async () => {
      await log.audit.publishLog('clock');
      return (await collect()).cosigned === 1;
    }, 10_000);
    const { note = '' } = (await log.audit.publishedCheckpoint(new Date(now))) ?? {};
    const { signatures } = openCheckpoint(note, log.origin, [log.verifierKey, one.verifierKey]);
    expect(signatures.map(({ timestamp }) => timestamp)).toEqual([undefined, BigInt(now / 1000)]);
    expect(one.requests.at(-1)).toMatch(/^old 2\n\n/);
  });

  it('are asked for from where the witness is, when it has cosigned more than we know, or less', async () => {
    const [one] = (await witnessedBy(1, 1)) as [WitnessFake];
    one.fault = 'silent';
    vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(
      AbortSignal.abort(new DOMException('', 'TimeoutError')),
    );
    expect(await collect()).toMatchObject({ unavailable: 1 });
    one.fault = 'wrong-signature';
    minuteLater();
    // It has stored the checkpoint, and we have no cosignature of it.
    expect(await collect()).toMatchObject({ refused: 1 });
    one.fault = undefined;
    now += 3_600_000;
    await log.grow(3);
    expect(await collect()).toMatchObject({ cosigned: 1 });
    expect(one.requests.slice(-2).map((request) => request.split('\n')[0])).toEqual(['old 0', 'old 2']);
    one.forget(log.origin);
    await log.grow(1);
    expect(await collect()).toMatchObject({ cosigned: 1 });
    expect(one.requests.slice(-2).map((request) => request.split('\n')[0])).toEqual(['old 5', 'old 0']);
    expect((await shown(one)).by).toEqual(['witness.example/w1']);
  });

  it('are lost by no run beside another, and the later one stays', async () => {
    const [one, two] = (await witnessedBy(2, 2)) as [WitnessFake, WitnessFake];
    const { list } = log.audit.stageWitnesses();
    await Promise.all([
      collect({ list: list.slice(0, 1), quorum: 1 }),
      collect({ list: list.slice(1), quorum: 1 }),
      collect(),
    ]);
    expect((await shown(one, two)).by).toEqual(['witness.example/w1', 'witness.example/w2']);
    const before = await log.audit.loadCosignatures();
    const [[id = '', asked] = []] = before.asked;
    const collected = asked?.collected;
    if (!collected) throw new Error('nothing was collected');
    const time = new Date(now).toISOString();
    for (const older of [{ size: 1 }, { timestamp: collected.timestamp - 1 }]) {
      expect(await log.audit.saveCollected(id, { ...collected, ...older }, time)).toBe(false);
    }
    expect(await log.audit.saveQuorate({ ...before.quorate, size: 1 } as never)).toBe(false);
    expect(await log.audit.loadCosignatures()).toEqual(before);
  });

  it('are kept by the checkpoint that a quorum cosigned, until a newer one has it or it is too old', async () => {
    const [one, two] = (await witnessedBy(2, 2)) as [WitnessFake, WitnessFake];
    await collect();
    await log.grow(3);
    two.fault = 'answered-500';
    minuteLater();
    expect(await collect()).toMatchObject({ cosigned: 1, unavailable: 1 });
    expect(await shown(one, two)).toMatchObject({ size: 2, lines: 4 });
    now += 31_000;
    expect(await shown(one, two)).toEqual({ size: 5, lines: 3, by: ['witness.example/w1'] });
    expect(measuredLag()).toBe(60);
    two.fault = undefined;
    await collect();
    expect(await shown(one, two)).toMatchObject({ size: 5, lines: 4 });
  });

  it('are those of witnesses that the stage names now', async () => {
    const [one, two] = (await witnessedBy(2, 2)) as [WitnessFake, WitnessFake];
    await collect();
    const [first = ''] = String(process.env.LOG_WITNESSES).split(',');
    vi.stubEnv('LOG_WITNESSES', first);
    vi.stubEnv('LOG_QUORUM', '1');
    expect((await shown(one, two)).by).toEqual(['witness.example/w1']);
    vi.stubEnv('LOG_WITNESSES', '');
    vi.stubEnv('LOG_QUORUM', '');
    expect(await shown(one, two)).toEqual({ size: 2, lines: 2, by: [] });
  });
});

describe('a witness', () => {
  it.each([
    ['wrong-signature', 'answered 200 without a cosignature of the checkpoint by its key'],
    ['other-key', 'answered 200 without a cosignature of the checkpoint by its key'],
    ['future', 'cosigned at 1796043600, which is in the future'],
    ['endless', 'answered more than 16384 bytes'],
    ['redirect', 'answered 307'],
  ] as const)('that is hostile adds nothing, and is a finding: %s', async (fault, detail) => {
    const [bad, good] = (await witnessedBy(2, 1)) as [WitnessFake, WitnessFake];
    bad.fault = fault;
    expect(await collect()).toEqual({ asked: 2, cosigned: 1, refused: 1, unavailable: 0 });
    expect(await shown(bad, good)).toEqual({ size: 2, lines: 3, by: ['witness.example/w2'] });
    expect((await log.audit.checkLog()).refusals).toEqual([`witness.example/w1 ${detail}`]);
    expect(logged()).toMatchObject([
      { level: 'ERROR', message: 'witness refused', witness: 'witness.example/w1' },
    ]);
    log.audit.metrics.publishStoredMetrics();
    expect(measured()).toContainEqual(expect.objectContaining({ WitnessRefused: 1, WitnessLag: 0 }));
  });

  it('that adds lines of others adds its own one alone', async () => {
    const [one] = (await witnessedBy(1, 1)) as [WitnessFake];
    one.fault = 'more-lines';
    expect(await collect()).toMatchObject({ cosigned: 1 });
    expect(await shown(one)).toEqual({ size: 2, lines: 3, by: ['witness.example/w1'] });
  });

  it.each(['answered-500', 'silent'] as const)(
    'that is away is asked again after pauses that grow, and counts in the metric: %s',
    async (fault) => {
      const [one] = (await witnessedBy(1, 1)) as [WitnessFake];
      one.fault = fault;
      const asked: number[] = [];
      for (let minute = 0; minute < 40; minute++) {
        // Not the five seconds that it is waited for.
        vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(
          AbortSignal.abort(new DOMException('', 'TimeoutError')),
        );
        if ((await collect()).unavailable === 1) asked.push(minute);
        vi.mocked(AbortSignal.timeout).mockRestore();
        minuteLater();
      }
      expect(asked).toEqual([0, 1, 3, 7, 15, 30]);
      expect(measuredLag()).toBe(39 * 60);
      expect(await shown(one)).toEqual({ size: 2, lines: 2, by: [] });
      expect((await log.audit.checkLog()).refusals).toEqual([]);
      one.fault = undefined;
      now += 15 * 60_000;
      expect(await collect()).toMatchObject({ cosigned: 1 });
      expect(measuredLag()).toBe(0);
    },
  );

  it('that does not know the log, or its key, is a finding until it does', async () => {
    const [, two] = (await witnessedBy(2, 1)) as [WitnessFake, WitnessFake];
    vi.stubEnv('LOG_WITNESSES', String(process.env.LOG_WITNESSES).split(',')[1]);
    const known = vi.spyOn(two, 'addCheckpoint');
    for (const [status, says] of [
      [404, 'it does not know this log'],
      [403, 'it trusts none of the keys'],
      [400, 'it does not understand the request'],
    ] as const) {
      known.mockReturnValueOnce({ status, headers: {}, body: '' });
      expect(await collect()).toMatchObject({ refused: 1 });
      expect((await log.audit.checkLog()).refusals).toEqual([
        expect.stringContaining(`witness.example/w2 answered ${status}: ${says}`),
      ]);
      now += 3_600_000;
    }
    expect(await collect()).toMatchObject({ cosigned: 1 });
    expect((await log.audit.checkLog()).refusals).toEqual([]);
  });

  it('whose 409 has no size, or its own one, refuses another tree of this size, as the older text says it', async () => {
    const [one] = (await witnessedBy(1, 1)) as [WitnessFake];
    const size = { 'content-type': 'text/x.tlog.size' };
    for (const [headers, body, says] of [
      [{}, 'the trees differ', 'answered 409 without the size'],
      [size, '-1\n', 'answered 409 without the size'],
      [size, '0\n', 'answered 409 to its own size 0'],
    ] as const) {
      vi.spyOn(one, 'addCheckpoint').mockReturnValueOnce({ status: 409, headers: { ...headers }, body });
      expect(await collect()).toMatchObject({ refused: 1 });
      expect((await log.audit.checkLog()).refusals).toEqual([expect.stringContaining(says)]);
      now += 3_600_000;
    }
    // Once more and no more, whatever it answers.
    vi.spyOn(one, 'addCheckpoint').mockImplementation((body) => {
      one.requests.push(body);
      return { status: 409, headers: size, body: `${one.requests.length}\n` };
    });
    expect(await collect()).toMatchObject({ unavailable: 1 });
    expect(one.requests).toHaveLength(2);
  });

  it('that has cosigned more than is published is a finding, unless more is published meanwhile', async () => {
    await witnessedBy(1, 1);
    const before = (await log.audit.publishedCheckpoint(new Date(now)))?.note;
    await log.grow(3);
    await collect();
    const note = (await log.audit.publishedCheckpoint(new Date(now)))?.note;
    const put = (Body = '') =>
      log.s3.send(
        new PutObjectCommand({ Bucket: process.env.AUDIT_LOG_BUCKET_NAME, Key: 'checkpoint', Body }),
      );
    await put(before);
    expect(await collect()).toMatchObject({ refused: 1 });
    expect((await log.audit.checkLog()).refusals).toEqual([
      expect.stringContaining('has cosigned 5 entries, and 2 are published'),
    ]);
    now += 3_600_000;
    const ask = globalThis.fetch;
    vi.spyOn(globalThis, 'fetch').mockImplementationOnce(async (...request) => {
      await put(note);
      return ask(...request);
    });
    expect(await collect()).toEqual({ asked: 1, cosigned: 0, refused: 0, unavailable: 0 });
  });
});

it('a log without a checkpoint is shown to nobody', async () => {
  await log.stop();
  log = await startLog();
  const [one] = (await witnessedBy(1, 1)) as [WitnessFake];
  expect(await collect()).toMatchObject({ asked: 0 });
  expect(one.requests).toEqual([]);
});
