import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Instruction } from '../provider.ts';
import { provider } from './provider.ts';
import { records } from './records.ts';
import { hourMs, instructionFor, stripeAt } from './stripeFixtures.ts';

let stripe: ReturnType<typeof stripeAt>;
beforeEach(() => {
  stripe = stripeAt('2026-11-30T12:00:00.000Z');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  stripe.secretsManager.restore();
});

async function paid(operation: 'charge' | 'authorize', paymentId: string, paymentMethod = 'pm_card_visa') {
  const first = instructionFor(operation, { key: paymentId, paymentId, paymentMethod });
  const instruction = { ...first, reference: (await provider.prepare?.(first)) as string };
  await provider.perform(instruction);
  return instruction;
}

const then = (first: Instruction, operation: Instruction['operation'], amount: number) =>
  provider.perform({ ...first, operation, key: `${operation}_${first.paymentId}`, amount });

test('how a payment was paid is found by its id', async () => {
  await paid('charge', 'pay_1');
  await paid('authorize', 'pay_2');
  stripe.clock.now += 2 * 60_000;
  expect(await records.find('pay_1')).toEqual({ operation: 'charge', paymentMethod: 'pm_card_visa' });
  expect(await records.find('pay_2')).toEqual({ operation: 'authorize', paymentMethod: 'pm_card_visa' });
  expect(await records.find('pay_3')).toBeUndefined();
});

test('what was carried out since a time is told, a part at a time, and nothing of others', async () => {
  await paid('charge', 'pay_before');
  stripe.clock.now += hourMs;
  const since = new Date(stripe.clock.now).toISOString();
  await then(await paid('charge', 'pay_1'), 'refund', 4000);
  await then(await paid('authorize', 'pay_2'), 'capture', 5000);
  await then(await paid('authorize', 'pay_3'), 'void', 12_100);
  await paid('charge', 'pay_4', 'pm_card_chargeDeclined');
  const given = await paid('charge', 'pay_5', 'pm_card_authenticationRequired');
  await provider.close(given);
  const foreign = await paid('charge', 'pay_6');
  const [last] = stripe.fake.events.slice(-1);
  Object.assign(last?.data.object ?? {}, { metadata: {} });
  expect(foreign).toBeDefined();

  const { done, next } = await records.list(since, undefined);
  expect(next).toBeUndefined();
  const about = { merchantId: 'acme', currency: 'EUR', recordedAt: since };
  expect(done.reverse()).toEqual([
    { ...about, operation: 'charge', key: 'pay_1', paymentId: 'pay_1', amount: 12_100 },
    { ...about, operation: 'refund', key: 'refund_pay_1', paymentId: 'pay_1', amount: 4000 },
    { ...about, operation: 'authorize', key: 'pay_2', paymentId: 'pay_2', amount: 12_100 },
    { ...about, operation: 'capture', key: expect.stringMatching(/^pi_/), paymentId: 'pay_2', amount: 5000 },
    { ...about, operation: 'authorize', key: 'pay_3', paymentId: 'pay_3', amount: 12_100 },
    { ...about, operation: 'void', key: expect.stringMatching(/^pi_/), paymentId: 'pay_3', amount: 12_100 },
  ]);
  for (let n = 0; n < 120; n++) await paid('charge', `pay_more_${n}`);
  const first = await records.list(since, undefined);
  const second = await records.list(since, first.next);
  expect([first.done.length, second.next]).toEqual([100, undefined]);
  expect(first.done.length + second.done.length).toBe(126);
});
