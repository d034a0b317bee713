import { randomUUID } from 'node:crypto';
import { QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type Seller, sellerRequest } from '@fanfold/contracts/seller';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import type { Finding } from '@fanfold/runtime/finding';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { metrics, stageMetrics } from '@fanfold/runtime/metrics';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { bill } from './bill.ts';
import { triedOf } from './books.ts';
import { captured, dayClosed, ordering, orderLine, refunded, refundFailed, trace } from './eventFixtures.ts';
import { type Captured, invoiceIdOf } from './invoice.ts';
import { compareAgain, reconcile } from './reconcile.ts';
import type { Difference } from './reconciliation.ts';
import { release } from './release.ts';
import { documentsFor } from './store/days.ts';
import { findByNumber, listCreditNotes, listInvoices, type ShownInvoice } from './store/documents.ts';
import { loadFinding } from './store/findings.ts';
import { putSeller } from './store/sellers.ts';
import { countWaiting, parkedCaptures } from './store/waiting.ts';

let emulators: Emulators;
const { measured: written, logged } = captureOutput();
/** What is measured is written when a function ends. */
function measured() {
  for (const each of [metrics, stageMetrics]) if (each.hasStoredMetrics()) each.publishStoredMetrics();
  return written();
}

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  const { Table, DocumentsBucket } = await templateOf('billing');
  if (!Table || !DocumentsBucket) throw new Error('billing has no table or no bucket');
  await provision({ Table, DocumentsBucket }, emulators.endpoints);
  process.env.BILLING_TABLE_NAME = String(Table.Properties.TableName);
  process.env.DOCUMENTS_BUCKET_NAME = String(DocumentsBucket.Properties.BucketName);
});
beforeEach(() => {
  vi.stubEnv('DEFAULT_SELLER', 'null');
  metrics.clearMetrics();
});
afterAll(() => emulators.stop());

const paymentId = (n: number) => `pay_${String(n).padStart(32, '0')}`;

/** The n-th capture of a merchant, in the n-th second. */
const capture = (merchantid: string, n: number, order = ordering()): Captured => {
  const event = captured({
    paymentId: paymentId(n),
    orderId: `order-${n}`,
    ...(order.lines && { lines: null }),
    order,
  });
  return { ...event, merchantid, time: `2026-11-23T10:00:${String(n).padStart(2, '0')}.000Z` };
};
const refund = (merchantid: string, n: number) => ({
  ...refunded(n, 100, 0, 'EUR', paymentId(n)),
  merchantid,
});

const company = { legalName: 'Own BV', address: { country: 'BE' }, vatId: 'BE0403019261' };
const put = (merchantId: string, changes: object = {}) =>
  putSeller({
    caller: { merchantId, subject: 'test' },
    body: sellerRequest.parse({ ...company, ...changes }) as Seller,
    idempotencyKey: randomUUID(),
    now: new Date(),
    trace,
    path: {},
    query: {},
    remainingTimeMs: () => 15_000,
  });

/** Not one of the minutes in which all are tried again. */
const halfPast = new Date('2026-11-30T10:30:00.000Z');
const plenty = { now: halfPast, remainingTimeMs: () => 60_000 };
const done = new Map();
const all = { limit: 100 } as never;

async function waiting(merchantId: string): Promise<number> {
  let count = 0;
  for await (const page of parkedCaptures(merchantId, null)) count += page.length;
  return count;
}

