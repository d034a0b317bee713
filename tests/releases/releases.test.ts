import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deadLettersOf, queues, Wire } from '../wire.ts';
import { type Shown, type StoredStack, stackOf, startWorld, type World } from './world.ts';

const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.jsonl'));
const lastRelease = JSON.parse(
  await readFile(join(import.meta.dirname, '../../scripts/release/lastRelease.json'), 'utf8'),
) as { version: string };

test('the last release left a stack', () => {
  expect(files).toContain(`${lastRelease.version}.jsonl`);
});

describe.each(files)('on what a release left, %s,', (file) => {
  let stored: StoredStack;
  let world: World;
  let folder: string;
  let signed: number;
  captureLog();

  beforeAll(async () => {
    stored = stackOf(await readFile(join(import.meta.dirname, file), 'utf8'));
    folder = await mkdtemp(join(tmpdir(), 'fanfold-release-'));
    // As a stack of today begins a folder, but with the keys of then.
    await writeFile(join(folder, 'fanfold.json'), JSON.stringify({ format: 1, version: stored.version }));
    await writeFile(join(folder, 'kms.json'), JSON.stringify(stored.kms));
    world = await startWorld(folder);
    await world.load(stored);
  });

  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true });
  });

  test('everything is shown as it was', async () => {
    expect(await world.shown()).toMatchObject(stored.shown);
  });

  test('everything that was published is published again, and nothing is there twice', async () => {
    // What was loaded stands in the streams: to the publishers all of it is new.
    await world.connect();
    await world.idle();
    await world.publishAgain(stored.date, stored.shown.events);
    await world.idle();
    expect(await world.shown()).toMatchObject(stored.shown);
    signed = await world.publishLog();
    expect(signed).toBe(stored.shown.events.length);
  });

  test('requests of then are known, and payments of then go on', async () => {
    const { client } = world;
    const [last] = stored.shown.payments as { id: string }[];
    const again = await client.pay({ orderId: 'order-5', currency: 'JPY', amount: 500 }, 'pay-5');
    expect(again).toMatchObject({
      status: 201,
      headers: { 'Idempotent-Replayed': 'true' },
      body: { id: last?.id },
    });
    expect((await client.refund(again.body.id, { amount: 200 }, 'refund-5')).status).toBe(201);
    expect((await client.pay({ orderId: 'order-6' }, 'pay-6')).body.status).toBe('captured');
    await world.idle();
    const shown = await world.shown();
    expect(counts(shown)).toEqual({
      payments: stored.shown.payments.length + 1,
      invoices: stored.shown.invoices.length + 1,
      creditNotes: stored.shown.creditNotes.length + 1,
      // Refunded, captured, an invoice and a credit note with a PDF each, and no PDF of a document from before.
      events: stored.shown.events.length + 6,
    });
    // The log goes on from what was signed then.
    expect(await world.publishLog()).toBe(signed + 6);
  });

  test('all of it is published again, and nothing is there twice, no number either', async () => {
    const before = await world.shown();
    await world.publishAgain(stored.date, before.events);
    await world.publishAgain(new Date().toISOString().slice(0, 10), []);
    await world.idle();
    expect(await world.shown()).toEqual(before);
    for (const documents of [before.invoices, before.creditNotes]) {
      expect(new Set(documents.map(({ number }) => number)).size).toBe(documents.length);
    }
    const wire = new Wire(world.service.endpoints.aws);
    for (const queue of Object.values(queues)) expect(await wire.depth(deadLettersOf(queue))).toBe(0);
  });
});

const counts = (shown: Shown) =>
  Object.fromEntries(Object.entries(shown).map(([name, all]) => [name, all.length]));
