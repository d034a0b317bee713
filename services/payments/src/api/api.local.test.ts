import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Client, type Service, startService } from '../../fixtures/service.ts';

let service: Service;
const logged = captureLog();

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());

let merchants = 0;
/** Each test has a merchant of its own. */
const newClient = (): Promise<Client> => service.clientOf(`merchant-${merchants++}`);

async function paid(client: Client, changes: Record<string, unknown> = {}) {
  const { status, body } = await client.pay(changes);
  expect(status).toBe(201);
  return body;
}
const authorized = (client: Client) => paid(client, { captureMethod: 'manual' });

const statusesOf = (answers: Answer[]) => answers.map(({ status }) => status).sort();

/** An answer without what is different in each. */
const timeless = ({ status, body, headers }: Answer) => {
  const { 'Request-Id': _, ...rest } = headers;
  return { status, headers: rest, body: { ...body, instance: '', requestId: '' } };
};

/** What the provider took effect on, by operation. */
const effects = async (paymentId: string) =>
  (await service.providerRecords(paymentId))
    .filter(({ outcome }) => outcome.result === 'succeeded')
    .map(({ operation, amount }) => `${operation} ${amount}`)
    .sort();

describe('Paying', () => {
  test('takes the money once and answers with the payment, which can then be seen', async () => {
    const client = await newClient();
    const { status, headers, body } = await client.pay({ metadata: { channel: 'web' } });
    expect(status).toBe(201);
    expect(headers).not.toHaveProperty('Idempotent-Replayed');
    expect(body).toMatchObject({
      object: 'payment',
      id: expect.stringMatching(/^pay_[0-9a-f]{32}$/),
      status: 'captured',
      amount: 12_100,
      amountCaptured: 12_100,
      amountRefunded: 0,
      currency: 'EUR',
      captureMethod: 'automatic',
      metadata: { channel: 'web' },
      failure: null,
      invoiceNumber: null,
      refunds: [],
      version: 2,
    });
    expect(await client.show(body.id)).toMatchObject({ status: 200, body });
    expect(await effects(body.id)).toEqual(['charge 12100']);
  });

  test('again with the same key and body is the same payment, and no second charge', async () => {
    const client = await newClient();
    const first = await client.pay({ orderId: '1', metadata: { b: '2', a: '1' } }, 'key');
    const again = await client.pay(
      { metadata: { a: '1', b: '2' }, orderId: '1', captureMethod: 'automatic' },
      '"key"',
    );
    expect(again).toMatchObject({
      status: 201,
      body: first.body,
      headers: { 'Idempotent-Replayed': 'true' },
    });
    // To the letter, and so is what is shown.
    for (const { body } of [again, await client.show(first.body.id)]) {
      expect(JSON.stringify(body)).toBe(JSON.stringify(first.body));
    }
    expect(await effects(first.body.id)).toEqual(['charge 12100']);
  });

  test('again shows the payment as it is now', async () => {
    const client = await newClient();
    const { body } = await client.pay({}, 'key');
    await client.refund(body.id, { amount: 100 });
    expect((await client.pay({}, 'key')).body).toMatchObject({ id: body.id, amountRefunded: 100 });
  });

  test('with the same key and another body is refused, whatever became of the first', async () => {
    const client = await newClient();
    for (const [paymentMethod, status] of [
      ['pm_card_visa', 201],
      ['pm_card_declined', 402],
    ] as const) {
      const key = `key-${paymentMethod}`;
      expect((await client.pay({ paymentMethod }, key)).status).toBe(status);
      expect(await client.pay({ paymentMethod, amount: 12_101 }, key)).toMatchObject({
        status: 422,
        body: { code: 'idempotency_key_reused' },
      });
    }
    expect((await client.list()).body.data).toHaveLength(2);
  });

  test('with the key of another merchant is another payment', async () => {
    const [one, other] = [await newClient(), await newClient()];
    const answers = [await one.pay({}, 'key'), await other.pay({}, 'key')];
    expect(statusesOf(answers)).toEqual([201, 201]);
    expect(answers[0]?.body.id).not.toBe(answers[1]?.body.id);
  });

  test('twenty times at once with one key is one payment and one charge; who comes too early is told to wait', async () => {
    const client = await newClient();
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.pay({}, 'key')));
    const [made] = answers.filter(({ status }) => status === 201);
    expect(statusesOf(answers).every((status) => status === 201 || status === 409)).toBe(true);
    for (const { status, headers, body } of answers) {
      if (status === 201) expect(body.id).toBe(made?.body.id);
      else
        expect({ headers, body }).toMatchObject({
          headers: { 'Retry-After': '1' },
          body: { code: 'request_in_progress' },
        });
    }
    expect(await effects(made?.body.id ?? '')).toEqual(['charge 12100']);
    expect((await client.list()).body.data).toHaveLength(1);
    expect(await client.pay({}, 'key')).toMatchObject({
      status: 201,
      headers: { 'Idempotent-Replayed': 'true' },
    });
  });

  test.each([
    ['pm_card_declined', 'card_declined', 'generic_decline'],
    ['pm_card_insufficient_funds', 'card_declined', 'insufficient_funds'],
    ['pm_card_error', 'provider_error', undefined],
  ])(
    'with %s is refused by the provider, and so again; the payment exists as failed',
    async (paymentMethod, code, declineCode) => {
      const client = await newClient();
      const first = await client.pay({ paymentMethod }, 'key');
      expect(first).toMatchObject({
        status: 402,
        headers: { 'Content-Type': 'application/problem+json' },
        body: {
          code,
          title: 'Payment Required',
          paymentId: expect.stringMatching(/^pay_/),
          paymentStatus: 'failed',
        },
      });
      expect((first.body as { declineCode?: string }).declineCode).toBe(declineCode);
      expect(first.headers).not.toHaveProperty('Idempotent-Replayed');
      const again = await client.pay({ paymentMethod }, 'key');
      expect(again.headers).toMatchObject({ 'Idempotent-Replayed': 'true' });
      expect(timeless({ ...again, headers: {} })).toEqual(timeless({ ...first, headers: {} }));
      const { body } = await client.show((first.body as unknown as { paymentId: string }).paymentId);
      expect(body).toMatchObject({ status: 'failed', failure: { code, declineCode: declineCode ?? null } });
      expect(await effects(body.id)).toEqual([]);
      expect((await client.list()).body.data).toHaveLength(1);
    },
  );

  test('is logged without the customer and without the key', async () => {
    const client = await newClient();
    await client.pay({ customer: { name: 'Ada Lovelace', address: { country: 'BE' } } }, 'secret-key');
    expect(logged()).toMatchObject([{ message: 'request', status: 201 }]);
    expect(JSON.stringify(logged())).not.toMatch(/Lovelace|secret-key|Bearer/);
  });

  test('with what is wrong is refused before anything is written', async () => {
    const client = await newClient();
    expect(await client.pay({ amount: 0 })).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
    expect(await client.pay({ description: '4111 1111 1111 1111' })).toMatchObject({
      status: 422,
      body: { code: 'card_number_refused' },
    });
    expect(await client.pay({}, '')).toMatchObject({
      status: 400,
      body: { code: 'idempotency_key_missing' },
    });
    expect((await client.list()).body.data).toEqual([]);
  });
});

