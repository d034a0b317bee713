import { readFileSync } from 'node:fs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Event } from '@fanfold/contracts/event';
import type { ProviderPart, ProviderRecord } from '@fanfold/runtime/restore';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import type { Cloud } from '../../aws/cloud.ts';
import type { Comparison } from './comparison.ts';
import { paymentsEvents } from './payments.ts';
import { aboutUntold, untoldOf } from './provider.ts';
import type { RestoreRun } from './restoration.ts';

const lambda = mockClient(LambdaClient);
const cloud = {
  stage: 'test',
  region: 'eu-west-1',
  lambdaOf: () => new LambdaClient({}),
} as unknown as Cloud;
const run = {
  step: (_what, _total, work) => work(() => {}),
  signal: new AbortController().signal,
} as RestoreRun;

const example = (type: string): Event =>
  JSON.parse(
    readFileSync(
      new URL(`../../../../packages/contracts/examples/payment.${type}.v1.json`, import.meta.url),
      'utf8',
    ),
  );

const record = (operation: string, key: string, paymentId = key): ProviderRecord => ({
  key,
  operation,
  paymentId,
  merchantId: 'acme',
  amountMinor: 12_100,
  currency: 'EUR',
  recordedAt: '2026-11-30T14:25:09.033Z',
});

/** What is named of these records, when these events are missing in the table and these payments were erased. */
async function named(records: ProviderRecord[], types: string[], erased: string[] = []): Promise<string[]> {
  const parts: ProviderPart[] = [
    { records: records.slice(0, 1), next: { pk: 'one' } },
    { records: records.slice(1) },
  ];
  lambda.on(InvokeCommand).callsFake(({ Payload }) => {
    const part = parts[JSON.parse(Payload).after ? 1 : 0];
    return { Payload: { transformToString: () => JSON.stringify(part) } };
  });
  const told = new Set(types.flatMap((type) => paymentsEvents.provider?.toldBy(example(type)) ?? []));
  const lost = erased.map((id) => ({ id: `${id}:1` }));
  const untold = await untoldOf(cloud, paymentsEvents, { told, lost } as unknown as Comparison, run);
  return untold.map(({ operation, key }) => `${operation} ${key}`);
}

const paymentId = example('captured').subject;
const refundId = (example('refunded').data as { refund: { id: string } }).refund.id;

it('What no event tells of is named, in all parts of the records', async () => {
  const records = [record('charge', 'pay_1'), record('refund', 're_1', 'pay_1')];
  expect(await named(records, [])).toEqual(['charge pay_1', 'refund re_1']);
});

it('What an event tells of that the table lacks comes back with it, and nothing else of the payment', async () => {
  const records = [
    record('charge', paymentId),
    record('capture', 'cap_1', paymentId),
    record('refund', refundId, paymentId),
    record('refund', 're_other', paymentId),
  ];
  expect(await named(records, ['captured', 'refunded'])).toEqual(['refund re_other']);
  const { subject } = example('authorized');
  expect(
    await named([record('authorize', subject), record('capture', 'cap_1', subject)], ['authorized']),
  ).toEqual(['capture cap_1']);
  const canceled = example('canceled').subject;
  expect(
    await named([record('void', 'void_1', canceled), record('capture', 'cap_2', canceled)], ['canceled']),
  ).toEqual(['capture cap_2']);
});

it('What was erased is named by the plan already', async () => {
  expect(await named([record('charge', 'pay_1'), record('refund', 're_1', 'pay_1')], [], ['pay_1'])).toEqual(
    [],
  );
});

it('Each is named with its merchant, amount and time', () => {
  expect(aboutUntold([{ ...record('charge', 'pay_1') }])[1]).toBe(
    '  charge pay_1 of acme: 121.00 EUR, at 2026-11-30T14:25:09.033Z',
  );
  expect(aboutUntold([])).toEqual([]);
});
