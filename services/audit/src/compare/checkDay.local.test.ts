import type { Event } from '@fanfold/contracts/event';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { comparedForMs, graceMs } from '@fanfold/runtime/finding';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as consumer } from '../functions/consumer.ts';
import { provideLog } from '../provisionFixtures.ts';
import { dayClosed, receivedOf } from '../record/receivedFixtures.ts';
import { load } from '../store/events.ts';
import { loadFinding } from '../store/findings.ts';
import { find } from '../store/queries.ts';

let emulators: Emulators;
const { measured, logged } = captureOutput();

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideLog(emulators.endpoints);
});
afterAll(() => emulators?.stop());

beforeEach(() => {
  // Events are recorded on the day that they tell of, unless it is another.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-23T12:00:00Z') });
  return () => vi.useRealTimers();
});
const at = (time: string) => vi.setSystemTime(new Date(time));

/** Delivers events in one batch that came first so long ago, and says which of them come again. */
async function deliver(events: Event[], waitedMs = comparedForMs): Promise<string[]> {
  const attributes = {
    ApproximateReceiveCount: '1',
    ApproximateFirstReceiveTimestamp: String(Date.now() - waitedMs),
  };
  const Records = events.map((event) => ({
    messageId: event.id,
    body: JSON.stringify(event),
    attributes,
    messageAttributes: {},
  }));
  const { batchItemFailures } = await consumer({ Records } as never, contextWith());
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

const canceled = (merchantid: string, subject: string, n: number, time = '2026-11-23T10:00:00.000Z') =>
  receivedOf(subject, n, { merchantid, time }).event;
const gapsFound = () => measured().reduce((sum, line) => sum + Number(line.EventsMissing ?? 0), 0);
const findingOf = (merchantId: string) => loadFinding(merchantId, '2026-11-23');

describe('a closed day', () => {
  it('that is complete is recorded and done at once, with what came in the same batch', async () => {
    const closed = dayClosed({ 'payment.canceled.v1': 2 }, 'whole');
    at('2026-11-24T00:15:01Z');
    const events = [canceled('whole', 'pay_1', 2), closed, canceled('whole', 'pay_1', 1)];
    expect(await deliver(events, 0)).toEqual([]);
    expect(await load('whole', closed.id)).toBeDefined();
    expect(await findingOf('whole')).toBeUndefined();
    expect(gapsFound()).toBe(0);
  });

  it('whose last event is late comes again until that is here, and holds up nothing beside it', async () => {
    const closed = dayClosed({ 'payment.canceled.v1': 2 }, 'late');
    at('2026-11-24T00:15:01Z');
    expect(await deliver([closed, canceled('late', 'pay_1', 1)], 0)).toEqual([closed.id]);
    expect(await load('late', 'pay_1:1')).toBeDefined();
    await deliver([canceled('late', 'pay_2', 1)]);
    expect(await deliver([closed])).toEqual([]);
    expect(await findingOf('late')).toBeUndefined();
  });

  it('of which an event is lost is found by its number, measured, and mended when it is sent again', async () => {
    const closed = dayClosed({ 'payment.canceled.v1': 3 }, 'lost');
    await deliver([canceled('lost', 'pay_1', 1), canceled('lost', 'pay_1', 3)]);
    at('2026-11-24T00:15:01Z');
    expect(await deliver([closed])).toEqual([]);
    expect(gapsFound()).toBe(1);
    const finding = await findingOf('lost');
    expect(finding).toMatchObject({
      n: 1,
      difference: {
        counts: { 'payment.canceled.v1': { expected: 3, found: 2 } },
        missing: ['pay_1:2'],
        missingCount: 1,
      },
      mendedAt: null,
    });
    expect(await deliver([closed])).toEqual([]);
    expect(await findingOf('lost')).toEqual(finding);

    at('2026-12-01T08:00:00Z');
    await deliver([canceled('lost', 'pay_1', 2)]);
    expect(await deliver([closed], 0)).toEqual([]);
    expect(await findingOf('lost')).toEqual({ ...finding, mendedAt: '2026-12-01T08:00:00.000Z' });
    expect(logged().at(-1)).toMatchObject({ message: 'gap mended', merchantId: 'lost' });
  });

  it('that outlasts the grace in an outage is found, and mended without anybody when its events come', async () => {
    const closed = dayClosed({ 'payment.canceled.v1': 2 }, 'outlasted');
    at('2026-11-24T02:15:01Z');
    expect(await deliver([closed, canceled('outlasted', 'pay_1', 1)], graceMs)).toEqual([closed.id]);
    expect(await findingOf('outlasted')).toMatchObject({ n: 1, mendedAt: null });
    expect(await deliver([closed], comparedForMs - 1_800_000)).toEqual([closed.id]);
    expect(gapsFound()).toBe(1);
    await deliver([canceled('outlasted', 'pay_1', 2)]);
    expect(await deliver([closed], comparedForMs - 60_000)).toEqual([]);
    expect(await findingOf('outlasted')).toMatchObject({ n: 1, mendedAt: expect.any(String) });
  });

  it('knows the events of its subjects on earlier days, and finds those that are missing', async () => {
    const before = '2026-11-20T10:00:00.000Z';
    at(before);
    await deliver([canceled('earlier', 'pay_1', 1, before), canceled('earlier', 'pay_2', 1, before)]);
    at('2026-11-24T00:15:01Z');
    await deliver([canceled('earlier', 'pay_1', 2), canceled('earlier', 'pay_2', 3)]);
    await deliver([dayClosed({ 'payment.canceled.v1': 2 }, 'earlier')]);
    expect(await findingOf('earlier')).toMatchObject({
      difference: { counts: {}, missing: ['pay_2:2'], missingCount: 1 },
    });
  });

  it('of one merchant is not compared with the events of another', async () => {
    await deliver([canceled('left', 'pay_1', 1)]);
    await deliver([dayClosed({ 'payment.canceled.v1': 1 }, 'right')]);
    expect(await findingOf('right')).toMatchObject({ difference: { missingCount: 0 } });
    expect(await findingOf('left')).toBeUndefined();
  });
});

it('what was found is no event: no list, id or merchant’s name leads to it', async () => {
  await deliver([dayClosed({ 'payment.canceled.v1': 1 }, 'hidden')]);
  expect(await findingOf('hidden')).toBeDefined();
  const { items } = await find('hidden', { limit: 100 }, () => false);
  expect(items).toHaveLength(1);
  for (const subject of ['hidden', 'finding:hidden', 'gap_2026-11-23_hidden']) {
    for (const merchantId of ['hidden', 'finding']) {
      expect((await find(merchantId, { limit: 100, subject }, () => false)).items).toEqual([]);
    }
  }
});
