import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as waitFor } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FunctionPool } from './functionPool.ts';

const module = new URL('../../fixtures/handlers.ts', import.meta.url).href;
const handlers = [
  'tell',
  'throwAnError',
  'throwAString',
  'compute',
  'writeAndCompute',
  'exit',
  'rejectBehindTheRun',
  'rejectAfterTheRun',
  'answerNothing',
];

type Settings = {
  timeoutMs?: number;
  idleMs?: number;
  loadMs?: number;
  compileCache?: string;
  inBackground?: boolean;
};

function start({ timeoutMs = 5_000, ...options }: Settings = {}) {
  const lines: string[] = [];
  const functions = handlers.map((handler) => ({
    name: handler,
    handler,
    module,
    timeoutMs,
    memoryMb: 512,
    environment: { HANDLER: handler },
  }));
  const neverLoads = new URL('../../fixtures/neverLoads.ts', import.meta.url).href;
  functions.push({ ...(functions[0] as (typeof functions)[0]), name: 'neverLoads', module: neverLoads });
  const pool = new FunctionPool({ functions, onLine: (line) => lines.push(line), ...options });
  onTestFinished(() => pool.stop());
  const tell = async (event = {}) =>
    (await pool.invoke('tell', event)) as { runs: number; remainingMs: number; environment: object };
  return { pool, lines, tell };
}

test('a function is told who it is, and has the variables of its template and no others', async () => {
  const { tell } = start();
  expect(await tell()).toEqual({
    runs: 1,
    functionName: 'tell',
    remainingMs: expect.closeTo(5_000, -3),
    environment: { HANDLER: 'tell' },
  });
});

test('an instance takes one invocation at a time, and the next one when it has ended', async () => {
  const { tell } = start();
  expect([(await tell()).runs, (await tell()).runs]).toEqual([1, 2]);
});

test('invocations that wait for something get more instances, ten at most', async () => {
  const { tell } = start({ timeoutMs: 30_000 });
  const answers = await Promise.all(Array.from({ length: 60 }, () => tell({ waitMs: 200 })));
  const instances = answers.filter(({ runs }) => runs === 1).length;
  expect(instances).toBeGreaterThan(1);
  expect(instances).toBeLessThanOrEqual(10);
}, 60_000);

test('a pool whose neighbours keep the processors busy starts no more instances, and one whose neighbours wait does', async () => {
  const neighbours = Array.from({ length: availableParallelism() }, () => start({ timeoutMs: 30_000 }).pool);
  const { tell } = start({ timeoutMs: 30_000 });
  const instancesFor = async (count: number) =>
    (await Promise.all(Array.from({ length: count }, () => tell({ waitMs: 100 })))).filter(
      ({ runs }) => runs === 1,
    ).length;
  await tell();
  const computing = neighbours.map((pool) => pool.invoke('compute', {}));
  const ended = Promise.allSettled(computing);
  expect(await instancesFor(20)).toBe(0);
  await Promise.all(neighbours.map((pool) => pool.stop()));
  await ended;
  expect(await instancesFor(20)).toBeGreaterThan(0);
}, 60_000);

test('what an instance compiled of its modules is left for those after it', async () => {
  const compileCache = await mkdtemp(join(tmpdir(), 'fanfold-compiled-'));
  onTestFinished(() => rm(compileCache, { recursive: true }));
  const { pool, tell } = start({ compileCache });
  expect(await tell()).toMatchObject({ environment: { HANDLER: 'tell' } });
  await pool.stop();
  expect(await readdir(compileCache, { recursive: true })).not.toEqual([]);
});

test.each([
  ['throwAnError', 'throwAnError: RangeError: thrown', 'RangeError'],
  ['throwAString', 'throwAString: thrown', 'string'],
])('%s is reported as Lambda does', async (name, message, errorType) => {
  const { pool } = start();
  await expect(pool.invoke(name, {})).rejects.toMatchObject({
    name: 'FunctionError',
    message,
    failure: { errorType },
  });
});

test('a function that takes too long is ended, also when it computes, and the next invocation has a new instance', async () => {
  const { pool, tell } = start({ timeoutMs: 300 });
  expect((await tell()).runs).toBe(1);
  await expect(pool.invoke('compute', {})).rejects.toThrow('Task timed out after 0.30 seconds');
  await expect(tell({ waitMs: 2_000 })).rejects.toThrow('Task timed out');
  expect((await tell()).runs).toBe(1);
});

