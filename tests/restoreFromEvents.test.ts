import { marshall } from '@aws-sdk/util-dynamodb';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Ended, fanfold as run } from '../scripts/fanfold/commandFixtures.ts';
import { type Client, clientOf, type Shown, twoChairs } from './client.ts';
import { invoke, type RunningStack, startDev } from './runningStack.ts';
import { type Item, Tables } from './tables.ts';

/**
 * Point-in-time recovery puts one table back to an earlier time. What it lost since then is brought back from what audit has
 * recorded, and nobody who was paid, refunded or invoiced meanwhile notices.
 */
let stack: RunningStack;
let merchant: Client;
let tables: Tables;
type Service = 'payments' | 'billing';
const backups = new Map<Service, Item[]>();

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
  tables = await Tables.of(stack.base);
  merchant = await clientOf(stack.base, 'restored');
}, 60_000);
afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

const fanfold = (...args: string[]): Promise<Ended> => run(args, stack.base);

/** Runs a command that must do what it should, and gives its result. */
async function done(...args: string[]) {
  const { code, stdout, stderr } = await fanfold(...args, '--json');
  expect([code, stderr, stdout], args.join(' ')).toEqual([0, expect.anything(), expect.anything()]);
  return JSON.parse(stdout);
}

const eventually = <T>(check: () => Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 30_000, interval: 100 });

/** Puts a table back to its backup of an hour ago: so old is the mark in it. */
async function putBack(service: Service): Promise<void> {
  await invoke(stack.base, service, 'markTable');
  const at = { S: new Date(Date.now() - 3_600_000).toISOString() };
  const kept = backups.get(service) ?? [];
  await tables.replace(
    service,
    kept.map((item) => (item.pk?.S === 'mark' ? { ...item, at } : item)),
  );
}

/** The keys of items whose last write the publisher has an event for. */
const publishing = (items: Item[] = []): string[] =>
  items
    .filter(({ said, saysNothing }) => said?.BOOL || (said?.L && !saysNothing))
    .map(({ pk }) => pk?.S ?? '');

/** What was brought back was published before. */
async function expectNothingPublished(service: Service): Promise<void> {
  const before = publishing(backups.get(service));
  expect(publishing(await tables.itemsOf(service)).filter((key) => !before.includes(key))).toEqual([]);
}

/** Requests that were answered, with what they were answered. */
const answered: { path: string; body: unknown; key: string; id: string; status: number }[] = [];

async function ask(path: string, body: unknown, key = crypto.randomUUID()): Promise<Shown> {
  const answer = await merchant.post(path, body, { 'idempotency-key': key });
  answered.push({ path, body, key, id: answer.body.id, status: answer.status });
  return answer.body;
}

const pay = (changes: Record<string, unknown> = {}) => ask('/payments', twoChairs(changes));
const manual = { captureMethod: 'manual' };

/** What a merchant does, each in every way in which it can end; and waits until all that follows has come. */
async function trade(): Promise<void> {
  const paid = await pay();
  await ask(`/payments/${paid.id}/refunds`, { amount: 1000, reason: 'scratched' });
  await ask(`/payments/${paid.id}/refunds`, { amount: 2000 });
  await pay({ description: null, lines: null });
  const authorized = await pay(manual);
  await ask(`/payments/${authorized.id}/capture`, { amount: 6000 });
  await ask(`/payments/${authorized.id}/refunds`, {});
  const given = await pay(manual);
  await ask(`/payments/${given.id}/cancel`, { reason: 'sold out' });
  await pay(manual);
  await pay({ paymentMethod: 'pm_card_declined' });
  await eventually(settled);
}

/** Every capture has its invoice and every refund its credit note; payments shows their numbers, and audit has all of it. */
async function settled(): Promise<void> {
  const [payments, invoices, creditNotes, events] = await Promise.all([
    merchant.all('/payments'),
    merchant.all('/invoices'),
    merchant.all('/credit-notes'),
    merchant.all('/events'),
  ]);
  const captured = payments.filter(({ amountCaptured }) => amountCaptured > 0);
  const refunds = payments.flatMap(({ refunds }) => refunds);
  expect(captured.every(({ invoiceNumber }) => invoiceNumber !== null)).toBe(true);
  expect(refunds.every(({ creditNoteNumber }) => creditNoteNumber !== null)).toBe(true);
  expect([invoices.length, creditNotes.length]).toEqual([captured.length, refunds.length]);
  // It is issued, and it has its PDF.
  const documents = [...invoices, ...creditNotes].flatMap(({ id }) => [`${id}:1`, `${id}:2`]);
  expect(
    events
      .map(({ id }) => id)
      .filter((id) => /^(inv|cn)_/.test(id))
      .sort(),
  ).toEqual(documents.sort());
}

