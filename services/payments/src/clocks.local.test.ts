import type { Event } from '@fanfold/contracts/event';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { provider } from '#provider';
import { type Client, type Service, startService } from '../fixtures/service.ts';
import { create } from './payment/lifecycle.ts';
import type { Payment } from './payment/payment.ts';
import { paymentRequest } from './payment/paymentFixtures.ts';
import { perform } from './providers/gateway.ts';
import type { Instruction } from './providers/provider.ts';
import { insert, load } from './store/payments.ts';

let service: Service;
captureLog();

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());

/** The clock that all code of the service reads; timers go on as usual. It never goes back. */
const at = (time: string) => vi.setSystemTime(new Date(time));
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const days = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
});
afterEach(() => {
  vi.useRealTimers();
});

let merchants = 0;
const newClient = (): Promise<Client> => service.clientOf(`merchant-${merchants++}`);

const operationsOf = async (paymentId: string) =>
  (await service.providerRecords(paymentId))
    .map(({ operation, outcome }) => `${operation} ${outcome.result}`)
    .sort();

/** A payment whose function ended after it wrote what it was about to ask the provider for. */
async function interrupted(n: number, changes: Partial<typeof paymentRequest> = {}): Promise<Payment> {
  const now = new Date();
  const id = `pay_${String(n).padStart(32, '0')}`;
  const { payment, eventNumbers } = create(
    { ...paymentRequest, ...changes },
    { id, merchantId: 'interrupted', fingerprint: 'f' },
    {
      now,
      trace: { correlationid: id, causationid: id, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` },
      runsUntil: new Date(now.getTime() + 15_000).toISOString(),
    },
  );
  await insert({ payment, eventNumbers });
  return payment;
}
const automatic = { captureMethod: 'automatic' } as const;
const now = (payment: Payment) => load(payment.merchantId, payment.id);
const instruction = ({
  id,
  merchantId,
  amount,
  currency,
  paymentMethod,
  createdAt,
}: Payment): Instruction => ({
  ...{ key: id, operation: 'charge', paymentId: id, merchantId, paymentMethod, amount, currency },
  askedAt: createdAt,
});

describe('The janitor finds out what came of', () => {
  test('a payment that took effect although the provider never answered, and one that it never took', async () => {
    const client = await newClient();
    const [charged, lost] = await Promise.all([
      client.pay({ paymentMethod: 'pm_card_timeout' }, 'charged'),
      client.pay({ paymentMethod: 'pm_card_timeout_lost' }, 'lost'),
    ]);
    expect([charged.body.status, lost.body.status]).toEqual(['processing', 'processing']);
    expect(await service.tick('janitor')).toMatchObject({ done: 2, failed: 0 });

    const { body: captured } = await client.show(charged.body.id);
    expect(captured).toMatchObject({ status: 'captured', amountCaptured: 12_100 });
    expect(await operationsOf(captured.id)).toEqual(['charge succeeded']);
    const { body: failed } = await client.show(lost.body.id);
    expect(failed).toMatchObject({
      status: 'failed',
      failure: { code: 'provider_timeout', declineCode: null },
      amountCaptured: 0,
    });

    // Both requests were answered with 201 before, and are again, with the payment as it is now.
    const replayed = { status: 201, headers: { 'Idempotent-Replayed': 'true' } };
    expect(await client.pay({ paymentMethod: 'pm_card_timeout' }, 'charged')).toMatchObject({
      ...replayed,
      body: captured,
    });
    expect(await client.pay({ paymentMethod: 'pm_card_timeout_lost' }, 'lost')).toMatchObject({
      ...replayed,
      body: failed,
    });
  });

  test('a payment that waited for its customer, one that was pending, and a refund that failed', async () => {
    const client = await newClient();
    const { status, body: waiting } = await client.pay({ paymentMethod: 'pm_card_authentication_required' });
    expect({ status, body: waiting }).toMatchObject({
      status: 201,
      body: {
        status: 'processing',
        nextAction: { type: 'redirect_to_url', url: `https://sandbox.example/authenticate/${waiting.id}` },
      },
    });
    const { body: pending } = await client.pay({ paymentMethod: 'pm_card_pending' });
    expect(pending).toMatchObject({ status: 'processing', nextAction: null });
    const { body: paid } = await client.pay({ paymentMethod: 'pm_card_refund_fails' });
    await client.refund(paid.id, { amount: 100 });
    expect((await client.show(paid.id)).body.refunds).toMatchObject([{ status: 'pending' }]);
    later(5000);
    await service.tick('janitor');
    for (const { id } of [waiting, pending])
      expect((await client.show(id)).body).toMatchObject({ status: 'captured', nextAction: null });
    expect((await client.show(paid.id)).body).toMatchObject({
      amountRefunded: 0,
      refunds: [{ status: 'failed', failure: { code: 'refund_failed' } }],
    });
  });

  test('authorizations, a capture, a cancellation and a refund', async () => {
    const client = await newClient();
    const authorize = () => client.pay({ paymentMethod: 'pm_card_timeout', captureMethod: 'manual' });
    const [one, other] = (await Promise.all([authorize(), authorize()])).map(({ body }) => body.id) as [
      string,
      string,
    ];
    await service.tick('janitor');
    expect((await client.show(one)).body.status).toBe('authorized');

    const asked = await Promise.all([
      client.capture(one, { amount: 5000 }),
      client.cancel(other, { reason: 'out of stock' }),
    ]);
    expect(asked.map(({ body }) => body.status)).toEqual(['processing', 'processing']);
    await service.tick('janitor');
    expect((await client.show(one)).body).toMatchObject({ status: 'captured', amountCaptured: 5000 });
    expect((await client.show(other)).body).toMatchObject({
      status: 'canceled',
      cancellationReason: 'out of stock',
    });

    const { status, body } = await client.refund(one, { amount: 100 }, 'key');
    expect({ status, body }).toMatchObject({ status: 201, body: { status: 'pending' } });
    expect((await client.show(one)).body).toMatchObject({
      amountRefunded: 0,
      refunds: [{ status: 'pending' }],
    });
    expect((await client.refund(one, { amount: 4901 })).body.code).toBe('refund_exceeds_captured');
    await service.tick('janitor');
    expect((await client.show(one)).body).toMatchObject({
      amountRefunded: 100,
      refunds: [{ status: 'succeeded' }],
    });
    expect(await client.refund(one, { amount: 100 }, 'key')).toMatchObject({
      status: 201,
      body: { status: 'succeeded' },
      headers: { 'Idempotent-Replayed': 'true' },
    });
    expect(await operationsOf(one)).toEqual(['authorize succeeded', 'capture succeeded', 'refund succeeded']);
  });

  test('a function that ended before it asked the provider: nothing, and the provider will never take it', async () => {
    const payment = await interrupted(1);
    later(16_000);
    await service.tick('janitor');
    expect(await now(payment)).toMatchObject({ status: 'failed', failure: { code: 'provider_timeout' } });
    // What was still under way to the provider comes too late.
    expect(await perform(instruction(payment))).toEqual({ result: 'nothing' });
    expect(await service.providerRecords(payment.id)).toMatchObject([{ outcome: { result: 'nothing' } }]);
  });

  test('a function that ended after the provider had answered it', async () => {
    const payment = await interrupted(2, automatic);
    expect(await perform(instruction(payment))).toEqual({ result: 'succeeded' });
    later(16_000);
    await service.tick('janitor');
    expect(await now(payment)).toMatchObject({ status: 'captured', amountCaptured: 12_100 });
    expect(await operationsOf(payment.id)).toEqual(['charge succeeded']);
  });

  test('a card that was declined, when the answer was lost', async () => {
    const payment = await interrupted(3, { paymentMethod: 'pm_card_declined' });
    await perform(instruction(payment));
    later(16_000);
    await service.tick('janitor');
    expect(await now(payment)).toMatchObject({ status: 'failed', failure: { code: 'card_declined' } });
  });

  test('nothing as long as the request may still be running', async () => {
    const payment = await interrupted(4);
    later(14_000);
    await service.tick('janitor');
    expect(await now(payment)).toEqual(payment);
    later(1000);
    await service.tick('janitor');
    expect((await now(payment))?.status).toBe('failed');
  });

  test('each of them once, however often it runs and by however many at once', async () => {
    const payments = [
      await interrupted(5, automatic),
      await interrupted(6, automatic),
      await interrupted(7, automatic),
    ];
    const [charged, lost, alsoCharged] = payments as [Payment, Payment, Payment];
    for (const payment of [charged, alsoCharged]) await perform(instruction(payment));
    later(16_000);
    await Promise.all([service.tick('janitor'), service.tick('janitor'), service.tick('janitor')]);
    expect(await service.tick('janitor')).toEqual({ done: 0, failed: 0, waiting: 0 });
    const settled = await Promise.all([charged, lost, alsoCharged].map(now));
    expect(settled.map((payment) => payment?.status)).toEqual(['captured', 'failed', 'captured']);
    expect(settled.map((payment) => payment?.version)).toEqual([2, 2, 2]);
  });

  test('nothing while the provider is away, and everything once it is back', async () => {
    const payment = await interrupted(8, automatic);
    await perform(instruction(payment));
    later(16_000);
    vi.stubEnv('SANDBOX_TABLE_NAME', 'away');
    await service.tick('janitor');
    vi.unstubAllEnvs();
    expect(await now(payment)).toMatchObject({ status: 'processing', ask: { runsUntil: null }, version: 2 });
    await service.tick('janitor');
    expect((await now(payment))?.status).toBe('captured');
  });
});