describe('While the provider’s answer is not known', () => {
  test('the payment is processing, and nothing can be done with it', async () => {
    const client = await newClient();
    const { status, body } = await client.pay({ paymentMethod: 'pm_card_timeout' }, 'key');
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { status: 'processing', amountCaptured: 0 },
    });
    expect(await client.capture(body.id)).toMatchObject({
      status: 409,
      body: { code: 'payment_not_capturable' },
    });
    expect(await client.cancel(body.id)).toMatchObject({
      status: 409,
      body: { code: 'payment_not_cancelable' },
    });
    expect(await client.refund(body.id)).toMatchObject({
      status: 409,
      body: { code: 'payment_not_refundable' },
    });
    const again = await client.pay({ paymentMethod: 'pm_card_timeout' }, 'key');
    expect(again).toMatchObject({ status: 201, body, headers: { 'Idempotent-Replayed': 'true' } });
  });

  test('because the request is still running, the same key is told to wait', async () => {
    const client = await newClient();
    const first = client.pay({ paymentMethod: 'pm_card_timeout_lost' }, 'key');
    const second = async (): Promise<Answer> => {
      const { data } = (await client.list()).body;
      return data.length === 0 ? second() : client.pay({ paymentMethod: 'pm_card_timeout_lost' }, 'key');
    };
    expect(await second()).toMatchObject({
      status: 409,
      headers: { 'Retry-After': '1' },
      body: { code: 'request_in_progress' },
    });
    expect(await first).toMatchObject({ status: 201, body: { status: 'processing' } });
  });
});