const numbersOf = async (path: string) => (await merchant.all(path)).map(({ number }) => number);
const count = (numbers: string[]) => new Set(numbers).size;

beforeAll(async () => {
  await trade();
  for (const service of ['payments', 'billing'] as const) {
    await invoke(stack.base, service, 'markTable');
    backups.set(service, await tables.itemsOf(service));
  }
  await trade();
}, 90_000);

it('is refused while something of the service may write, but is shown', async () => {
  const { code, stderr } = await fanfold('restore', 'billing', '--yes');
  expect([code, stderr]).toEqual([1, expect.stringContaining('`fanfold stage stop --service billing`')]);
  const { dryRun, plan } = await done('restore', 'billing', '--dry-run');
  expect([dryRun, plan]).toEqual([true, expect.objectContaining({ same: 24, missing: {} })]);
});

describe('Billing', () => {
  let before: { invoices: Shown[]; creditNotes: Shown[] };
  const shown = async () => ({
    invoices: await merchant.all('/invoices'),
    creditNotes: await merchant.all('/credit-notes'),
  });

  it('is restored with every number, and nothing that was not recorded', async () => {
    before = await shown();
    await done('stage', 'stop', '--service', 'billing');
    await putBack('billing');
    expect(count(await numbersOf('/invoices'))).toBeLessThan(before.invoices.length);

    const dry = await fanfold('restore', 'billing', '--dry-run');
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('3 of invoice.issued.v1')]);
    expect(await numbersOf('/invoices')).toHaveLength(3);

    const { operationId, plan, proof } = await done('restore', 'billing', '--yes');
    expect(operationId).toMatch(/^op_/);
    expect(plan).toMatchObject({
      missing: { 'invoice.issued.v1': 3, 'credit-note.issued.v1': 3 },
      seriesBehind: 2,
    });
    expect(proof).toMatchObject({ holds: true, same: 24, missing: 0, waiting: 0 });
    // In the order in which audit recorded the first document of each.
    expect(proof.series).toHaveLength(2);
    expect(proof.series).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: expect.stringMatching(/^INV-/), highest: 6, count: 6 }),
        expect.objectContaining({ name: expect.stringMatching(/^CN-/), highest: 6, count: 6 }),
      ]),
    );
    expect(await shown()).toEqual(before);
    await expectNothingPublished('billing');
  }, 60_000);

  it('is restored once: the second time changes nothing and is not ordered', async () => {
    const table = await tables.itemsOf('billing');
    const { operationId, proof } = await done('restore', 'billing', '--yes');
    expect([operationId, proof.holds]).toEqual([null, true]);
    expect(await tables.itemsOf('billing')).toEqual(table);
    expect((await fanfold('findings')).code).toBe(0);
  }, 60_000);

  it('goes on behind the last number, with the credit notes of restored invoices', async () => {
    await done('stage', 'start', '--service', 'billing');
    await trade();
    for (const path of ['/invoices', '/credit-notes']) {
      const numbers = await numbersOf(path);
      expect([numbers.length, count(numbers)]).toEqual([9, 9]);
      expect(numbers.some((number) => number.endsWith('-000009'))).toBe(true);
    }
    expect((await merchant.all('/invoices')).slice(-6)).toEqual(before.invoices);
    expect((await fanfold('dlq', 'list')).code).toBe(0);
  }, 60_000);
});

