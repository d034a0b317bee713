import { readFileSync } from 'node:fs';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventOf } from './payment/events.ts';
import { create, settle } from './payment/lifecycle.ts';
import type { Payment } from './payment/payment.ts';
import { momentAt, paymentRequest, succeeded } from './payment/paymentFixtures.ts';
import { refund, settleRefund } from './payment/refunds.ts';
import { provider as sandbox } from './providers/sandbox/provider.ts';
import { closingsOf } from './store/days.ts';
import { load } from './store/payments.ts';
import { differencesOn } from './store/queries.ts';
import { republishWhole } from './store/republish.ts';
import { paymentsRestorer } from './store/restore.ts';
import { sellerOf } from './store/sellers.ts';

let emulators: Emulators;

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  const { Table, SandboxTable } = await templateOf('payments');
  if (!Table || !SandboxTable) throw new Error('payments has no tables');
  await provision({ Table, SandboxTable }, emulators.endpoints);
  process.env.PAYMENTS_TABLE_NAME = String(Table.Properties.TableName);
  process.env.SANDBOX_TABLE_NAME = String(SandboxTable.Properties.TableName);
});
afterAll(() => emulators.stop());

const { compare, write } = paymentsRestorer;
const idOf = (n: number) => `pay_${String(n).padStart(32, '0')}`;

/** A payment that was captured and refunded several times. */
function refundedOften(n: number, refunds: number): Payment {
  const request = { ...paymentRequest, captureMethod: 'automatic' as const };
  const asking = create(request, { id: idOf(n), merchantId: 'acme', fingerprint: 'f' }, momentAt()).payment;
  let { payment } = settle(asking, succeeded, momentAt(), true);
  for (let i = 0; i < refunds; i++) {
    const asked = { id: `re_${n}${i}`, amount: 100, reason: null, fingerprint: 'f' };
    payment = settleRefund(
      refund(payment, asked, momentAt()).payment,
      asked.id,
      succeeded,
      momentAt(),
    ).payment;
  }
  return payment;
}

const textsOf = (payment: Payment) =>
  payment.history.map((_, i) => ({ text: JSON.stringify(eventOf(payment, i + 1)) }));
const asked = (texts: { text: string }[]) =>
  texts.map(({ text }) => {
    const { merchantid: merchantId, id } = JSON.parse(text);
    return { merchantId, id, text };
  });
const erased = (texts: { text: string }[]) => asked(texts).map((event) => ({ ...event, text: null }));

describe('Events of one payment', () => {
  it('that are restored at the same time are all there then, each once', async () => {
    const payment = refundedOften(1, 5);
    const [first, ...others] = textsOf(payment);
    expect(await write([others[0] as { text: string }])).toEqual([{ state: 'early' }]);
    await write([first as { text: string }]);
    // Each may be early until those before it are there.
    for (let left = others; left.length > 0; ) {
      const standings = await Promise.all(left.map((text) => write([text])));
      left = left.filter((_, i) => standings[i]?.[0]?.state === 'early');
    }
    expect(await compare(asked(textsOf(payment)))).toEqual(Array(6).fill({ state: 'same' }));
    expect(await load('acme', payment.id)).toMatchObject({ amountRefunded: 500, version: payment.version });
  });

  it('that were erased are only known to be there or not', async () => {
    const [here, gone] = [refundedOften(2, 1), refundedOften(3, 1)];
    await write(textsOf(here));
    expect(await compare(erased(textsOf(here)))).toEqual(Array(2).fill({ state: 'same' }));
    expect(await compare(erased(textsOf(gone)))).toEqual(Array(2).fill({ state: 'missing' }));
  });

  it('do not tell how it was paid, but the provider does, if it knows the payment', async () => {
    const [known, unknown] = [refundedOften(4, 0), refundedOften(5, 0)];
    const { id, merchantId, currency, amount } = known;
    const instruction = {
      key: id,
      paymentId: id,
      merchantId,
      operation: 'charge',
      currency,
      amount,
    } as const;
    await sandbox.perform({ ...instruction, paymentMethod: 'pm_card_visa', askedAt: known.createdAt });
    await write([...textsOf(known), ...textsOf(unknown)]);
    expect((await load('acme', known.id))?.paymentMethod).toBe('pm_card_visa');
    expect((await load('acme', unknown.id))?.paymentMethod).toBe('unknown');
  });
});

/** How it is found again, to be published. */
const wholes: [string, () => AsyncGenerator<{ merchantId: string; subject: string }[]>][] = [
  ['payments.day-closed.v1', () => closingsOf('2026-03-03', ['acme'])],
  ['payments.difference-found.v1', () => differencesOn('2026-03-04', 'acme')],
];

it.each(wholes)('%s is restored without being published, until that is asked for', async (type, find) => {
  const example = new URL(`../../../packages/contracts/examples/${type}.json`, import.meta.url);
  const event = JSON.parse(readFileSync(example, 'utf8'));
  const texts = [{ text: JSON.stringify(event) }];
  expect(await compare(erased(texts))).toEqual([{ state: 'missing' }]);
  expect(await compare(asked(texts))).toEqual([{ state: 'missing' }]);
  expect(await write(texts)).toEqual([{ state: 'same' }]);
  expect(await compare([...asked(texts), ...erased(texts)])).toEqual(Array(2).fill({ state: 'same' }));
  const saysNothing = async () => {
    const Key = { pk: { S: `acme#${event.subject}` } };
    const { Item } = await new DynamoDBClient({}).send(
      new GetItemCommand({ TableName: process.env.PAYMENTS_TABLE_NAME, Key }),
    );
    return Item?.saysNothing;
  };
  expect(await saysNothing()).toEqual({ BOOL: true });
  for await (const [whole] of find()) {
    if (whole) await republishWhole(whole, new Date());
  }
  expect(await saysNothing()).toBeUndefined();
});

it('The seller of a merchant is restored, and does not go back to an earlier one', async () => {
  const example = new URL('../../../packages/contracts/examples/seller.changed.v1.json', import.meta.url);
  const first = JSON.parse(readFileSync(example, 'utf8'));
  const second = {
    ...first,
    id: `${first.subject}:2`,
    sequence: '0000000002',
    data: { version: 2, seller: { ...first.data.seller, legalName: 'Renamed BV' } },
  };
  const texts = [second, first].map((event) => ({ text: JSON.stringify(event) }));
  expect(await compare(asked(texts))).toEqual(Array(2).fill({ state: 'missing' }));
  expect(await write(texts)).toEqual(Array(2).fill({ state: 'same' }));
  expect(await sellerOf('acme')).toMatchObject({ legalName: 'Renamed BV' });
  expect(await compare([...asked(texts), ...erased(texts)])).toEqual(Array(4).fill({ state: 'same' }));
});