describe('Capturing', () => {
  test('takes what was authorized, once', async () => {
    const client = await newClient();
    const { id, status, expiresAt } = await authorized(client);
    expect({ status, expiresAt }).toEqual({ status: 'authorized', expiresAt: expect.any(String) });
    const first = await client.capture(id, {}, 'key');
    expect(first).toMatchObject({
      status: 200,
      body: { id, status: 'captured', amountCaptured: 12_100, expiresAt: null },
    });
    const again = await client.capture(id, {}, 'key');
    expect(again).toMatchObject({
      status: 200,
      body: first.body,
      headers: { 'Idempotent-Replayed': 'true' },
    });
    expect(await effects(id)).toEqual(['authorize 12100', 'capture 12100']);
  });

  test('takes a part and releases the rest', async () => {
    const client = await newClient();
    const { id } = await authorized(client);
    expect((await client.capture(id, { amount: 9000 })).body).toMatchObject({
      amount: 12_100,
      amountCaptured: 9000,
    });
    expect(await client.capture(id, { amount: 1 })).toMatchObject({
      status: 409,
      body: { code: 'payment_not_capturable', paymentStatus: 'captured' },
    });
    expect(await effects(id)).toEqual(['authorize 12100', 'capture 9000']);
  });

  test('more than was authorized is refused', async () => {
    const client = await newClient();
    const { id } = await authorized(client);
    expect(await client.capture(id, { amount: 12_101 })).toMatchObject({
      status: 422,
      body: { code: 'amount_too_large', errors: [{ pointer: '#/amount', detail: 'must be at most 12100' }] },
    });
    expect((await client.show(id)).body).toMatchObject({ status: 'authorized', version: 2 });
  });

  test('with the same key and another amount is refused, and takes nothing more', async () => {
    const client = await newClient();
    const { id } = await authorized(client);
    await client.capture(id, { amount: 100 }, 'key');
    expect(await client.capture(id, { amount: 200 }, 'key')).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect((await client.show(id)).body.amountCaptured).toBe(100);
  });

  test('and canceling ten times at once, each with its own key, is one of them', async () => {
    const client = await newClient();
    const { id } = await authorized(client);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? client.capture(id) : client.cancel(id))),
    );
    expect(statusesOf(answers)).toEqual([200, ...Array(9).fill(409)]);
    expect(await effects(id)).toHaveLength(2);
  });

  test('twenty times at once with one key takes it once', async () => {
    const client = await newClient();
    const { id } = await authorized(client);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.capture(id, {}, 'key')));
    expect(statusesOf(answers).every((status) => status === 200 || status === 409)).toBe(true);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect(await effects(id)).toEqual(['authorize 12100', 'capture 12100']);
  });

  test('with a key that another route used is another operation', async () => {
    const client = await newClient();
    const { id } = (await client.pay({ captureMethod: 'manual' }, 'key')).body;
    expect((await client.capture(id, {}, 'key')).body.status).toBe('captured');
    expect((await client.refund(id, {}, 'key')).status).toBe(201);
  });
});

