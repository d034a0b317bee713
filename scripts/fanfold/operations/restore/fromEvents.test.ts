import {
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { invoiceIssued } from '@fanfold/contracts/billing';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import type { SeriesFloor, Standing, Total, Totals } from '@fanfold/runtime/restore';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import type { Cloud } from '../../aws/cloud.ts';
import { UsageError } from '../../errors.ts';
import { billingEvents } from './billing.ts';
import { fromEvents } from './fromEvents.ts';
import type { RestoreRun } from './restoration.ts';

/** Audit's function and billing's, with a log and a table in memory. */
const [lambda, sqs] = [mockClient(LambdaClient), mockClient(SQSClient)];
type Recorded = { id: string; type: string; text: string | null; time: string };
let log: Recorded[];
let table: Map<string, string>;
/** What the table has besides, and what it says to events in whose place it has something else. */
let more: Total[];
let other: Map<string, string>;
/** By the ids of recorded events, what the table would publish in their place. */
let renumbered: Map<string, string>;
let raised: SeriesFloor[];
/** By the ids of events, the one that each follows: it cannot be written before that. */
let follows: Map<string, string>;
let highest: number;
/** Up to which number the log's bucket knows that they were given, and what was noted as lost. */
let given: number;
let lost: object[];
let misfits: string[];
let waiting: number;
/** The services whose consumers run. */
let running: string[];
/** The ids of events that were written, in order. */
let written: string[];

const trace = {
  correlationid: 'req_1',
  causationid: 'req_1',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
};
const timeOf = (n: number) => `2026-11-23T10:00:0${n}.000Z`;

/** An invoice with this number, and the capture that it was issued for. */
function invoiced(n: number, number = n): Recorded[] {
  const [subject, cause] = [`inv_${n}`, `pay_${n}:1`];
  const net = 100 * n;
  const totals = { net, tax: 0, gross: net, taxByRate: [{ rate: '0.00', net, tax: 0 }] };
  const event = makeEvent(invoiceIssued, {
    subject,
    n: 1,
    time: timeOf(n),
    merchantid: 'acme',
    trace: { ...trace, causationid: cause },
    data: {
      invoiceId: subject,
      number: `INV-2026-${String(number).padStart(6, '0')}`,
      issueDate: '2026-11-23',
      paymentId: `pay_${n}`,
      orderId: 'order-1',
      currency: 'EUR',
      totals,
    },
  });
  const captured = { id: cause, type: 'payment.captured.v1', merchantid: 'acme', time: timeOf(n) };
  return [captured, event].map((each) => ({
    id: each.id,
    type: each.type,
    text: JSON.stringify(each),
    time: each.time,
  }));
}

const erase = (recorded: Recorded): Recorded => ({ ...recorded, text: null });

beforeEach(() => {
  [log, more, raised, written, misfits] = [[], [], [], [], []];
  [table, other, renumbered, follows] = [new Map(), new Map(), new Map(), new Map()];
  [highest, given, waiting] = [0, 0, 0];
  lost = [];
  running = [];
  lambda.reset();
  lambda.on(InvokeCommand).callsFake(({ Payload }) => {
    const asked = JSON.parse(Payload);
    const answer = asked.read || asked.restore === 'lost' ? audit(asked) : billing(asked);
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });
  lambda.on(ListEventSourceMappingsCommand).callsFake(() => ({
    EventSourceMappings: ['audit', 'billing'].map((service) => ({
      FunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:fanfold-${service}-test-consumer`,
      EventSourceArn: `arn:aws:sqs:eu-west-1:123456789012:fanfold-test-${service}-events`,
      State: running.includes(service) ? 'Enabled' : 'Disabled',
    })),
  }));
  lambda.on(GetFunctionConcurrencyCommand).resolves({ ReservedConcurrentExecutions: 0 });
  sqs.on(GetQueueUrlCommand).resolves({ QueueUrl: 'queue' });
  sqs.on(GetQueueAttributesCommand).callsFake(() => ({
    Attributes: { ApproximateNumberOfMessages: String(waiting) },
  }));
});

// biome-ignore lint/suspicious/noExplicitAny: requests of several forms
function audit(asked: any): unknown {
  if (asked.restore === 'lost') {
    lost.push(...asked.numbers);
    return { noted: asked.numbers.length };
  }
  const indexed = ({ id, type }: Recorded, position: number) => ({ merchantId: 'acme', id, type, position });
  switch (asked.read) {
    case 'log':
      return { misfits };
    case 'series':
      return {
        series: highest === 0 ? [] : [{ merchantId: 'acme', name: 'INV-2026', highest, missing: [] }],
      };
    case 'given':
      return {
        numbers:
          given === 0 ? [] : [{ merchantId: 'acme', name: 'INV-2026', highest: given, notedAt: timeOf(9) }],
      };
    case 'lost':
      return { numbers: lost };
    case 'index':
      return { events: log.map(indexed).filter(({ type }) => type === asked.type) };
    case 'event': {
      const found = log.find(({ id }) => id === asked.id);
      return found ? { id: found.id, time: found.time } : null;
    }
    default: {
      const ids = asked.events.map(({ id }: Event) => id);
      const found = log.flatMap((each, position) =>
        ids.includes(each.id) ? { position, text: each.text } : [],
      );
      if (found.length < ids.length) throw new Error('The log does not have all of these events');
      return found;
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: requests of several forms
function billing(asked: any): unknown {
  switch (asked.restore) {
    case 'compare':
      return asked.events.map(({ id }: Event): Standing => {
        const why = other.get(id);
        if (why) return { state: 'other', why };
        const text = renumbered.get(id);
        if (text) return { state: 'renumbered', why: 'it has another number', text };
        const isCause = id.startsWith('pay_');
        return { state: table.has(isCause ? `inv_${id.slice(4)}` : id) ? 'same' : 'missing' };
      });
    case 'write':
      return asked.events.map(({ text }: { text: string }): Standing => {
        const { id } = JSON.parse(text);
        const first = follows.get(id);
        if (first !== undefined && !table.has(first)) return { state: 'early' };
        table.set(id, text);
        written.push(id);
        return { state: 'same' };
      });
    case 'behind':
      return asked.series.filter(({ count }: SeriesFloor) => !raised.some((floor) => floor.count >= count));
    case 'raise':
      raised.push(...asked.series);
      return null;
    case 'totals':
      return totals();
    default:
      return null;
  }
}

function totals(): Totals {
  const events = [...table.values()].map((text) => JSON.parse(text));
  return {
    totals: [
      ...events.map(({ type, data }) => ({
        merchantId: 'acme',
        date: data.issueDate,
        type,
        currency: data.currency,
        count: 1,
        amountMinor: data.totals.gross,
      })),
      ...more,
    ],
    numbers: [],
  };
}

const cloud = {
  stage: 'test',
  region: 'eu-west-1',
  lambdaOf: () => new LambdaClient({ region: 'eu-west-1' }),
  sqs: new SQSClient({ region: 'eu-west-1' }),
  controls: () => [
    { lambda: new LambdaClient({ region: 'eu-west-1' }), events: { send: async () => ({ Rules: [] }) } },
  ],
  stages: ['test'],
} as unknown as Cloud;

const run: RestoreRun = {
  step: (_what, _total, work) => work(() => {}),
  pause: async () => {},
  signal: new AbortController().signal,
  isDry: false,
};
const billingRestoration = fromEvents(billingEvents);

it('What the table lacks is planned without a write, then written, and then proven', async () => {
  log = [1, 2, 3].flatMap((n) => invoiced(n));
  table.set('inv_1:1', log[1]?.text ?? '');
  const plan = await billingRestoration.plan(cloud, run);
  expect(plan).toMatchObject({
    toWrite: 3,
    details: {
      same: 1,
      missing: { 'invoice.issued.v1': 2 },
      from: timeOf(2),
      to: timeOf(3),
      seriesBehind: 1,
    },
  });
  expect([written, raised]).toEqual([[], []]);
  expect(await billingRestoration.prove(cloud, run)).toMatchObject({
    holds: false,
    details: { missing: 2, waiting: 2 },
  });

  await plan.write();
  expect(written).toEqual(['inv_2:1', 'inv_3:1']);
  expect(raised).toEqual([{ merchantId: 'acme', name: 'INV-2026', count: 3, lastIssuedAt: timeOf(3) }]);
  const proof = await billingRestoration.prove(cloud, run);
  expect(proof).toMatchObject({
    holds: true,
    details: { days: [{ date: '2026-11-23', count: 3, amountMinor: 600, isEqual: true }], waiting: 0 },
  });
  expect(proof.lines).toContain('INV-2026 of acme: 1 to 3, no gap and none twice.');
  expect(await billingRestoration.plan(cloud, run)).toMatchObject({ toWrite: 0 });
});

/** A credit note, and the refund that it was issued for. */
function credited(n: number, number: number): Recorded[] {
  return invoiced(n, number).map(({ text, ...each }) => {
    const [id, type] =
      each.type === 'invoice.issued.v1'
        ? [`cn_${n}:1`, 'credit-note.issued.v1']
        : [each.id, 'payment.refunded.v1'];
    const event = JSON.parse(String(text).replaceAll('INV-', 'CN-').replaceAll(`inv_${n}`, `cn_${n}`));
    return { ...each, id, type, text: JSON.stringify({ ...event, type }) };
  });
}

it('What follows a document of a later type is written with it, in one run, and what never can be ends it', async () => {
  // Invoices have their turn before credit notes, and the second one reverses a credit note.
  log = [...invoiced(1), ...credited(9, 1), ...invoiced(2), ...invoiced(3)];
  follows = new Map([
    ['cn_9:1', 'inv_1:1'],
    ['inv_2:1', 'cn_9:1'],
    ['inv_3:1', 'cn_8:1'],
  ]);
  const { write } = await billingRestoration.plan(cloud, run);
  await write();
  expect(written).toEqual(['inv_1:1', 'cn_9:1', 'inv_2:1']);
});

it('While the service runs, it is planned only to be shown', async () => {
  log = [1, 2].flatMap((n) => invoiced(n));
  running = ['billing'];
  const refused = billingRestoration.plan(cloud, run);
  await expect(refused).rejects.toThrow('billing consumer may run meanwhile');
  await expect(refused).rejects.not.toBeInstanceOf(UsageError);
  const { toWrite, lines } = await billingRestoration.plan(cloud, { ...run, isDry: true });
  expect(toWrite).toBe(3);
  expect(lines).toContain("0 recorded events are in billing's table as recorded.");
});

it('What was interrupted goes on', async () => {
  log = [1, 2].flatMap((n) => invoiced(n));
  const interrupted = new AbortController();
  const { write } = await billingRestoration.plan(cloud, { ...run, signal: interrupted.signal });
  interrupted.abort(new Error('Interrupted'));
  await expect(write()).rejects.toThrow('Interrupted');
  await (await billingRestoration.plan(cloud, run)).write();
  expect((await billingRestoration.prove(cloud, run)).holds).toBe(true);
});

it('Numbers whose documents were lost with audit are named and noted, and not given again', async () => {
  log = [1, 2].flatMap((n) => invoiced(n));
  [highest, given] = [2, 5];
  const said = 'INV-2026-000003 to 000005 of acme were given and their documents are lost';
  const numbers = [{ merchantId: 'acme', name: 'INV-2026', first: 3, last: 5 }];
  const plan = await billingRestoration.plan(cloud, run);
  expect(plan).toMatchObject({ toWrite: 3, details: { seriesBehind: 1, lostNumbers: numbers } });
  expect(plan.lines).toContainEqual(expect.stringContaining(said));
  expect(lost).toEqual([]);

  await plan.write();
  expect(lost).toEqual(numbers);
  expect(raised).toEqual([{ merchantId: 'acme', name: 'INV-2026', count: 5, lastIssuedAt: timeOf(9) }]);
  const proof = await billingRestoration.prove(cloud, run);
  expect(proof).toMatchObject({ holds: true, details: { lostNumbers: numbers } });
  expect(proof.lines).toContainEqual(expect.stringContaining(said));
  expect(await billingRestoration.plan(cloud, run)).toMatchObject({ toWrite: 0 });

  // Later, when the series has gone on, the numbers are no gap.
  log.push(...invoiced(6));
  [highest, given] = [6, 6];
  const later = await billingRestoration.plan(cloud, run);
  expect(later).toMatchObject({ toWrite: 2, details: { lostNumbers: numbers } });
  await later.write();
  expect((await billingRestoration.prove(cloud, run)).lines).toContain(
    'INV-2026 of acme: 1 to 6, no gap but for those lost and none twice.',
  );
});

const total: Total = {
  merchantId: 'acme',
  date: '2026-11-30',
  type: 'invoice.issued.v1',
  currency: 'EUR',
  count: 2,
  amountMinor: 500,
};

it.each<[string, () => void, string[]]>([
  [
    'is newer than the log, or of another stage',
    () => more.push(total),
    [
      '`fanfold republish --service billing --date 2026-11-30 --merchant acme --stage test --region eu-west-1`',
      '2026-11-30, acme: 2 of invoice.issued.v1',
    ],
  ],
  [
    'has another document in the place of a recorded one',
    () => other.set('inv_2:1', 'its content is another one'),
    ['inv_2:1 of acme: its content is another one'],
  ],
  ['is beside a log that lacks documents', () => log.push(...invoiced(7)), ['INV-2026 has no 4, 5, 6']],
  [
    'is beside a log that lacks the last documents',
    () => {
      highest = 5;
    },
    ['INV-2026 has no 4, 5'],
  ],
  [
    'is beside a log that does not fit',
    () => misfits.push('The log has 3 entries, and 5 are published'),
    ['`fanfold restore audit --stage test --region eu-west-1`', 'The log has 3 entries, and 5 are published'],
  ],
  [
    'is beside an audit that has not recorded all, and is stopped',
    () => {
      waiting = 3;
    },
    ["3 messages in audit's queue are not recorded", '`fanfold stage start --service audit'],
  ],
])('A table is not restored that %s', async (_what, spoil, said) => {
  log = [1, 2, 3].flatMap((n) => invoiced(n));
  spoil();
  const refused = await billingRestoration.plan(cloud, run).catch((error) => error);
  expect(refused).toMatchObject({ name: 'CommandError' });
  for (const part of said) expect(refused.message).toContain(part);
  expect(written).toEqual([]);
});

it('A table is not restored while the consumer of its service runs', async () => {
  log = invoiced(1);
  running = ['audit', 'billing'];
  await expect(billingRestoration.plan(cloud, run)).rejects.toThrow('stage stop --service billing');
  running = ['audit'];
  expect(await billingRestoration.plan(cloud, run)).toMatchObject({ toWrite: 2 });
});

it('Documents with the same number all come back, which the proof names, and nobody is held up by them', async () => {
  log = [1, 2, 3].flatMap((n) => invoiced(n));
  log.push(...invoiced(4, 2));
  const { write } = await billingRestoration.plan(cloud, run);
  await write();
  expect(written).toEqual(['inv_1:1', 'inv_2:1', 'inv_3:1', 'inv_4:1']);
  const proof = await billingRestoration.prove(cloud, run);
  expect(proof).toMatchObject({
    isWhole: true,
    holds: false,
    details: { missing: 0, problems: ['INV-2026-000002 of acme was given twice'] },
  });
  expect(proof.lines).toContain('  INV-2026-000002 of acme was given twice');
  expect(proof.lines).toContain('INV-2026 of acme: 1 to 3, no gap and some twice.');
  expect(await billingRestoration.plan(cloud, run)).toMatchObject({ toWrite: 0 });
  table.delete('inv_4:1');
  expect(await billingRestoration.prove(cloud, run)).toMatchObject({ isWhole: false, holds: false });
});

it('A document that the table has under another number holds nobody up: both numbers are taken, and it is named', async () => {
  log = [1, 2, 3].flatMap((n) => invoiced(n));
  const [, again] = invoiced(2, 4) as [Recorded, Recorded];
  renumbered.set('inv_2:1', String(again.text));
  table.set('inv_2:1', String(again.text));
  const plan = await billingRestoration.plan(cloud, run);
  expect(plan.lines).toContain('  inv_2:1 of acme: it has another number');
  await plan.write();
  expect(written).toEqual(['inv_1:1', 'inv_3:1']);
  expect(raised).toMatchObject([{ count: 4 }]);
  const proof = await billingRestoration.prove(cloud, run);
  expect(proof).toMatchObject({
    isWhole: true,
    holds: false,
    details: { missing: 0, problems: [], renumbered: [{ id: 'inv_2:1' }] },
  });
  expect(proof.lines).toContain('INV-2026 of acme: 1 to 4, no gap and none twice.');
});

it('A document is not written without the event that it was issued for, which is named', async () => {
  log = [1, 2].flatMap((n) => invoiced(n)).filter(({ id }) => id !== 'pay_2:1');
  const { write } = await billingRestoration.plan(cloud, run);
  await expect(write()).rejects.toThrow('pay_2:1 of acme');
});

it('Erased documents are named and keep their numbers: those that are missing, and those behind the last', async () => {
  const [, first] = invoiced(1);
  const [, last] = invoiced(3);
  log = [erase(first as Recorded), ...invoiced(2), erase(last as Recorded)];
  const plan = await billingRestoration.plan(cloud, run);
  expect(plan.details).toMatchObject({ missing: { 'invoice.issued.v1': 1 } });
  expect(plan.lines).toContain('Lost for good, because they were erased from the log: 2 events.');
  await plan.write();
  expect(raised).toMatchObject([{ count: 3, lastIssuedAt: timeOf(3) }]);
  expect(await billingRestoration.prove(cloud, run)).toMatchObject({ holds: true, details: { lost: 2 } });
});