test('what a function writes is shown line by line, also what it wrote before it computes without end', async () => {
  const { pool, lines } = start({ timeoutMs: 300 });
  await expect(pool.invoke('writeAndCompute', {})).rejects.toThrow('Task timed out');
  expect(lines).toEqual(['in parts', 'of an error', 'on several', 'lines']);
});

test('a function whose module never loads is ended, and others go on', async () => {
  const { pool, tell } = start({ timeoutMs: 500, loadMs: 1_500 });
  await expect(pool.invoke('neverLoads', {})).rejects.toThrow('Loading timed out after 2.00 seconds');
  expect((await tell()).runs).toBe(1);
});

test('what waits when the pool stops is refused, and nothing starts any more', async () => {
  const { pool, tell } = start();
  await tell();
  const all = Promise.allSettled([tell({ waitMs: 10_000 }), tell(), tell(), tell()]);
  await pool.stop();
  const [ended, ...refused] = [...(await all), ...(await Promise.allSettled([tell()]))];
  expect(ended).toMatchObject({ status: 'rejected', reason: { name: 'FunctionError' } });
  for (const each of refused) expect(each).toMatchObject({ reason: { message: 'The service stops.' } });
});

test.each([
  ['exit', 'Runtime exited with status 3'],
  ['rejectBehindTheRun', 'rejected behind the run'],
])('a function that dies (%s) fails its own run only, at once', async (name, message) => {
  const { pool, tell } = start();
  await tell();
  const startedAt = performance.now();
  const [failed, next] = await Promise.allSettled([pool.invoke(name, {}), tell()]);
  expect(failed).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining(message) } });
  expect(next).toMatchObject({ status: 'fulfilled', value: { runs: 1 } });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('an instance that dies after its run is not used again', async () => {
  const { pool, lines, tell } = start();
  await tell();
  expect(await pool.invoke('rejectAfterTheRun', {})).toBeNull();
  await vi.waitUntil(() => lines.includes('ERROR Error: rejected after the run'), 10_000);
  expect((await tell()).runs).toBe(1);
});

test('after a reload functions run from new instances, and what runs goes on to its end', async () => {
  const { pool, tell } = start();
  await tell();
  const running = tell({ waitMs: 300 });
  pool.reload();
  expect((await tell()).runs).toBe(1);
  expect((await running).runs).toBe(2);
});

test('a run in the background waits for those in other pools to end, and not for longer than a second', async () => {
  const [other, { tell }] = [start(), start({ inBackground: true })];
  await Promise.all([other.tell(), tell()]);
  const ends: string[] = [];
  const runs = (run: Promise<unknown>, name: string) => run.then(() => ends.push(name));
  await Promise.all([runs(other.tell({ waitMs: 500 }), 'short'), runs(tell(), 'behind short')]);
  await Promise.all([runs(other.tell({ waitMs: 3_000 }), 'long'), runs(tell(), 'before the end of long')]);
  expect(ends).toEqual(['short', 'behind short', 'before the end of long', 'long']);
});

test('what waits in the background when the pool stops is refused', async () => {
  const [other, { pool, tell }] = [start(), start({ inBackground: true })];
  await tell();
  const running = other.tell({ waitMs: 500 });
  const refused = Promise.allSettled([tell(), tell()]);
  await pool.stop();
  const reason = { message: 'The service stops.' };
  expect(await refused).toMatchObject([
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ]);
  await running;
});

test('in the background an instance ends when it is idle, and the next invocation has a new one', async () => {
  const { tell } = start({ inBackground: true, idleMs: 100 });
  expect([(await tell()).runs, (await tell()).runs]).toEqual([1, 2]);
  await vi.waitUntil(async () => {
    await waitFor(300);
    return (await tell()).runs === 1;
  }, 20_000);
}, 40_000);

test('instances that nobody needs end, but for one', async () => {
  const { tell } = start({ idleMs: 100 });
  const many = () => Promise.all(Array.from({ length: 20 }, () => tell({ waitMs: 200 })));
  await many();
  await vi.waitUntil(async () => {
    const first = await tell();
    await waitFor(300);
    return first.runs > 1 && (await many()).some(({ runs }) => runs === 1);
  }, 20_000);
}, 40_000);

test('nothing, an unknown name, and a handler that is not there', async () => {
  const { pool } = start();
  expect(await pool.invoke('answerNothing', {})).toBeNull();
  await expect(pool.invoke('nobody', {})).rejects.toThrow('There is no function nobody.');
});
