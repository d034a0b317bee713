import { readFileSync } from 'node:fs';
import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DayBook, type DayClosing } from './day.ts';
import { type Change, type Payment, refund, settle, settleRefund } from './payment.ts';
import {
  answered,
  authorized,
  captured,
  declined,
  momentAt,
  paymentId,
  processing,
} from './paymentFixtures.ts';
import {
  activeOn,
  closeDay,
  closingsOf,
  dueFor,
  eventsOf,
  insert,
  list,
  load,
  markClosed,
  noteCreditNoteNumber,
  noteInvoiceNumber,
  progressOf,
  republishDay,
  republishEvents,
  update,
} from './store.ts';

/** What a real table does not do on command: answers that are lost, late or partial, and conflicts. */
const table = mockClient(DynamoDBClient);

beforeEach(() => {
  vi.stubEnv('PAYMENTS_TABLE_NAME', 'payments');
  vi.spyOn(Math, 'random').mockReturnValue(0); // no waiting between attempts
  table.reset();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

type Item = Record<string, AttributeValue>;

const conditionFailed = (item?: Item) =>
  new ConditionalCheckFailedException({
    $metadata: {},
    message: 'The conditional request failed',
    ...(item && { Item: item }),
  });

const itemOf = (payment: Payment, more: Record<string, unknown> = {}): Item =>
  marshall({ ...payment, pk: `acme#${payment.id}`, writeId: 'theirs', said: [], ...more });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const puts = () => table.commandCalls(PutItemCommand).map(({ args: [{ input }] }) => input);
const written = () => puts().map(({ Item }) => unmarshall(Item ?? {}));

const unchanged = (payment: Payment): Change => ({ payment, eventNumbers: [] });
const capturedNow = () => answered(processing({ captureMethod: 'automatic' }));

describe('A new payment is written', () => {
  test('unless there is one with its id, in one write that carries its events and when to look at it', async () => {
    table.on(PutItemCommand).resolves({});
    const { payment, eventNumbers } = capturedNow();
    expect(await insert({ payment, eventNumbers })).toBeUndefined();
    expect(puts()).toMatchObject([
      {
        TableName: 'payments',
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    ]);
    const { id, ask, failure, cancellationReason, expiresAt, ...stored } = payment;
    expect(written()).toEqual([
      {
        ...stored,
        said: eventNumbers,
        pk: `acme#${paymentId}`,
        writeId: expect.any(String),
        day: '2026-11-23#1',
      },
    ]);
  });

  test.each([
    ['without what it has nothing of', answered(processing())],
    ['with an intent', { payment: processing(), eventNumbers: [] }],
    ['with a failure', answered(processing(), declined)],
  ])('%s, and is read as it was', async (_what, { payment, eventNumbers }) => {
    table.on(PutItemCommand).resolves({});
    await insert({ payment, eventNumbers });
    const [{ Item } = {}] = puts();
    table.on(GetItemCommand).resolves({ Item: Item as Item });
    expect(await load('acme', payment.id)).toEqual(payment);
  });

  test('with a mark where it says nothing, so that no publisher runs for it', async () => {
    table.on(PutItemCommand).resolves({});
    await insert(unchanged(processing()));
    expect(written()).toMatchObject([{ said: [], saysNothing: true }]);
  });

  test('and the one that is there already is returned as it is', async () => {
    const theirs = authorized();
    table
      .on(PutItemCommand)
      .rejects(conditionFailed(itemOf(theirs, { due: 'expire#1', dueAt: 'x', day: 'y' })));
    expect(await insert(unchanged(processing()))).toEqual(theirs);
  });

  test('even when the answer to the write was lost and its repetition met it', async () => {
    table.on(PutItemCommand).callsFake(({ Item }) => {
      throw conditionFailed(Item);
    });
    expect(await insert(unchanged(processing()))).toBeUndefined();
  });

  test('never, when one of its events could not be read by anybody', async () => {
    const { payment, eventNumbers } = capturedNow();
    await expect(
      insert({ payment: { ...payment, description: 'x'.repeat(50_000) }, eventNumbers }),
    ).rejects.toThrow(RangeError);
    await expect(insert({ payment: { ...payment, currency: 'XXX' }, eventNumbers })).rejects.toThrow();
    expect(puts()).toEqual([]);
  });

  test.each([
    ['the condition failed but nothing is there', conditionFailed()],
    ['the table is away', new Error('away')],
  ])('or not, and that is an error, when %s', async (_what, error) => {
    table.on(PutItemCommand).rejects(error);
    await expect(insert(unchanged(processing()))).rejects.toBe(error);
  });
});

describe('A payment is changed', () => {
  const asked = processing();
  const decide = (payment: Payment) => answered(payment);

  test('when nobody changed it since it was read', async () => {
    table.on(PutItemCommand).resolves({});
    const payment = await update(asked, decide);
    expect(payment).toEqual(authorized());
    expect(puts()).toMatchObject([
      { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': { N: '1' } } },
    ]);
    expect(written()).toMatchObject([{ status: 'authorized', version: 2, said: [1] }]);
  });

  test('not at all, when the decision is to leave it as it is', async () => {
    expect(await update(asked, unchanged)).toBe(asked);
    expect(puts()).toEqual([]);
  });

  test('again as it is by then, when another change came between', async () => {
    const newer = { ...asked, version: 5, invoiceNumber: 'INV-2026-000001' };
    table
      .on(PutItemCommand)
      .rejectsOnce(conditionFailed(itemOf(newer)))
      .resolves({});
    const decided = vi.fn(decide);
    const payment = await update(asked, decided);
    expect(decided.mock.calls.map(([{ version }]) => version)).toEqual([1, 5]);
    expect(payment).toMatchObject({ status: 'authorized', version: 6, invoiceNumber: 'INV-2026-000001' });
    expect(puts()[1]?.ExpressionAttributeValues).toEqual({ ':version': { N: '5' } });
  });

  test('not any more, when by then there is nothing left to do', async () => {
    const newer = authorized();
    table.on(PutItemCommand).rejects(conditionFailed(itemOf(newer)));
    expect(await update(asked, decide)).toEqual(newer);
    expect(puts()).toHaveLength(1);
  });

  test('or refused, when by then it is not allowed', async () => {
    table.on(PutItemCommand).rejects(conditionFailed(itemOf(captured())));
    const refusing = (payment: Payment) => {
      if (payment.status === 'captured') throw new Error('too late');
      return decide(payment);
    };
    await expect(update(asked, refusing)).rejects.toThrow('too late');
  });

  test('once, when the answer to the write was lost and its repetition met it', async () => {
    table.on(PutItemCommand).callsFake(({ Item }) => {
      throw conditionFailed(Item);
    });
    const decided = vi.fn(decide);
    expect(await update(asked, decided)).toEqual(authorized());
    expect(decided).toHaveBeenCalledTimes(1);
  });

  test('under an id of each write, so that another write of the same change is not taken for one’s own', async () => {
    table.on(PutItemCommand).resolves({});
    await update(asked, decide);
    await update(asked, decide);
    const [one, other] = written();
    expect(one?.writeId).not.toBe(other?.writeId);
  });

  test('until others have come between for too long: then the caller is told to try again', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let version = 1;
    table.on(PutItemCommand).callsFake(() => {
      version += 1;
      vi.setSystemTime(Date.now() + 100);
      throw conditionFailed(itemOf({ ...asked, version }));
    });
    await expect(update(asked, decide)).rejects.toMatchObject({
      status: 409,
      code: 'payment_busy',
      headers: { 'Retry-After': '1' },
      payment: { version: 41 },
    });
    expect(puts()).toHaveLength(40);
  });

  test('or not, and that is an error, when the table is away or the payment gone', async () => {
    for (const error of [new Error('away'), conditionFailed()]) {
      table.on(PutItemCommand).rejects(error);
      await expect(update(asked, decide)).rejects.toBe(error);
    }
  });
});

describe('A payment that is written is due', () => {
  const due = async (payment: Payment) => {
    table.reset();
    table.on(PutItemCommand).resolves({});
    await insert(unchanged(payment));
    const [item] = written();
    return { due: item?.due, dueAt: item?.dueAt };
  };
  const refunding = (payment: Payment, id: string, time: string) =>
    refund(payment, { id, amount: 100, reason: null, fingerprint: 'f' }, momentAt(time)).payment;

  test('for the janitor once the request that asks the provider must be over', async () => {
    expect(await due(processing())).toEqual({ due: 'settle#1', dueAt: '2026-11-23T10:00:15.000Z' });
  });

  test('for the janitor at once, when it is known that the outcome is not', async () => {
    const unknown = settle(processing(), { result: 'unknown' }, momentAt('10:00:03.000'), true).payment;
    expect(await due(unknown)).toEqual({ due: 'settle#1', dueAt: '2026-11-23T10:00:03.000Z' });
  });

  test('for the janitor for the first of its refunds that are pending', async () => {
    const two = refunding(refunding(captured(), 're_1', '11:00:00.000'), 're_2', '10:30:00.000');
    expect(await due(two)).toEqual({ due: 'settle#1', dueAt: '2026-11-23T10:30:15.000Z' });
    const one = settleRefund(two, 're_2', { result: 'succeeded' }, momentAt()).payment;
    expect(await due(one)).toEqual({ due: 'settle#1', dueAt: '2026-11-23T11:00:15.000Z' });
  });

  test('for the expiry when its authorization ends, unless the provider is being asked', async () => {
    expect(await due(authorized())).toEqual({ due: 'expire#1', dueAt: '2026-11-30T10:00:00.000Z' });
    const asked: Payment = { ...authorized(), ask: processing().ask, status: 'processing' };
    expect((await due(asked)).due).toBe('settle#1');
  });

  test('for nobody when there is nothing to wait for', async () => {
    const none = { due: undefined, dueAt: undefined };
    expect(await due(captured())).toEqual(none);
    expect(await due(answered(processing(), declined).payment)).toEqual(none);
  });
});

describe('A payment that is written is found by the day', () => {
  const dayOf = async (...times: string[]) => {
    table.reset();
    table.on(PutItemCommand).resolves({});
    const [said] = captured().history;
    await insert(unchanged({ ...captured(), history: times.map((time) => ({ ...said, time }) as never) }));
    return written()[0]?.day;
  };

  test('on which it last said something, whatever the order in which that was written', async () => {
    expect(await dayOf()).toBeUndefined();
    expect(await dayOf('2026-11-23T10:00:00.000Z')).toBe('2026-11-23#1');
    expect(await dayOf('2026-11-23T10:00:00.000Z', '2026-11-24T00:00:06.000Z')).toBe('2026-11-24#1');
    expect(await dayOf('2026-11-24T00:00:06.000Z', '2026-11-23T23:59:58.000Z')).toBe('2026-11-24#1');
  });
});

describe('What a write said', () => {
  test('is read from the item as it was written', () => {
    const { payment, eventNumbers } = capturedNow();
    expect(eventsOf(itemOf(payment, { said: eventNumbers }))).toMatchObject([
      { id: `${paymentId}:1`, type: 'payment.captured.v1', data: { amountCaptured: 12_100 } },
    ]);
  });

  test('is nothing, where it said nothing', () => {
    expect(eventsOf(itemOf(processing()))).toEqual([]);
    expect(eventsOf(marshall({ pk: 'closed#2026-11-23' }))).toEqual([]);
  });
});

describe('What was said is said again', () => {
  const now = new Date('2026-11-25T08:00:00.000Z');
  const updates = () => table.commandCalls(UpdateItemCommand).map(({ args: [{ input }] }) => input);

  test('by a write that changes nothing but what the stream needs to carry it', async () => {
    table.on(UpdateItemCommand).resolves({});
    await republishEvents(captured(), [1], now);
    expect(updates()).toEqual([
      {
        TableName: 'payments',
        Key: { pk: { S: `acme#${paymentId}` } },
        UpdateExpression: 'SET said = :said, saidAgainAt = :now REMOVE saysNothing',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: marshall({ ':said': [1], ':now': now.toISOString() }),
      },
    ]);
  });

  test('as it was, whatever has happened to the payment since', () => {
    const { payment, eventNumbers } = capturedNow();
    const before = eventsOf(itemOf(payment, { said: eventNumbers }));
    const later = refund(payment, { id: 're_1', amount: 5, reason: null, fingerprint: 'f' }, momentAt());
    const { payment: refunded } = settleRefund(later.payment, 're_1', { result: 'succeeded' }, momentAt());
    expect(eventsOf(itemOf(refunded, { said: [1], saidAgainAt: now.toISOString() }))).toEqual(before);
  });

  test('leaves no trace in the payment', async () => {
    table.on(GetItemCommand).resolves({ Item: itemOf(captured(), { saidAgainAt: now.toISOString() }) });
    expect(await load('acme', paymentId)).toEqual(captured());
  });

  test('also of a day that is closed, and not of one that is not', async () => {
    const closing = { subject: 'day_2026-11-23_acme', merchantId: 'acme' };
    table
      .on(BatchGetItemCommand)
      .resolves({ Responses: { payments: [marshall({ pk: 'acme#day', closing })] } });
    const closings: DayClosing[] = [];
    for await (const page of closingsOf('2026-11-23', ['acme', 'globex'])) closings.push(...page);
    expect(closings).toEqual([closing]);
    const [request] = table.commandCalls(BatchGetItemCommand);
    expect(request?.args[0].input.RequestItems?.payments?.Keys).toEqual([
      { pk: { S: 'acme#day_2026-11-23_acme' } },
      { pk: { S: 'globex#day_2026-11-23_globex' } },
    ]);
    table.on(UpdateItemCommand).resolvesOnce({}).rejects(new Error('away'));
    for (const each of closings) await republishDay(each, now);
    expect(updates()).toMatchObject([{ Key: { pk: { S: 'acme#day_2026-11-23_acme' } } }]);
    await expect(republishDay(closings[0] as DayClosing, now)).rejects.toThrow('away');
  });
});

describe('A number from billing is noted', () => {
  const updates = () => table.commandCalls(UpdateItemCommand).map(({ args: [{ input }] }) => input);
  const withRefund = refund(
    captured(),
    { id: 're_1', amount: 1, reason: null, fingerprint: 'f' },
    momentAt(),
  ).payment;

  test('in one write that says nothing, so that what was said before does not go out again', async () => {
    table.on(UpdateItemCommand).resolves({});
    await noteInvoiceNumber('acme', paymentId, 'INV-2026-000001');
    await noteCreditNoteNumber('acme', paymentId, 're_1', 'CN-2026-000001');
    expect(updates()).toMatchObject([
      {
        Key: { pk: { S: `acme#${paymentId}` } },
        ConditionExpression: 'invoiceNumber = :none',
        ExpressionAttributeValues: { ':number': { S: 'INV-2026-000001' }, ':nothing': { L: [] } },
      },
      {
        ConditionExpression: 'refunds.#refund.creditNoteNumber = :none',
        ExpressionAttributeNames: { '#refund': 're_1' },
        ExpressionAttributeValues: { ':number': { S: 'CN-2026-000001' } },
      },
    ]);
    for (const { UpdateExpression } of updates()) {
      expect(UpdateExpression).toContain(
        'version = version + :one, updatedAt = :now, said = :nothing, saysNothing = :true, writeId = :writeId',
      );
    }
  });

  test('once: the same number again is no news', async () => {
    table
      .on(UpdateItemCommand)
      .rejects(conditionFailed(itemOf({ ...withRefund, invoiceNumber: 'INV-2026-000001' })));
    await expect(noteInvoiceNumber('acme', paymentId, 'INV-2026-000001')).resolves.toBeUndefined();
  });

  test.each([
    [
      'another invoice number',
      'contradiction',
      { ...withRefund, invoiceNumber: 'INV-2026-000002' },
      undefined,
    ],
    [
      'another credit note number',
      'contradiction',
      {
        ...withRefund,
        refunds: { re_1: { ...withRefund.refunds.re_1, creditNoteNumber: 'CN-2026-000002' } },
      },
      're_1',
    ],
    ['no such refund', 'unknown-refund', withRefund, 're_2'],
    ['no refund by a name that every object has', 'unknown-refund', withRefund, 'constructor'],
  ])('never where there is %s', async (_what, reason, payment, refundId) => {
    table.on(UpdateItemCommand).rejects(conditionFailed(itemOf(payment as Payment)));
    const noting = refundId
      ? noteCreditNoteNumber('acme', paymentId, refundId, 'CN-2026-000001')
      : noteInvoiceNumber('acme', paymentId, 'INV-2026-000001');
    await expect(noting).rejects.toMatchObject({ name: 'Unprocessable', reason });
  });

  test('never where there is no payment', async () => {
    table.on(UpdateItemCommand).rejects(conditionFailed());
    await expect(noteInvoiceNumber('acme', paymentId, 'INV-2026-000001')).rejects.toMatchObject({
      name: 'Unprocessable',
      reason: 'unknown-payment',
    });
  });

  test('or not, and comes again, when the table is away', async () => {
    table.on(UpdateItemCommand).rejects(new Error('away'));
    await expect(noteInvoiceNumber('acme', paymentId, 'INV-2026-000001')).rejects.toThrow('away');
  });
});

describe('Payments that an index points to', () => {
  const ids = ['a', 'b', 'c'].map((letter) => `pay_${letter.repeat(32)}`);
  const payments = ids.map((id): Payment => ({ ...captured(), id }));
  const entries = ids.map((id) => marshall({ pk: `acme#${id}` }));
  const found = (...chosen: Payment[]) => ({
    Responses: { payments: chosen.map((payment) => itemOf(payment)) },
  });

  test('are read in the order of the index, whatever the order of the answer', async () => {
    table.on(QueryCommand).resolves({ Items: entries });
    table.on(BatchGetItemCommand).resolves(found(...payments.toReversed()));
    const { items, hasMore } = await list('acme', { limit: 3 });
    expect(items.map(({ id }) => id)).toEqual(ids);
    expect(hasMore).toBe(false);
    expect(table.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({
      IndexName: 'ByMerchant',
      ScanIndexForward: false,
      Limit: 4,
    });
  });

  test('are asked for again as long as some were not answered', async () => {
    const [a, b, c] = payments as [Payment, Payment, Payment];
    const unprocessed = (...keys: Item[]) => ({ UnprocessedKeys: { payments: { Keys: keys } } });
    table.on(QueryCommand).resolves({ Items: entries });
    table
      .on(BatchGetItemCommand)
      .resolvesOnce({ ...found(b), ...unprocessed(entries[0] as Item, entries[2] as Item) })
      .resolvesOnce(unprocessed(entries[0] as Item, entries[2] as Item))
      .resolvesOnce({ ...found(c), ...unprocessed(entries[0] as Item) })
      .resolves(found(a));
    expect((await list('acme', { limit: 3 })).items.map(({ id }) => id)).toEqual(ids);
    const asked = table
      .commandCalls(BatchGetItemCommand)
      .map(({ args: [{ input }] }) => input.RequestItems?.payments?.Keys?.length);
    expect(asked).toEqual([3, 2, 2, 1]);
  });

  test('are left out when they are gone', async () => {
    table.on(QueryCommand).resolves({ Items: entries });
    table.on(BatchGetItemCommand).resolves(found(payments[2] as Payment));
    expect((await list('acme', { limit: 3 })).items.map(({ id }) => id)).toEqual([ids[2]]);
  });

  test('are one page, and there is more when the index has one more', async () => {
    table.on(QueryCommand).resolves({ Items: entries });
    table.on(BatchGetItemCommand).resolves(found(...payments.slice(0, 2)));
    const { items, hasMore } = await list('acme', { limit: 2 });
    expect(items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(hasMore).toBe(true);
    expect(
      table.commandCalls(BatchGetItemCommand)[0]?.args[0].input.RequestItems?.payments?.Keys,
    ).toHaveLength(2);
  });

  test('are none when the index has none, and then nothing is read', async () => {
    table.on(QueryCommand).resolves({});
    expect(await list('acme', { limit: 2 })).toEqual({ items: [], hasMore: false });
    expect(table.commandCalls(BatchGetItemCommand)).toEqual([]);
  });

  test('are found in every part and on every page of what is due, also behind an empty page', async () => {
    const part = (input: { ExpressionAttributeValues?: Item | undefined }) =>
      input.ExpressionAttributeValues?.[':part']?.S;
    table.on(QueryCommand).callsFake((input) => {
      if (part(input) !== 'settle#f') return { Items: [] };
      if (!input.ExclusiveStartKey) return { Items: [], LastEvaluatedKey: { pk: { S: 'first' } } };
      if (input.ExclusiveStartKey.pk.S === 'first') {
        return { Items: entries.slice(0, 2), LastEvaluatedKey: { pk: { S: 'second' } } };
      }
      return { Items: entries.slice(2) };
    });
    table
      .on(BatchGetItemCommand)
      .callsFake(({ RequestItems }) =>
        found(
          ...payments.filter(({ id }) =>
            RequestItems.payments.Keys.some(({ pk }: Item) => pk?.S === `acme#${id}`),
          ),
        ),
      );
    const due = (await collect(dueFor('settle', new Date('2026-11-23T10:00:00Z')))).flat();
    expect(due.map(({ id }) => id)).toEqual(ids);
    const parts = new Set(table.commandCalls(QueryCommand).map(({ args: [{ input }] }) => part(input)));
    expect([...parts]).toEqual([...'0123456789abcdef'].map((shard) => `settle#${shard}`));
  });

  test('are found in every part of a day', async () => {
    table
      .on(QueryCommand)
      .callsFake(({ ExpressionAttributeValues }) =>
        ExpressionAttributeValues[':part'].S === '2026-11-23#c' ? { Items: entries.slice(2) } : {},
      );
    table.on(BatchGetItemCommand).resolves(found(payments[2] as Payment));
    const pages = await collect(activeOn('2026-11-23'));
    // Parts without any are pages too: meanwhile time may be up.
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual(
      [...'0123456789abcdef'].map((shard) => (shard === 'c' ? [ids[2]] : [])),
    );
    expect(table.commandCalls(QueryCommand)).toHaveLength(16);
  });

  test('of one merchant on a day are asked for by that merchant, so that nobody else’s are read', async () => {
    table.on(QueryCommand).resolves({});
    await collect(activeOn('2026-11-23', 'acme'));
    const [first] = table.commandCalls(QueryCommand).map(({ args: [{ input }] }) => input);
    expect(first).toMatchObject({
      KeyConditionExpression: '#day = :part AND begins_with(pk, :prefix)',
      ExpressionAttributeValues: marshall({ ':part': '2026-11-23#0', ':prefix': 'acme#' }),
    });
    expect(table.commandCalls(BatchGetItemCommand)).toEqual([]);
  });
});

describe('What is no payment’s id', () => {
  const others = [
    '',
    'day_2026-11-23_acme',
    'pay_1',
    `pay_${'g'.repeat(32)}`,
    `pay_${'a'.repeat(33)}`,
    `${paymentId}#`,
  ];

  test('is not looked up', async () => {
    for (const id of others) expect(await load('acme', id)).toBeUndefined();
    expect(table.calls()).toEqual([]);
  });

  test('is no place for a page of a list to start after', async () => {
    table.on(GetItemCommand).resolves({});
    for (const startingAfter of [...others, paymentId]) {
      await expect(list('acme', { limit: 1, startingAfter })).rejects.toEqual(
        expect.objectContaining({
          status: 404,
          code: 'not_found',
          errors: [{ pointer: '#/startingAfter', detail: 'must be the id of a payment' }],
        }),
      );
    }
    expect(table.commandCalls(QueryCommand)).toEqual([]);
  });
});

describe('A closed day', () => {
  const book = new DayBook('2026-11-23', { now: new Date('2026-11-24T00:15:00Z'), trace: momentAt().trace });
  book.add(captured());
  const [closing] = book.closings() as [DayClosing];

  test('is written once with what it says, whose event is read from it', async () => {
    table.on(PutItemCommand).resolves({});
    await closeDay(closing);
    expect(puts()).toMatchObject([{ ConditionExpression: 'attribute_not_exists(pk)' }]);
    expect(eventsOf(puts()[0]?.Item ?? {})).toMatchObject([
      { id: 'day_2026-11-23_acme:1', type: 'payments.day-closed.v1', data: { date: '2026-11-23' } },
    ]);
  });

  test('stays as it is when it is closed again', async () => {
    table.on(PutItemCommand).rejects(conditionFailed());
    await expect(closeDay(closing)).resolves.toBeUndefined();
    await expect(markClosed('2026-11-23')).resolves.toBeUndefined();
  });

  test('is not closed when the table is away', async () => {
    table.on(PutItemCommand).rejects(new Error('away'));
    await expect(closeDay(closing)).rejects.toThrow('away');
    await expect(markClosed('2026-11-23')).rejects.toThrow('away');
  });

  test('is never written when its event could not be read by anybody', async () => {
    await expect(closeDay({ ...closing, date: 'yesterday' })).rejects.toThrow();
    expect(puts()).toEqual([]);
  });

  test('is known to be closed by its mark, which is read as it was written last', async () => {
    table
      .on(GetItemCommand)
      .resolvesOnce({})
      .resolves({ Item: marshall({ pk: 'closed#2026-11-23' }) });
    expect(await progressOf('2026-11-23')).toBe('not begun');
    expect(await progressOf('2026-11-23')).toBe('closed');
    expect(table.commandCalls(GetItemCommand)[0]?.args[0].input).toEqual({
      TableName: 'payments',
      Key: { pk: { S: 'closed#2026-11-23' } },
      ConsistentRead: true,
    });
  });
});

/** Items as they were written once, with what they said: a line for each. Lines are added and never changed. */
const stored = readFileSync(new URL('../fixtures/stored.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { item: Record<string, unknown>; events: { type: string }[] });

test.each(
  stored.map(({ item, events }) => [item.pk, events.map(({ type }) => type).join(', '), item, events]),
)(
  'what %s said (%s) is for ever the same to the letter, whatever becomes of the code',
  (_pk, _types, item, events) => {
    expect(eventsOf(marshall(item)).map((event) => JSON.stringify(event))).toEqual(
      (events as unknown[]).map((event) => JSON.stringify(event)),
    );
  },
);