/** The ids of orders by the numbers of their invoices. */
async function numbered(merchantId: string) {
  const { items } = await listInvoices(merchantId, all);
  return items
    .map(({ invoice }) => [invoice?.number.slice(-6), invoice?.orderId])
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

describe('A capture whose merchant has no seller', () => {
  test('has no number, and gets its invoice in order of capture once there is one, and each refund its credit note', async () => {
    const events = [3, 1, 2].map((n) => capture('late', n));
    expect(await bill([...events, refund('late', 2)])).toEqual(done);
    expect(await bill([events[0] as Captured])).toEqual(done);
    await release(plenty);
    expect(await numbered('late')).toEqual([]);
    expect(measured()).toMatchObject([{ WaitingForSeller: 3 }]);

    await put('late');
    await release(plenty);
    expect(await numbered('late')).toEqual([
      ['000001', 'order-1'],
      ['000002', 'order-2'],
      ['000003', 'order-3'],
    ]);
    expect((await listCreditNotes('late', all)).items.map(({ orderId }) => orderId)).toEqual(['order-2']);
    expect(await countWaiting()).toBe(0);

    expect(await bill([...events, refund('late', 2)])).toEqual(done);
    await release(plenty);
    expect(await numbered('late')).toHaveLength(3);
  });

  test('gets it also when a seller becomes the default of the stage', async () => {
    await bill([capture('default', 1)]);
    vi.stubEnv('DEFAULT_SELLER', JSON.stringify(company));
    await release(plenty);
    expect(await numbered('default')).toEqual([['000001', 'order-1']]);
  });

  test('does not hold up others, and is released by several runs at once as by one', async () => {
    await bill([capture('nobody', 1), ...[1, 2, 3, 4].map((n) => capture('twice', n))]);
    await put('twice');
    await Promise.all([release(plenty), release(plenty)]);
    expect((await numbered('twice')).map(([number]) => number)).toEqual([
      '000001',
      '000002',
      '000003',
      '000004',
    ]);
    expect(await numbered('nobody')).toEqual([]);
  });

  test('is left to the next run when time is up', async () => {
    await bill([1, 2].map((n) => capture('hurried', n)));
    await put('hurried');
    let looks = 0;
    await release({ now: halfPast, remainingTimeMs: () => (looks++ < 1 ? 60_000 : 0) });
    expect(await numbered('hurried')).toEqual([]);
    await release(plenty);
    expect(await numbered('hurried')).toHaveLength(2);
  });

  test('has every refund credited and every failed one charged again, also when one transaction does not hold all', async () => {
    const lines = Array.from({ length: 50 }, () =>
      orderLine({ description: '€'.repeat(200), quantity: '1', unitPrice: '2' }),
    );
    const event = capture('parts', 1, ordering({ lines }));
    const refunds = Array.from({ length: 20 }, (_, i) => {
      const { data, ...about } = refunded(i + 1, 50, 50 * i, 'EUR', paymentId(1));
      const credit = {
        lines: lines.map((_, line) => ({ line: line + 1, amount: 1, quantity: null })),
        creditedBefore: [50 * i],
      };
      return { ...about, merchantid: 'parts', data: { ...data, refund: { ...data.refund, credit } } };
    });
    const failures = refunds.map((each, i) => ({ ...refundFailed(each, 100 + i), merchantid: 'parts' }));
    for (const events of [[event], refunds, failures]) expect(await bill(events)).toEqual(done);
    await put('parts');
    let runs = 0;
    for (; (await waiting('parts')) > 0; runs++) {
      expect(runs).toBeLessThan(10);
      await release(plenty);
    }
    expect(runs).toBeGreaterThan(1);
    expect(await numbered('parts')).toHaveLength(1 + failures.length);
    expect((await listCreditNotes('parts', all)).items).toHaveLength(refunds.length);
    expect(logged()).toEqual([]);
  });

  test('whose failed refund cannot be charged again is told of', async () => {
    const dollars = { ...refunded(1, 100, 0, 'USD', paymentId(1)), merchantid: 'unfit' };
    const failure = { ...refundFailed(dollars, 80), merchantid: 'unfit' };
    await bill([capture('unfit', 1), dollars, failure]);
    await put('unfit');
    await release(plenty);
    expect(logged()).toMatchObject([
      { invoiceId: invoiceIdOf(paymentId(1)), eventIds: [dollars.id, failure.id] },
    ]);
  });

  test('is released with others of more merchants than a run has time to look at', async () => {
    const merchants = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `crowd-${n}`);
    for (const merchantId of merchants) await bill([capture(merchantId, 1)]);
    vi.stubEnv('DEFAULT_SELLER', JSON.stringify(company));
    const left = async () => {
      const numbers = await Promise.all(merchants.map(numbered));
      return numbers.filter(({ length }) => length === 0).length;
    };
    // Each look at the time takes five seconds.
    const run = () => {
      let leftMs = 60_000;
      return release({ now: halfPast, remainingTimeMs: () => (leftMs -= 5_000) });
    };
    for (let before = await left(); before > 0; ) {
      await run();
      const after = await left();
      expect(after).toBeLessThan(before);
      before = after;
    }
  });

  test('is released behind however many merchants that lack something', async () => {
    const merchants = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `hopeless-${n}`);
    for (const merchantId of [...merchants, 'zealous']) await bill([capture(merchantId, 1)]);
    await put('zealous');
    // A run has time to look at four.
    const run = () => {
      let leftMs = 60_000;
      return release({ now: halfPast, remainingTimeMs: () => (leftMs -= 2_500) });
    };
    for (let runs = 0; (await numbered('zealous')).length === 0; runs++) {
      expect(runs).toBeLessThan(8);
      await run();
    }
  });

  test('is tried again each hour, also with a seller that lacked something: a deployment may have changed what', async () => {
    await bill([capture('relaxed', 1)]);
    const { current } = await put('relaxed');
    const pk = `relaxed#${invoiceIdOf(paymentId(1))}`;
    const tried = triedOf(current);
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: process.env.BILLING_TABLE_NAME,
        Key: { pk: { S: pk } },
        UpdateExpression: 'SET tried = :tried, parkedCapture.tried = :tried',
        ExpressionAttributeValues: { ':tried': { S: tried } },
      }),
    );
    await release(plenty);
    expect(await numbered('relaxed')).toEqual([]);
    await release({ ...plenty, now: new Date('2026-11-30T11:03:00.000Z') });
    expect(await numbered('relaxed')).toEqual([['000001', 'order-1']]);
  });

  test('is refused when it comes again with other data', async () => {
    await bill([capture('changed', 1)]);
    const other = capture('changed', 1);
    const failures = await bill([{ ...other, data: { ...other.data, orderId: 'another' } }]);
    expect([...failures.values()]).toMatchObject([{ name: 'Unprocessable' }]);
  });
});