describe('Canceling', () => {
  test('gives up an authorization with a reason, once', async () => {
    const client = await newClient();
    const { id } = await authorized(client);
    const first = await client.cancel(id, { reason: 'out of stock' }, 'key');
    expect(first).toMatchObject({
      status: 200,
      body: { status: 'canceled', cancellationReason: 'out of stock', amountCaptured: 0, expiresAt: null },
    });
    expect(await client.cancel(id, { reason: 'out of stock' }, 'key')).toMatchObject({ body: first.body });
    expect(await client.cancel(id)).toMatchObject({ status: 409, body: { code: 'payment_not_cancelable' } });
    expect(await client.capture(id)).toMatchObject({ status: 409, body: { code: 'payment_not_capturable' } });
    expect(await effects(id)).toEqual(['authorize 12100', 'void 12100']);
  });

  test('is not possible once it is captured', async () => {
    const client = await newClient();
    const { id } = await paid(client);
    expect(await client.cancel(id)).toMatchObject({
      status: 409,
      body: { code: 'payment_not_cancelable', paymentStatus: 'captured' },
    });
  });
});

describe('Refunding', () => {
  test('gives back all that is left when no amount is given', async () => {
    const client = await newClient();
    const { id } = await paid(client);
    await client.refund(id, { amount: 100 });
    const { status, body } = await client.refund(id);
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        object: 'refund',
        id: expect.stringMatching(/^re_[0-9a-f]{32}$/),
        paymentId: id,
        amount: 12_000,
        currency: 'EUR',
        reason: null,
        status: 'succeeded',
        creditNoteNumber: null,
        createdAt: expect.any(String),
      },
    });
    const shown = (await client.show(id)).body;
    expect(shown).toMatchObject({ status: 'captured', amountRefunded: 12_100 });
    expect(shown.refunds.map(({ amount }) => amount)).toEqual([100, 12_000]);
    expect(await effects(id)).toEqual(['charge 12100', 'refund 100', 'refund 12000']);
  });

  test('with the same key is the same refund, and with another body refused', async () => {
    const client = await newClient();
    const { id } = await paid(client);
    const first = await client.refund(id, { amount: 100, reason: 'came back' }, 'key');
    const again = await client.refund(id, { reason: 'came back', amount: 100 }, 'key');
    expect(again).toMatchObject({
      status: 201,
      body: first.body,
      headers: { 'Idempotent-Replayed': 'true' },
    });
    expect(await client.refund(id, { amount: 100 }, 'key')).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect((await client.show(id)).body.amountRefunded).toBe(100);
  });

  test('more than was captured is refused, with what is still possible', async () => {
    const client = await newClient();
    const { id } = await authorized(client);
    await client.capture(id, { amount: 5000 });
    expect(await client.refund(id, { amount: 5001 })).toMatchObject({
      status: 409,
      body: {
        code: 'refund_exceeds_captured',
        errors: [{ pointer: '#/amount', detail: 'must be at most 5000' }],
      },
    });
  });

  test.each([
    [1210, 12_100, 10],
    [1000, 12_000, 12],
  ])(
    'twenty times %i at once gives back %i and never more than was captured',
    async (amount, refunded, count) => {
      const client = await newClient();
      const { id } = await paid(client);
      /** On a busy machine some are told to try again, and do. */
      const refundAtLast = async (): Promise<Answer> => {
        const answer = await client.refund(id, { amount });
        return answer.body.code === 'payment_busy' ? refundAtLast() : answer;
      };
      const answers = await Promise.all(Array.from({ length: 20 }, refundAtLast));
      const codes = answers.map(({ status, body }) => String(status === 201 ? body.status : body.code));
      expect(codes.filter((code) => code === 'succeeded')).toHaveLength(count);
      expect(codes.filter((code) => code === 'refund_exceeds_captured')).toHaveLength(20 - count);
      expect((await client.show(id)).body).toMatchObject({ amountRefunded: refunded });
      expect((await effects(id)).filter((effect) => effect.startsWith('refund'))).toHaveLength(count);
    },
  );

  test('fifty times at once gives back to each who is not told to try again, and to nobody else', async () => {
    const client = await newClient();
    const { id } = await paid(client);
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.refund(id, { amount: 1 })));
    const taken = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(taken.length).toBeGreaterThan(0);
    expect(refused.every(({ status, body }) => status === 409 && body.code === 'payment_busy')).toBe(true);
    const { refunds } = (await client.show(id)).body as { refunds: { id: string }[] };
    expect(refunds.map((refund) => refund.id).sort()).toEqual(taken.map(({ body }) => body.id).sort());
  });

  test('what was not captured is not possible', async () => {
    const client = await newClient();
    const { id } = await authorized(client);
    expect(await client.refund(id)).toMatchObject({
      status: 409,
      body: { code: 'payment_not_refundable', paymentStatus: 'authorized' },
    });
  });
});

