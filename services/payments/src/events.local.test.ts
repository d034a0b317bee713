import { creditNoteIssued, invoiceIssued, sellerChanged } from '@fanfold/contracts/billing';
import { catalog, type EventType } from '@fanfold/contracts/catalog';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import { sellerRequest } from '@fanfold/contracts/seller';
import type { Mappings } from '@fanfold/local-cloud/mappings';
import { queueEvent } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { startTrace } from '@fanfold/runtime/trace';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Client, type Service, type ShownPayment, startService } from '../fixtures/service.ts';
import { differenceOf, eventOfDifference } from './payment/difference.ts';
import { saveDifference } from './store/differences.ts';
import { sellerOf } from './store/sellers.ts';

let service: Service;
let mappings: Mappings;
let published: () => Promise<Event[]>;
captureLog();

beforeAll(async () => {
  service = await startService();
  published = await service.subscribe('listener');
  mappings = await service.startMappings();
});
afterAll(async () => {
  await mappings?.stop();
  await service?.stop();
});

let merchants = 0;
const newMerchant = async () => {
  const merchantId = `merchant-${merchants++}`;
  return { merchantId, client: await service.clientOf(merchantId) };
};

/** The events of a payment, once everything that was written has been published, in their own order. */
async function eventsAbout(paymentId: string): Promise<Event[]> {
  await mappings.idle();
  const events = (await published()).filter(({ subject }) => subject === paymentId);
  return events.sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
}
const bySubject = (a: Event, b: Event) => (a.subject < b.subject ? -1 : 1);
const typesOf = (events: Event[]) => events.map(({ type }) => type);

const totals = { net: 12_100, tax: 0, gross: 12_100, taxByRate: [{ rate: '0.00', net: 12_100, tax: 0 }] };
const about = (merchantid: string, subject: string) => ({
  subject,
  n: 1,
  time: '2026-11-23T10:00:00.000Z',
  merchantid,
  trace: {
    correlationid: 'req_1',
    causationid: 'pay_1:1',
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  },
});
const issued = (merchantid: string, paymentId: string, number = 'INV-2026-000001') =>
  makeEvent(invoiceIssued, {
    ...about(merchantid, `inv_${paymentId}`),
    data: {
      invoiceId: 'inv_1',
      number,
      issueDate: '2026-11-23',
      paymentId,
      orderId: 'order-1001',
      currency: 'EUR',
      totals,
    },
  });
const credited = (merchantid: string, { id, refunds }: ShownPayment, number = 'CN-2026-000001') =>
  makeEvent(creditNoteIssued, {
    ...about(merchantid, `cn_${number}`),
    data: {
      creditNoteId: 'cn_1',
      number,
      issueDate: '2026-11-23',
      invoiceId: 'inv_1',
      invoiceNumber: 'INV-2026-000001',
      paymentId: id,
      refundId: refunds[0]?.id ?? 're_none',
      currency: 'EUR',
      amount: 100,
      totals,
    },
  });

/** Hands messages to the consumer in one batch. */
const hear = (...messages: (Event | string)[]) =>
  service.run(
    'consumer',
    queueEvent(messages.map((message) => (typeof message === 'string' ? message : JSON.stringify(message)))),
  );
const done = { batchItemFailures: [] };

const sellerPut = (merchantid: string, version: number) =>
  makeEvent(sellerChanged, {
    ...about(merchantid, `seller_${merchantid}`),
    n: version,
    data: {
      version,
      seller: sellerRequest.parse({ legalName: `Version ${version}`, address: { country: 'BE' } }),
    },
  });

async function refunded(client: Client): Promise<ShownPayment> {
  const { id } = (await client.pay()).body;
  await client.refund(id, { amount: 100 });
  return (await client.show(id)).body as ShownPayment;
}

describe('Who issues the documents of a merchant', () => {
  test('is the seller that was put last, whatever order its versions arrive in', async () => {
    vi.stubEnv('DEFAULT_SELLER', JSON.stringify({ legalName: 'Default', address: { country: 'BE' } }));
    const { merchantId } = await newMerchant();
    const nameNow = async () => (await sellerOf(merchantId))?.legalName;
    expect(await nameNow()).toBe('Default');
    expect(await hear(sellerPut(merchantId, 2))).toEqual(done);
    expect(await nameNow()).toBe('Version 2');
    expect(await hear(sellerPut(merchantId, 1), sellerPut(merchantId, 2))).toEqual(done);
    expect(await nameNow()).toBe('Version 2');
    expect(await hear(sellerPut(merchantId, 10), sellerPut(merchantId, 9))).toEqual(done);
    expect(await nameNow()).toBe('Version 10');
  });

  test('is not known, where the stage has no default', async () => {
    vi.stubEnv('DEFAULT_SELLER', 'null');
    expect(await sellerOf((await newMerchant()).merchantId)).toBeNull();
  });
});