describe('A capture that the seller cannot issue', () => {
  test('waits for what the seller lacks, beside others, and is tried again when that was put', async () => {
    const notSubject = ordering({
      lines: [orderLine({ taxRate: '0', taxCategory: 'O', unitPrice: '60.50' })],
    });
    await put('lacking');
    await bill([capture('lacking', 1, notSubject), capture('lacking', 2)]);
    expect(await numbered('lacking')).toEqual([['000001', 'order-2']]);
    await release(plenty);
    expect(await numbered('lacking')).toHaveLength(1);
    await put('lacking', { registration: { id: '0403019261', scheme: '0208' } });
    await release(plenty);
    expect(await numbered('lacking')).toEqual([
      ['000001', 'order-2'],
      ['000002', 'order-1'],
    ]);
  });
});

describe('A day with captures that wait', () => {
  const closed = (merchantId: string, captures: number) =>
    dayClosed(
      {
        counts: { 'payment.captured.v1': captures, 'payment.refunded.v1': 1 },
        totals: { EUR: { captured: 12_100 * captures, refunded: 100 } },
      },
      merchantId,
    );
  const compare = (merchantId: string, captures: number) =>
    reconcile(closed(merchantId, captures), new Date(Date.now() - 6 * 3_600_000));

  test('has a finding that says what they wait for, without an alarm, until they have their invoices', async () => {
    await bill([capture('found', 1), capture('found', 2), refund('found', 1)]);
    await compare('found', 2);
    const finding = await loadFinding('found', '2026-11-23');
    expect(finding).toMatchObject({
      mendedAt: null,
      difference: {
        expected: { captures: 2, refunds: 1 },
        found: { captures: 0, refunds: 0 },
        parked: {
          captures: 2,
          refunds: 1,
          totals: { EUR: { captured: 24_200, refunded: 100 } },
          missing: [{ pointer: '/seller', rule: 'seller', message: 'must be put: PUT /seller' }],
        },
      },
    });
    expect(measured()).toEqual([]);
    await put('found');
    await release(plenty);
    expect(await loadFinding('found', '2026-11-23')).toMatchObject({ mendedAt: expect.any(String) });
    // A run that read the finding before that is late, and has not failed.
    await compareAgain(finding as Finding<Difference>);
    expect(logged()).toContainEqual(expect.objectContaining({ message: 'reconciliation mended' }));
  });

  test('is not alarmed by captures that are released while it is compared', async () => {
    await bill([capture('released', 1), refund('released', 1)]);
    await put('released');
    const send = dynamodb.send.bind(dynamodb);
    const spy = vi.spyOn(dynamodb, 'send').mockImplementation(async (command: object, ...more: unknown[]) => {
      if (command instanceof QueryCommand && command.input.IndexName === 'Waiting') {
        spy.mockRestore();
        await release(plenty);
      }
      return send(command as never, ...(more as []));
    });
    await compare('released', 1);
    expect(await numbered('released')).toHaveLength(1);
    expect(measured().filter((metric) => 'EventsMissing' in metric)).toEqual([]);
    expect(await loadFinding('released', '2026-11-23')).toBeUndefined();
  });

  test('raises the alarm when something is missing besides', async () => {
    const others = await countWaiting();
    await bill([capture('lost', 1), refund('lost', 1)]);
    await compare('lost', 2);
    expect(measured()).toMatchObject([{ EventsMissing: 1 }]);
    await put('lost');
    await release(plenty);
    expect(await loadFinding('lost', '2026-11-23')).toMatchObject({ mendedAt: null });
    // What is missing besides waits for no seller.
    expect(await countWaiting()).toBe(others);
    await bill([capture('lost', 2)]);
    await release(plenty);
    expect(await loadFinding('lost', '2026-11-23')).toMatchObject({ mendedAt: expect.any(String) });
  });
});

