import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import Stripe from 'stripe';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startStripeFake } from './server.ts';

/** Stripe's own library, which calls the fake. */
function libraryFor({ url, fake }: Awaited<ReturnType<typeof startStripeFake>>, key = fake.key): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port: Number(port), protocol: 'http', maxNetworkRetries: 0 });
}

async function started(settings: Parameters<typeof startStripeFake>[0] = {}) {
  const server = await startStripeFake(settings);
  onTestFinished(() => server.stop());
  return server;
}

test('Stripe’s own library pays, and refunds, and reads what it wrote', async () => {
  const server = await started();
  const stripe = libraryFor(server);
  const { id, status } = await stripe.paymentIntents.create({
    amount: 12_100,
    currency: 'eur',
    capture_method: 'manual',
    automatic_payment_methods: { enabled: true },
    metadata: { fanfold_payment: 'pay_1' },
  });
  expect(status).toBe('requires_payment_method');
  const confirmed = await stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_visa',
    return_url: 'https://shop.example',
    expand: ['latest_charge'],
  });
  expect(confirmed).toMatchObject({ status: 'requires_capture', latest_charge: { object: 'charge' } });
  expect(await stripe.paymentIntents.capture(id, { amount_to_capture: 5000 })).toMatchObject({
    status: 'succeeded',
    amount_received: 5000,
  });
  await stripe.refunds.create({ payment_intent: id, amount: 1000, metadata: { fanfold_operation: 're_1' } });
  const { data } = await stripe.refunds.list({ payment_intent: id });
  expect(data).toMatchObject([
    { amount: 1000, status: 'succeeded', metadata: { fanfold_operation: 're_1' } },
  ]);
  const movements = await stripe.balanceTransactions.list({ expand: ['data.source'] });
  // Of the account's balance, which is not kept in euros.
  expect(movements.data.map(({ type, amount, currency }) => [type, amount, currency])).toEqual([
    ['refund', -1234, 'usd'],
    ['charge', 6170, 'usd'],
  ]);
});

test('errors are those that the library has classes for', async () => {
  const server = await started();
  const stripe = libraryFor(server);
  await expect(libraryFor(server, 'sk_test_wrong').events.list()).rejects.toBeInstanceOf(
    Stripe.errors.StripeAuthenticationError,
  );
  const { id } = await stripe.paymentIntents.create({ amount: 100, currency: 'eur' });
  const declined = stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_chargeDeclined',
    return_url: 'https://shop.example',
  });
  await expect(declined).rejects.toMatchObject({ type: 'StripeCardError', decline_code: 'generic_decline' });
  await expect(stripe.paymentIntents.capture(id)).rejects.toMatchObject({
    type: 'StripeInvalidRequestError',
    code: 'payment_intent_unexpected_state',
  });
  const misspelt = { amount: 100, currency: 'eur', metdata: {} } as never;
  await expect(stripe.paymentIntents.create(misspelt)).resolves.toBeDefined(); // an empty one is not sent
  await expect(stripe.paymentIntents.retrieve('pi_none')).rejects.toMatchObject({ code: 'resource_missing' });
});

test('a key is answered the same for a day, and is forgotten then', async () => {
  const clock = { now: Date.parse('2026-11-30T12:00:00Z') };
  const stripe = libraryFor(await started({ now: () => clock.now }));
  const create = (amount: number) =>
    stripe.paymentIntents.create({ amount, currency: 'eur' }, { idempotencyKey: 'key-1' });
  const { id } = await create(100);
  expect((await create(100)).id).toBe(id);
  await expect(create(200)).rejects.toMatchObject({ type: 'StripeIdempotencyError' });
  clock.now += 24 * 3_600_000;
  expect((await create(100)).id).not.toBe(id);
});

test('each notification comes twice, the later ones first, until it is taken, and the library accepts its signature', async () => {
  const received: Stripe.Event[] = [];
  const refuseUntil = { count: 2 };
  const receiver = createServer(async (request, response) => {
    const body = await buffer(request);
    refuseUntil.count -= 1;
    if (refuseUntil.count >= 0) {
      response.writeHead(500).end();
      return;
    }
    const signature = String(request.headers['stripe-signature']);
    received.push(Stripe.webhooks.constructEvent(body, signature, 'whsec_fake'));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  onTestFinished(() => {
    receiver.close();
    receiver.closeAllConnections();
  });
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhooks/stripe`;
  const server = await started({ webhookUrl });
  const stripe = libraryFor(server);
  const { id } = await stripe.paymentIntents.create({ amount: 100, currency: 'eur' });
  await stripe.paymentIntents.confirm(id, {
    payment_method: 'pm_card_authenticationRequired',
    return_url: 'https://shop.example/paid',
  });
  const page = await fetch(`${server.url}/authenticate/${id}`, { redirect: 'manual' });
  expect(page.headers.get('location')).toBe('https://shop.example/paid');
  await vi.waitFor(
    () => {
      const times = Map.groupBy(received, ({ type }) => type);
      for (const type of [
        'payment_intent.created',
        'payment_intent.requires_action',
        'payment_intent.succeeded',
      ])
        expect(times.get(type as never)?.length).toBeGreaterThanOrEqual(2);
    },
    { timeout: 10_000 },
  );
});