describe('What happens to a payment is published', () => {
  test('once, in events with contiguous numbers that everybody can read and that follow from the request', async () => {
    const { merchantId, client } = await newMerchant();
    const paid = await client.pay({ captureMethod: 'manual' });
    const { id } = paid.body;
    await client.capture(id, { amount: 9000 });
    await client.refund(id, { amount: 100 });
    const last = await client.refund(id, { amount: 200 });

    const events = await eventsAbout(id);
    expect(events.map((event) => event.id)).toEqual([1, 2, 3, 4].map((n) => `${id}:${n}`));
    expect(typesOf(events)).toEqual([
      'payment.authorized.v1',
      'payment.captured.v1',
      'payment.refunded.v1',
      'payment.refunded.v1',
    ]);
    for (const event of events) {
      expect(catalog[event.type as EventType].schema.parse(event)).toEqual(event);
      expect(event.merchantid).toBe(merchantId);
    }
    expect(events[0]?.correlationid).toBe(paid.headers['Request-Id']);
    expect(events[3]?.correlationid).toBe(last.headers['Request-Id']);
    expect(events[3]?.data).toMatchObject({
      amountCaptured: 9000,
      amountRefunded: 300,
      refund: { amount: 200 },
    });
  });

  test.each([
    ['a declined card', { paymentMethod: 'pm_card_declined' }, ['payment.failed.v1']],
    ['an automatic capture', {}, ['payment.captured.v1']],
    ['a payment whose outcome is not known', { paymentMethod: 'pm_card_timeout' }, []],
  ])('also of %s', async (_what, changes, types) => {
    const { client } = await newMerchant();
    await client.pay(changes);
    const [payment] = (await client.list()).body.data;
    expect(typesOf(await eventsAbout(payment?.id ?? ''))).toEqual(types);
  });

  test('also of a cancellation', async () => {
    const { client } = await newMerchant();
    const { id } = (await client.pay({ captureMethod: 'manual' })).body;
    await client.cancel(id);
    expect(typesOf(await eventsAbout(id))).toEqual(['payment.authorized.v1', 'payment.canceled.v1']);
  });

  test('once, however often it is asked for', async () => {
    const { client } = await newMerchant();
    const { id } = (await client.pay({}, 'key')).body;
    await Promise.all(Array.from({ length: 5 }, () => client.pay({}, 'key')));
    await Promise.all(Array.from({ length: 5 }, () => client.refund(id, {}, 'key')));
    expect(typesOf(await eventsAbout(id))).toEqual(['payment.captured.v1', 'payment.refunded.v1']);
  });

  test('once each, of many payments at once', async () => {
    const { merchantId, client } = await newMerchant();
    const made = await Promise.all(Array.from({ length: 30 }, () => client.pay()));
    await Promise.all(made.map(({ body }) => client.refund(body.id, { amount: 1 })));
    await mappings.idle();
    const ids = (await published()).filter(({ merchantid }) => merchantid === merchantId).map(({ id }) => id);
    expect(ids.sort()).toEqual(made.flatMap(({ body }) => [`${body.id}:1`, `${body.id}:2`]).sort());
  });
});

describe('The numbers of documents from billing are stored', () => {
  test('on the payment and on its refund, and nothing is published for that', async () => {
    const { merchantId, client } = await newMerchant();
    const payment = await refunded(client);
    expect(await hear(credited(merchantId, payment), issued(merchantId, payment.id))).toEqual(done);
    const noted = (await client.show(payment.id)).body;
    expect(noted).toMatchObject({
      invoiceNumber: 'INV-2026-000001',
      refunds: [{ creditNoteNumber: 'CN-2026-000001' }],
      version: payment.version + 2,
    });
    expect(Date.parse(noted.updatedAt)).toBeGreaterThan(Date.parse(payment.updatedAt));
    expect(typesOf(await eventsAbout(payment.id))).toEqual(['payment.captured.v1', 'payment.refunded.v1']);
  });

  test('once, however often and in whatever order it comes', async () => {
    const { merchantId, client } = await newMerchant();
    const payment = await refunded(client);
    const messages = [issued(merchantId, payment.id), credited(merchantId, payment)];
    expect(await hear(...messages, ...messages)).toEqual(done);
    expect(await hear(...messages.toReversed())).toEqual(done);
    expect((await client.show(payment.id)).body.version).toBe(payment.version + 2);
    expect(await service.deadLetters()).toEqual([]);
  });

  test('and what happens to the payment afterwards is published as ever, with the numbers kept', async () => {
    const { merchantId, client } = await newMerchant();
    const { id } = (await client.pay()).body;
    await hear(issued(merchantId, id));
    await client.refund(id);
    expect((await client.show(id)).body).toMatchObject({
      invoiceNumber: 'INV-2026-000001',
      amountRefunded: 12_100,
    });
    expect((await eventsAbout(id)).map((event) => event.id)).toEqual([`${id}:1`, `${id}:2`]);
  });

  test('while the payment is being changed, without either being lost', async () => {
    const { merchantId, client } = await newMerchant();
    const { id } = (await client.pay()).body;
    await Promise.all([
      ...Array.from({ length: 4 }, () => client.refund(id, { amount: 10 })),
      hear(issued(merchantId, id)),
    ]);
    expect((await client.show(id)).body).toMatchObject({
      invoiceNumber: 'INV-2026-000001',
      amountRefunded: 40,
    });
    expect(await eventsAbout(id)).toHaveLength(5);
  });

  test('from the topic, through the queue', async () => {
    const { merchantId, client } = await newMerchant();
    const { id } = (await client.pay()).body;
    await service.publish(issued(merchantId, id));
    await mappings.idle();
    expect((await client.show(id)).body.invoiceNumber).toBe('INV-2026-000001');
  });
});