describe('Payments', () => {
  type ShownPayment = Shown &
    Record<
      'metadata' | 'createdAt' | 'updatedAt' | 'version' | 'customer' | 'lines' | 'description',
      unknown
    >;
  /** What a payment shows but for what no event tells. */
  const told = ({
    metadata,
    createdAt,
    updatedAt,
    version,
    customer,
    lines,
    description,
    ...payment
  }: ShownPayment) => ({
    ...payment,
    refunds: payment.refunds.map((refund) => ({ ...refund, createdAt: null })).sort(byId),
    ...(payment.amountCaptured > 0 && { customer, lines, description }),
  });
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
  const shown = async () => ((await merchant.all('/payments')) as ShownPayment[]).map(told).sort(byId);
  let before: unknown[];
  let recorded: string[];

  it('are restored with their states, refunds and numbers', async () => {
    const accepted = await pay();
    await done('stage', 'stop', '--service', 'payments');
    const key = crypto.randomUUID();
    const refused = await merchant.post('/payments', twoChairs(), { 'idempotency-key': key });
    expect([refused.status, refused.body]).toEqual([503, { message: 'Service Unavailable' }]);
    expect((await merchant.post(`/payments/${accepted.id}/refunds`, {})).status).toBe(503);
    // The publisher was the last that stopped: billing has the payment, though payments does not know the invoice yet.
    const invoiceNumber = await eventually(async () => {
      const events = await merchant.all('/events');
      const invoices = (await merchant.all('/invoices')) as (Shown & { paymentId: string; number: string })[];
      const invoice = invoices.find(({ paymentId }) => paymentId === accepted.id);
      expect(events.some(({ id }) => id.startsWith(`${invoice?.id}:`))).toBe(true);
      return invoice?.number;
    });
    before = (await shown()).map((payment) =>
      payment.id === accepted.id ? { ...payment, invoiceNumber } : payment,
    );
    await putBack('payments');
    expect((await shown()).length).toBeLessThan(before.length);
    const { plan, proof } = await done('restore', 'payments', '--yes');
    expect(plan.lack).toMatchObject({ from: expect.anything(), to: expect.anything() });
    expect(plan.missing).toMatchObject({
      'payment.captured.v1': 7,
      'payment.refunded.v1': 6,
      'invoice.issued.v1': 7,
    });
    expect([proof.holds, proof.problems]).toEqual([true, []]);
    expect(await shown()).toEqual(before);
    await expectNothingPublished('payments');
    const again = await done('restore', 'payments', '--yes');
    expect([again.operationId, again.proof.holds]).toEqual([null, true]);
  }, 60_000);

  it('are not whole when the provider has charged what nobody recorded: that is named', async () => {
    const known = await tables.itemsOf('payments-sandbox');
    const charged = {
      pk: 'pay_untold',
      operation: 'charge',
      paymentId: 'pay_untold',
      merchantId: 'restored',
      amount: 12_100,
      currency: 'EUR',
      outcome: { result: 'succeeded' },
      recordedAt: new Date().toISOString(),
    };
    await tables.replace('payments-sandbox', [...known, marshall(charged)]);
    // Again and again, until it is settled.
    for (const option of ['--dry-run', '--yes', '--yes']) {
      const { code, stdout } = await fanfold('restore', 'payments', option);
      expect([code, stdout]).toEqual([
        1,
        expect.stringContaining('charge pay_untold of restored: 121.00 EUR'),
      ]);
    }
    await tables.replace('payments-sandbox', known);
    expect((await fanfold('restore', 'payments', '--dry-run')).code).toBe(0);
  }, 60_000);

  it('answer each old request as before, and pay no refund twice', async () => {
    await done('stage', 'start', '--service', 'payments');
    recorded = (await merchant.all('/events')).map(({ id }) => id);
    for (const { path, body, key, id, status } of answered) {
      const { body: now, ...again } = await merchant.post(path, body, { 'idempotency-key': key });
      expect([path, again.status, now.id], JSON.stringify(now)).toEqual([path, status, id]);
    }
    const refunded = (await merchant.all('/payments')).filter(({ amountRefunded }) => amountRefunded > 0);
    for (const { id, amountCaptured, amountRefunded } of refunded) {
      const { status, body } = await merchant.post(`/payments/${id}/refunds`, {
        amount: amountCaptured - amountRefunded + 1,
      });
      expect([status, body.code]).toEqual([409, 'refund_exceeds_captured']);
    }
    expect(await shown()).toEqual(before);
  }, 60_000);

  it('show what no event tells once the request that created them has come again', async () => {
    const incomplete = (await merchant.all('/payments')) as unknown as {
      customer: { name: string };
      metadata: object;
    }[];
    for (const { customer, metadata } of incomplete) {
      expect([customer.name, metadata]).toEqual(['Ada Example', { channel: 'web' }]);
    }
  });

  it('go on: an authorization is captured and invoiced, and nothing old is recorded anew or left over', async () => {
    const open = (await merchant.all('/payments')).filter(({ status }) => status === 'authorized');
    expect(open).toHaveLength(3);
    for (const { id } of open) expect((await merchant.post(`/payments/${id}/capture`, {})).status).toBe(200);
    await eventually(settled);
    const invoices = await numbersOf('/invoices');
    expect([invoices.length, count(invoices)]).toEqual([13, 13]);
    const more = (await merchant.all('/events')).map(({ id }) => id).filter((id) => !recorded.includes(id));
    expect(more).toHaveLength(3 * open.length);
    expect((await fanfold('dlq', 'list')).code).toBe(0);
    expect((await fanfold('findings')).code).toBe(0);
  }, 60_000);
});