describe('An authorization that nobody captured', () => {
  test('is given up after seven days, and not before', async () => {
    const client = await newClient();
    const { id, expiresAt } = (await client.pay({ captureMethod: 'manual' })).body;
    expect(Date.parse(expiresAt ?? '') - Date.now()).toBeGreaterThan(7 * days - 10_000);
    later(7 * days - 60_000);
    await service.tick('expiry');
    expect((await client.show(id)).body.status).toBe('authorized');
    later(60_000);
    expect((await client.capture(id)).body.code).toBe('payment_not_capturable');
    await service.tick('expiry');
    expect((await client.show(id)).body).toMatchObject({
      status: 'canceled',
      cancellationReason: 'expired',
      expiresAt: null,
    });
    expect(await operationsOf(id)).toEqual(['authorize succeeded', 'void succeeded']);
  });

  test('is given up once, however often the clock runs and by however many at once', async () => {
    const client = await newClient();
    const { id } = (await client.pay({ captureMethod: 'manual' })).body;
    later(8 * days);
    await Promise.all([service.tick('expiry'), service.tick('expiry'), service.tick('expiry')]);
    await service.tick('expiry');
    expect((await client.show(id)).body).toMatchObject({ status: 'canceled', version: 4 });
    expect(await operationsOf(id)).toEqual(['authorize succeeded', 'void succeeded']);
  });

  test('is not given up when it was captured meanwhile', async () => {
    const client = await newClient();
    const { id } = (await client.pay({ captureMethod: 'manual' })).body;
    await client.capture(id);
    later(8 * days);
    await service.tick('expiry');
    expect((await client.show(id)).body.status).toBe('captured');
  });

  test('is settled by the janitor when the provider did not answer', async () => {
    const payment = await interrupted(9, { paymentMethod: 'pm_card_timeout' });
    await perform({ ...instruction(payment), operation: 'authorize' });
    later(16_000);
    await service.tick('janitor');
    expect((await now(payment))?.status).toBe('authorized');
    later(8 * days);
    await service.tick('expiry');
    expect((await now(payment))?.status).toBe('processing');
    await service.tick('janitor');
    expect(await now(payment)).toMatchObject({ status: 'canceled', cancellationReason: 'expired' });
    expect((await now(payment))?.history.map(({ type }) => type)).toEqual([
      'payment.authorized.v1',
      'payment.canceled.v1',
    ]);
  });

  test('is tried again under the same key when the provider never took the first attempt', async () => {
    const client = await newClient();
    const { id } = (await client.pay({ captureMethod: 'manual' })).body;
    later(8 * days);
    vi.stubEnv('SANDBOX_TABLE_NAME', 'away');
    await service.tick('expiry');
    vi.unstubAllEnvs();
    expect((await client.show(id)).body.status).toBe('processing');
    await service.tick('janitor');
    expect((await client.show(id)).body).toMatchObject({ status: 'canceled', cancellationReason: 'expired' });
    expect(await operationsOf(id)).toEqual(['authorize succeeded', 'void succeeded']);
  });
});