describe('Another merchant’s payment', () => {
  test('is answered in every way just as one that does not exist', async () => {
    const [owner, stranger] = [await newClient(), await newClient()];
    const { id } = await authorized(owner);
    const missing = `pay_${'0'.repeat(32)}`;
    for (const verb of ['show', 'capture', 'cancel', 'refund'] as const) {
      const [theirs, none] = [await stranger[verb](id), await stranger[verb](missing)];
      expect(theirs).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(timeless(theirs)).toEqual(timeless(none));
    }
    expect((await stranger.list()).body.data).toEqual([]);
    expect(timeless(await stranger.list({ startingAfter: id }))).toEqual(
      timeless(await stranger.list({ startingAfter: missing })),
    );
    expect((await owner.show(id)).body).toMatchObject({ status: 'authorized', version: 2 });
  });

  test.each(['', 'pay_1', 'PAY_', `pay_${'g'.repeat(32)}`, '../payments', 'day_2026-11-23_acme', '%00'])(
    'is not found by an id that is none: %j',
    async (id) => {
      expect((await (await newClient()).show(id)).status).toBe(404);
    },
  );
});

describe('A token without the scope', () => {
  test('cannot move payments when it may only read, nor read when it may only move', async () => {
    const owner = await newClient();
    const { id } = await authorized(owner);
    const reader = await service.clientOf('reader', ['payments:read']);
    const writer = await service.clientOf('writer', ['payments:write']);
    const refused = [
      await reader.pay(),
      await reader.capture(id),
      await reader.cancel(id),
      await reader.refund(id),
      await writer.show(id),
      await writer.list(),
    ];
    for (const answer of refused)
      expect(answer).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
  });
});

describe('A list of payments', () => {
  test('has the newest first, ten unless it says otherwise, and goes on page by page without gap or double', async () => {
    const client = await newClient();
    const made: string[] = [];
    for (let i = 0; i < 12; i++) made.unshift((await paid(client, { orderId: `order-${i}` })).id);
    const first = (await client.list()).body;
    expect(first).toMatchObject({ object: 'list', hasMore: true });
    expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 10));
    expect(first.data[0]).toEqual((await client.show(made[0] ?? '')).body);

    const seen: string[] = [];
    for (let hasMore = true; hasMore; ) {
      const page = await client.list({
        limit: '5',
        ...(seen.length > 0 && { startingAfter: seen.at(-1) ?? '' }),
      });
      seen.push(...page.body.data.map(({ id }) => id));
      hasMore = page.body.hasMore;
    }
    expect(seen).toEqual(made);
    expect((await client.list({ limit: '12' })).body).toMatchObject({ hasMore: false });
    expect((await client.list({ startingAfter: made.at(-1) ?? '' })).body).toMatchObject({
      data: [],
      hasMore: false,
    });
  });

  test.each(['pay_1', 'day_2026-11-22_acme', `pay_${'0'.repeat(32)}`])(
    'cannot start after what is no payment of the merchant: %s',
    async (startingAfter) => {
      expect(await (await newClient()).list({ startingAfter })).toMatchObject({
        status: 404,
        body: {
          code: 'not_found',
          errors: [{ pointer: '#/startingAfter', detail: 'must be the id of a payment' }],
        },
      });
    },
  );

  test.each([{ limit: '0' }, { limit: '101' }, { page: '2' }])(
    'cannot be asked for with %j',
    async (query) => {
      const [name] = Object.keys(query);
      expect(await (await newClient()).list(query as Record<string, string>)).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: `#/${name}` }] },
      });
    },
  );
});