describe('Documents with a numbering prefix', () => {
  test('have a series without gaps for each prefix, found by number, day and page, and credit notes keep that of their invoice', async () => {
    const merchantId = 'prefixed';
    const year = new Date().getUTCFullYear();
    await put(merchantId);
    await bill([capture(merchantId, 1)]);
    await put(merchantId, { numberingPrefix: 'ACME' });
    await bill([capture(merchantId, 2), capture(merchantId, 3)]);
    await put(merchantId, { numberingPrefix: 'ZETA' });
    await bill([capture(merchantId, 4), refund(merchantId, 2), refund(merchantId, 1)]);
    await put(merchantId, { numberingPrefix: 'ACME' });
    await bill([capture(merchantId, 5)]);
    const invoices = async (query: object = {}) =>
      (await listInvoices(merchantId, { limit: 100, ...query })).items;
    const orders = (shown: ShownInvoice[]) =>
      Object.fromEntries(shown.map(({ invoice }) => [invoice.orderId, invoice.number]));
    expect(orders(await invoices())).toEqual({
      'order-1': `INV-${year}-000001`,
      'order-2': `ACME-INV-${year}-000001`,
      'order-3': `ACME-INV-${year}-000002`,
      'order-4': `ZETA-INV-${year}-000001`,
      'order-5': `ACME-INV-${year}-000003`,
    });
    const creditNotes = (await listCreditNotes(merchantId, all)).items;
    expect(creditNotes.map(({ number }) => number).sort()).toEqual([
      `ACME-CN-${year}-000001`,
      `CN-${year}-000001`,
    ]);
    const found = await Promise.all(
      (await invoices()).map(({ invoice }) => findByNumber(merchantId, invoice.number)),
    );
    expect(found.flat()).toEqual((await invoices()).map(({ invoice }) => invoice.id));
    expect(await findByNumber(merchantId, `ACME-CN-${year}-000001`)).toHaveLength(1);
    expect(await documentsFor(merchantId, 'invoice', '2026-11-23')).toHaveLength(5);
    const pages: string[] = [];
    for (let startingAfter: string | undefined; ; startingAfter = pages.at(-1)) {
      const page = await invoices({ limit: 2, startingAfter });
      pages.push(...page.map(({ invoice }) => invoice.id));
      if (page.length < 2) break;
    }
    expect(pages).toEqual((await invoices()).map(({ invoice }) => invoice.id));
  });
});