test('What the provider was told to give up has no effect when it arrives after all', async () => {
  const payment = { ...paymentRequest, merchantId: 'acme', id: `pay_${'9'.repeat(32)}` } as Payment;
  expect(await provider.close(instruction(payment))).toEqual({ result: 'nothing' });
  expect(await perform(instruction(payment))).toEqual({ result: 'nothing' });
  expect(await provider.close(instruction(payment))).toEqual({ result: 'nothing' });
});

describe('A day (UTC) that is over', () => {
  type DayClosed = Event<
    string,
    { date: string; counts: Record<string, number>; totals: Record<string, unknown> }
  >;

  test('is closed once for each merchant that had payments, with their events on it', async () => {
    const received = await service.subscribe('day-listener');
    const [acme, other] = [await newClient(), await newClient()];
    // Two days on from all other tests; the days before have been closed as well by then.
    const midnight = (Math.floor(Date.now() / days) + 20) * days;
    const date = new Date(midnight).toISOString().slice(0, 10);

    at(new Date(midnight + days / 2).toISOString());
    const chairs = (await acme.pay()).body;
    await acme.pay({ paymentMethod: 'pm_card_declined' });
    await acme.pay({ currency: 'JPY', amount: 500 });
    await acme.refund(chairs.id, { amount: 100 });
    await other.pay({ captureMethod: 'manual' });

    at(new Date(midnight + days + 60_000).toISOString());
    await acme.refund(chairs.id, { amount: 7 });

    at(new Date(midnight + days + 15 * 60_000).toISOString());
    expect(await service.tick('dayClose')).toMatchObject({ closed: 2 });
    expect(await service.tick('dayClose')).toEqual({ closed: 0 });

    at(new Date(midnight + 2 * days + 15 * 60_000).toISOString());
    expect(await service.tick('dayClose')).toEqual({ closed: 1 });
    // Four payments of that day, and its two closings.
    expect(await service.run('republish', { date })).toEqual({ republished: 6 });
    vi.useRealTimers();

    const mappings = await service.startMappings();
    await mappings.idle();
    await mappings.stop();
    const closings = ((await received()) as DayClosed[]).filter(
      ({ type, data }) => type === 'payments.day-closed.v1' && data.date >= date,
    );
    expect(closings).toHaveLength(5);
    const closed = [...Map.groupBy(closings, ({ id }) => id).values()].map((events) => {
      const [first, ...again] = events as [DayClosed, ...DayClosed[]];
      expect(again).toEqual(first.data.date === date ? [first] : []);
      return first;
    });
    expect(closed.map(({ data }) => data)).toEqual(
      expect.arrayContaining([
        {
          date,
          counts: { 'payment.captured.v1': 2, 'payment.failed.v1': 1, 'payment.refunded.v1': 1 },
          totals: { EUR: { captured: 12_100, refunded: 100 }, JPY: { captured: 500, refunded: 0 } },
        },
        { date, counts: { 'payment.authorized.v1': 1 }, totals: { EUR: { captured: 0, refunded: 0 } } },
        {
          date: new Date(midnight + days).toISOString().slice(0, 10),
          counts: { 'payment.refunded.v1': 1 },
          totals: { EUR: { captured: 0, refunded: 7 } },
        },
      ]),
    );
    expect(closed).toHaveLength(3);
    for (const { id, subject, sequence, merchantid, data } of closed) {
      expect({ id, subject, sequence }).toEqual({
        id: `day_${data.date}_${merchantid}:1`,
        subject: `day_${data.date}_${merchantid}`,
        sequence: '0000000001',
      });
    }
  });

  test('is closed later when the clock did not run, up to a week', async () => {
    later(60 * days);
    const client = await newClient();
    expect((await client.pay()).status).toBe(201);
    later(8 * days);
    expect(await service.tick('dayClose')).toEqual({ closed: 0 });
    expect((await client.pay()).status).toBe(201);
    later(7 * days);
    expect(await service.tick('dayClose')).toEqual({ closed: 1 });
  });

  test('is closed for everybody else when it cannot be for one merchant, and so are the days after it', async () => {
    const received = await service.subscribe('day-listener-2');
    later(90 * days);
    const [fine, beyond] = [await newClient(), await newClient()];
    const date = new Date().toISOString().slice(0, 10);
    await fine.pay();
    const { id } = (await beyond.pay()).body;
    const payment = (await load(`merchant-${merchants - 1}`, id)) as Payment;
    // Together they are more than a number can state exactly.
    for (const n of [1, 2]) {
      const amountCaptured = Number.MAX_SAFE_INTEGER;
      await insert({
        payment: { ...payment, id: `pay_${String(n).repeat(32)}`, amountCaptured },
        eventNumbers: [],
      });
    }
    later(days);
    await expect(service.tick('dayClose')).rejects.toThrow(`Not closed for every merchant: ${date}; see`);
    await fine.pay();
    later(days);
    await expect(service.tick('dayClose')).rejects.toThrow(`Not closed for every merchant: ${date}; see`);
    vi.useRealTimers();

    const mappings = await service.startMappings();
    await mappings.idle();
    await mappings.stop();
    const closed = ((await received()) as DayClosed[]).filter(
      ({ type, data }) => type === 'payments.day-closed.v1' && data.date >= date,
    );
    expect(closed.map(({ merchantid }) => merchantid)).toEqual(Array(2).fill(`merchant-${merchants - 2}`));
  });
});