describe('The events of a day are published again when an operator asks for it', () => {
  const today = () => new Date().toISOString().slice(0, 10);

  test('the same to the letter, of one merchant, whatever has happened to its payments since', async () => {
    const { merchantId, client } = await newMerchant();
    const { client: stranger } = await newMerchant();
    const { id } = (await client.pay({ captureMethod: 'manual' })).body;
    await client.capture(id, { amount: 9000 });
    await client.refund(id, { amount: 100 });
    await client.refund(id, { amount: 200 });
    const canceled = (await client.pay({ captureMethod: 'manual' })).body;
    await client.cancel(canceled.id);
    await client.pay({ paymentMethod: 'pm_card_declined' });
    await stranger.pay();
    const payment = (await client.show(id)).body as ShownPayment;
    await hear(issued(merchantId, id), credited(merchantId, payment));
    const noted = (await client.list()).body;
    await mappings.idle();
    const before = await published();

    expect(await service.run('republish', { date: today(), merchantId })).toEqual({ republished: 3 });
    await mappings.idle();
    const again = (await published()).slice(before.length).map((event) => JSON.stringify(event));
    const expected = before.filter((event) => event.merchantid === merchantId);
    expect(again.sort()).toEqual(expected.map((event) => JSON.stringify(event)).sort());
    expect(again).toHaveLength(7);
    expect((await client.list()).body).toEqual(noted);
  });

  test('with differences from the provider, each of which is stored once', async () => {
    const { merchantId } = await newMerchant();
    const about = { date: '2026-11-22', kind: 'only-in-payments', reference: null } as const;
    const found = (paymentId: string) =>
      differenceOf(merchantId, { ...about, paymentId }, { now: new Date(), trace: startTrace('clock_1') });
    const differences = [found('pay_1'), found('pay_2')];
    for (const each of [...differences, found('pay_1')]) await saveDifference(each);
    const told = async () => {
      await mappings.idle();
      return (await published()).filter((event) => event.merchantid === merchantId);
    };
    const once = await told();
    expect(once.toSorted(bySubject)).toEqual(differences.map(eventOfDifference).toSorted(bySubject));
    expect(await service.run('republish', { date: '2026-11-22', merchantId })).toEqual({ republished: 0 });
    expect(await service.run('republish', { date: today(), merchantId })).toEqual({ republished: 2 });
    expect((await told()).slice(2).toSorted(bySubject)).toEqual(once.toSorted(bySubject));
  });

  test('of everybody, as often as one likes, and nothing of other days', async () => {
    const { client } = await newMerchant();
    const { id } = (await client.pay()).body;
    await service.run('republish', { date: today() });
    await service.run('republish', { date: today() });
    expect((await eventsAbout(id)).map((event) => event.id)).toEqual([`${id}:1`, `${id}:1`, `${id}:1`]);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    expect(await service.run('republish', { date: yesterday })).toEqual({ republished: 0 });
  });
});

describe('What billing can never have meant is put aside, and touches nothing', () => {
  test('a payment or a refund that is not there, another merchant’s, another number', async () => {
    const { merchantId, client } = await newMerchant();
    const payment = await refunded(client);
    await hear(issued(merchantId, payment.id));
    const wrong = [
      issued(merchantId, `pay_${'0'.repeat(32)}`),
      credited(merchantId, { ...payment, refunds: [] }),
      issued('somebody-else', payment.id),
      issued(merchantId, payment.id, 'INV-2026-000002'),
    ];
    for (const event of wrong) expect(await hear(event)).toEqual(done);
    const aside = (await service.deadLetters()).map(({ body, messageAttributes }) => [
      messageAttributes['quarantine-reason']?.StringValue,
      body,
    ]);
    expect(aside).toEqual([
      ['unknown-payment', JSON.stringify(wrong[0])],
      ['unknown-refund', JSON.stringify(wrong[1])],
      ['unknown-payment', JSON.stringify(wrong[2])],
      ['contradiction', JSON.stringify(wrong[3])],
    ]);
    expect((await client.show(payment.id)).body).toMatchObject({
      invoiceNumber: 'INV-2026-000001',
      refunds: [{ creditNoteNumber: null }],
    });
  });

  test('poison, beside a good message that is noted all the same', async () => {
    const { merchantId, client } = await newMerchant();
    const { id } = (await client.pay()).body;
    const before = (await service.deadLetters()).length;
    expect(await hear('poison', issued(merchantId, id), '{}')).toEqual(done);
    expect((await client.show(id)).body.invoiceNumber).toBe('INV-2026-000001');
    expect(await service.deadLetters()).toHaveLength(before + 2);
  });
});
