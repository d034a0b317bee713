import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test, vi } from 'vitest';
import type { Payment } from '../payment/payment.ts';
import {
  answered,
  authorized,
  captured,
  declined,
  paymentId,
  processing,
} from '../payment/paymentFixtures.ts';
import { insert, load, update } from './payments.ts';
import {
  capturedNow,
  conditionFailed,
  type Item,
  itemOf,
  noPaymentIds,
  puts,
  table,
  unchanged,
  written,
} from './tableFixtures.ts';

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

  test('with what is for its events only in one packed attribute, as whoever changed it last', async () => {
    table.on(PutItemCommand).resolves({});
    const before = authorized();
    // As it was stored before anything was packed.
    table.on(GetItemCommand).resolves({ Item: itemOf(before, { due: 'expire#1', dueAt: 'x', day: 'y' }) });
    const loaded = await load('acme', before.id);
    expect(loaded).toEqual(before);
    const changed = { ...before, invoiceNumber: 'INV-2026-000001', version: before.version + 1 };
    await update(loaded as Payment, () => unchanged(changed));
    const [{ Item } = {}] = puts();
    expect(Item).toMatchObject({ facts: { B: expect.anything() }, invoiceNumber: { S: 'INV-2026-000001' } });
    for (const name of ['customer', 'lines', 'history', 'requests']) expect(Item).not.toHaveProperty(name);
    table.on(GetItemCommand).resolves({ Item: Item as Item });
    expect(await load('acme', before.id)).toEqual(changed);
  });

  test('with a mark where it has no event, so that no publisher runs for it', async () => {
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

test('What is no payment’s id is not looked up', async () => {
  for (const id of noPaymentIds) expect(await load('acme', id)).toBeUndefined();
  expect(table.calls()).toEqual([]);
});
