import { readFileSync } from 'node:fs';
import {
  BatchGetItemCommand,
  DynamoDBClient,
  InternalServerError,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { maxRefundsEverPerPayment } from '@fanfold/contracts/payments';
import { isSystemic } from '@fanfold/runtime/failure';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { metrics } from '@fanfold/runtime/metrics';
import { standInForS3 } from '@fanfold/runtime/objectsFixtures';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bill } from './bill.ts';
import { newAccount } from './books.ts';
import { captured, ordering, refunded, refundFailed, sellerOf } from './eventFixtures.ts';
import type { IssuedFiles } from './files/issued.ts';
import { keyOfForms } from './files/written.ts';
import type { Invoice } from './invoice.ts';
import { type AccountItem, eventsOf, storedOf } from './store/items.ts';

process.env.BILLING_TABLE_NAME = 'billing';
process.env.DOCUMENTS_BUCKET_NAME = 'documents';
process.env.DEFAULT_SELLER = JSON.stringify(sellerOf().seller);
const dynamodb = mockClient(DynamoDBClient);
const s3 = standInForS3();
const { logged, measured } = captureOutput();

const canceled = (...codes: string[]) =>
  new TransactionCanceledException({
    message: 'Transaction cancelled',
    $metadata: {},
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
const broken = () => new InternalServerError({ message: 'Internal server error', $metadata: {} });
const captureOf = (n: number) => captured({ paymentId: `pay_${n}` });
const transactions = () => dynamodb.commandCalls(TransactWriteItemsCommand);
/** What each transaction wrote: the number of its puts. */
const sizes = () => transactions().map(({ args }) => args[0].input.TransactItems?.length);

const series = (kind: 'INV' | 'CN') => ({
  ...{ pk: `acme#${kind}-2026`, merchantId: 'acme', name: `${kind}-2026` },
  lastIssuedAt: '2026-11-23T09:00:00.000Z',
});

/** How far each transaction moved the series of invoices. */
const numbersTaken = () =>
  transactions().map(({ args }) => unmarshall(args[0].input.TransactItems?.[0]?.Put?.Item ?? {}).count);

beforeEach(() => {
  // A series is of a year.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-23T12:00:00Z') });
  // Waiting is not what is tested.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  dynamodb.reset();
  dynamodb.on(BatchGetItemCommand).resolves({ Responses: { billing: [] } });
  dynamodb.on(TransactWriteItemsCommand).resolves({});
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a batch of events', () => {
  it('is one read and one write', async () => {
    const failures = await bill([captureOf(1), captureOf(2), refunded(1, 100, 0, 'EUR', 'pay_1')]);
    expect(failures.size).toBe(0);
    expect(dynamodb.commandCalls(BatchGetItemCommand)).toHaveLength(1);
    expect(sizes()).toEqual([5]); // two series, two accounts, one credit note
  });

  it('stores the XML of each document with one call, all at the same time, before it writes', async () => {
    let [open, most] = [0, 0];
    s3.answerWith(async () => {
      open += 1;
      most = Math.max(most, open);
      expect(transactions()).toEqual([]);
      await new Promise(setImmediate);
      open -= 1;
      return { status: 200 };
    });
    const orders = [1, 2, 3].map((n) => captured({ paymentId: `pay_${n}`, order: ordering() }));
    expect((await bill([...orders, captureOf(4)])).size).toBe(0);
    expect([s3.keysWritten().length, most, sizes()]).toEqual([3, 3, [5]]);
  });

  it('stores a document that got another number anew, and writes nothing of which the XML is not stored', async () => {
    const taken = { pk: 'acme#INV-2026', merchantId: 'acme', name: 'INV-2026', count: 1, lastIssuedAt: null };
    const refused = canceled('ConditionalCheckFailed', 'None');
    Object.assign(refused.CancellationReasons?.[0] ?? {}, { Item: marshall(taken) });
    dynamodb.on(TransactWriteItemsCommand).rejectsOnce(refused).resolves({});
    await bill([captured({ order: ordering() })]);
    const keys = s3.keysWritten();
    expect(new Set(keys).size).toBe(2);
    const account = transactions().at(-1)?.args[0].input.TransactItems?.[1]?.Put?.Item ?? {};
    const { files } = (storedOf(account) as AccountItem).invoice as Invoice;
    expect(keys.at(-1)).toBe(keyOfForms((files as IssuedFiles).documents));
  });

  it('does not store twice what it tries to write again unchanged', async () => {
    dynamodb.on(TransactWriteItemsCommand).rejectsOnce(canceled('TransactionConflict', 'None')).resolves({});
    await bill([captured({ order: ordering() })]);
    expect(s3.keysWritten()).toHaveLength(1);
  });

  it('waits as a whole, unwritten, while the bucket is away', async () => {
    s3.answerWith(() => ({ status: 503, body: '<Error><Code>ServiceUnavailable</Code></Error>' }));
    const failures = await bill([captured({ order: ordering() }), captureOf(2)]);
    expect([...failures.values()].map(isSystemic)).toEqual([true, true]);
    expect(transactions()).toEqual([]);
  });

  it('that changes nothing writes nothing', async () => {
    const account = {
      ...newAccount('acme', 'inv_1'),
      version: 1,
      parked: [refunded(1, 100, 0)],
      pk: 'acme#inv_1',
    };
    dynamodb.on(BatchGetItemCommand).resolves({ Responses: { billing: [marshall(account)] } });
    expect((await bill([refunded(1, 100, 0)])).size).toBe(0);
    expect(transactions()).toEqual([]);
  });

  it('reads of a capture its account, its seller and one series, and that of credit notes only for refunds that came before it', async () => {
    const readKeys = () =>
      dynamodb
        .commandCalls(BatchGetItemCommand)
        .flatMap(({ args }) => args[0].input.RequestItems?.billing?.Keys?.map(({ pk }) => pk?.S) ?? []);
    await bill([captureOf(1)]);
    expect(readKeys()).toEqual(['acme#inv_1', 'acme#seller_acme', 'acme#INV-2026']);
    dynamodb.resetHistory();
    const parked = [refunded(1, 100, 0)];
    const account = { ...newAccount('acme', 'inv_1'), version: 1, parked, pk: 'acme#inv_1' };
    dynamodb
      .on(BatchGetItemCommand)
      .resolvesOnce({ Responses: { billing: [marshall(account)] } })
      .resolves({ Responses: { billing: [marshall({ ...series('CN'), count: 7 })] } });
    await bill([captureOf(1)]);
    expect(readKeys().slice(3)).toEqual(['acme#CN-2026']);
    const [transaction] = transactions().slice(-1);
    const written = transaction?.args[0].input.TransactItems?.map(({ Put }) => unmarshall(Put?.Item ?? {}));
    expect(written?.find(({ pk }) => pk === 'acme#CN-2026')).toMatchObject({ count: 8 });
  });

  it('packs an invoice that was stored as it is, and says what it said', async () => {
    const [line = ''] = readFileSync(new URL('../fixtures/stored.jsonl', import.meta.url), 'utf8').split(
      '\n',
    );
    const { item, events } = JSON.parse(line) as { item: AccountItem; events: object[] };
    dynamodb.on(BatchGetItemCommand).resolves({ Responses: { billing: [marshall(item)] } });
    expect((await bill([refunded(2, 100, 100)])).size).toBe(0);
    const [transaction] = transactions();
    const written = transaction?.args[0].input.TransactItems?.map(({ Put }) => Put?.Item ?? {}) ?? [];
    const account = written.find(({ pk }) => pk?.S === 'acme#inv_1') ?? {};
    expect(account.invoice).toEqual({ B: expect.anything() });
    const { id: _id, ...invoice } = item.invoice as Invoice;
    expect(storedOf(account)).toMatchObject({ invoice, version: item.version + 1 });
    expect(eventsOf({ ...account, said: { BOOL: true } }).map((event) => JSON.stringify(event))).toEqual(
      events.map((event) => JSON.stringify(event)),
    );
    expect(written.find(({ pk }) => pk?.S === 'acme#cn_2')?.creditNote).toEqual({ B: expect.anything() });
  });

  it('reads on until the table has given every item', async () => {
    dynamodb
      .on(BatchGetItemCommand)
      .resolvesOnce({
        Responses: { billing: [] },
        UnprocessedKeys: { billing: { Keys: [{ pk: { S: 'acme#inv_1' } }] } },
      })
      .resolves({ Responses: {} });
    await bill([captureOf(1)]);
    expect(dynamodb.commandCalls(BatchGetItemCommand)).toHaveLength(2);
  });

  it('is decided anew from what the refused write gives back when others wrote first, and nothing is read again', async () => {
    const taken = {
      pk: 'acme#INV-2026',
      merchantId: 'acme',
      name: 'INV-2026',
      count: 7,
      lastIssuedAt: '2026-01-01T00:00:00.000Z',
    };
    dynamodb
      .on(TransactWriteItemsCommand)
      .rejectsOnce(
        new TransactionCanceledException({
          message: 'Transaction cancelled',
          $metadata: {},
          CancellationReasons: [{ Code: 'ConditionalCheckFailed', Item: marshall(taken) }, { Code: 'None' }],
        }),
      )
      .resolves({});
    expect((await bill([captureOf(1)])).size).toBe(0);
    expect(dynamodb.commandCalls(BatchGetItemCommand)).toHaveLength(1);
    expect(numbersTaken()).toEqual([1, 8]);
    for (const { Put } of transactions()[0]?.args[0].input.TransactItems ?? []) {
      expect(Put?.ReturnValuesOnConditionCheckFailure).toBe('ALL_OLD');
    }
  });

  it('is decided anew while others are still writing', async () => {
    dynamodb.on(TransactWriteItemsCommand).rejectsOnce(canceled('TransactionConflict', 'None')).resolves({});
    expect((await bill([captureOf(1)])).size).toBe(0);
    expect(numbersTaken()).toEqual([1, 1]);
    expect(dynamodb.commandCalls(BatchGetItemCommand)).toHaveLength(2);
  });

  it('that fails as a whole is billed one by one, so that only the failing one fails', async () => {
    const events = [captureOf(1), captureOf(2), captureOf(3)];
    dynamodb
      .on(TransactWriteItemsCommand)
      .rejectsOnce(canceled('None', 'ValidationError'))
      .resolvesOnce({})
      .rejectsOnce(broken())
      .resolves({});
    const failures = await bill(events);
    expect([...failures.keys()]).toEqual([events[1]]);
    expect(failures.get(events[1] as (typeof events)[0])).toBeInstanceOf(InternalServerError);
    expect(transactions()).toHaveLength(4);
  });

  it('of which one can never be written quarantines that one, however busy others are, and bills the rest', async () => {
    const events = [captureOf(1), captureOf(2), captureOf(3)];
    const refused = () => canceled('TransactionConflict', 'ValidationError');
    dynamodb
      .on(TransactWriteItemsCommand)
      .rejectsOnce(refused())
      .resolvesOnce({})
      .rejectsOnce(refused())
      .resolves({});
    const failures = await bill(events);
    expect([...failures.keys()]).toEqual([events[1]]);
    expect(failures.get(events[1] as (typeof events)[0])).toMatchObject({
      name: 'Unprocessable',
      reason: 'refused',
      message: expect.stringContaining('ValidationError'),
    });
    expect(transactions()).toHaveLength(4);
  });

  it.each([
    ['none', ['ThrottlingError', 'None', 'None']],
    ['others come first', ['TransactionConflict', 'None', 'ProvisionedThroughputExceeded']],
    ['others came first', ['ConditionalCheckFailed', 'ThrottlingError', 'None']],
  ])(
    'for which there is no capacity waits, and is tried no other way (other reasons: %s)',
    async (_other, codes) => {
      const events = [captureOf(1), captureOf(2)];
      dynamodb.on(TransactWriteItemsCommand).rejects(canceled(...codes));
      const failures = await bill(events);
      expect([...failures.keys()]).toEqual(events);
      for (const error of failures.values()) expect(isSystemic(error)).toBe(true);
      expect(transactions()).toHaveLength(1);
    },
  );

  it('that fails for a reason nobody knows is not taken for a race', async () => {
    const [event] = [captureOf(1)] as const;
    const error = canceled('TransactionConflict', 'SomethingNew');
    dynamodb.on(TransactWriteItemsCommand).rejects(error);
    expect(await bill([event])).toEqual(new Map([[event, error]]));
    expect(transactions()).toHaveLength(1);
  });

  it('that fails because the table is away is not billed one by one', async () => {
    const events = [captureOf(1), captureOf(2), captureOf(3)];
    dynamodb.on(TransactWriteItemsCommand).rejects(broken());
    const failures = await bill(events);
    expect([...failures.keys()]).toEqual(events);
    expect(transactions()).toHaveLength(1);
  });

  it('too large for one transaction is billed one by one', async () => {
    const parkedOf = (n: number) =>
      Array.from({ length: maxRefundsEverPerPayment }, (_, i) => {
        const { data, ...about } = refunded(i + 1, 1, i, 'EUR', `pay_${n}`);
        return { ...about, data: { ...data, refund: { ...data.refund, id: `re_${n}${i}` } } };
      });
    const accounts = [1, 2].map((n) => ({
      ...newAccount('acme', `inv_${n}`),
      version: 50,
      // One failed in the end: with what reverses it they are too many writes.
      ...(n === 1 && { parkedFailures: [refundFailed(parkedOf(n)[0] as never, 99)] }),
      parked: parkedOf(n),
      pk: `acme#inv_${n}`,
    }));
    dynamodb
      .on(BatchGetItemCommand)
      .resolves({ Responses: { billing: accounts.map((item) => marshall(item)) } });
    expect((await bill([captureOf(1), captureOf(2)])).size).toBe(0);
    expect(sizes()).toEqual([54, 53]);
  });

  it('is given up after others came first again and again, and not billed one by one, which would be a crowd', async () => {
    dynamodb.on(TransactWriteItemsCommand).rejects(canceled('TransactionConflict'));
    const events = [captureOf(1), captureOf(2)];
    const failures = await bill(events);
    expect([...failures.keys()]).toEqual(events);
    expect(failures.get(events[0] as (typeof events)[0])).toMatchObject({
      message: expect.stringContaining('came first'),
    });
    expect(sizes()).toEqual(Array(10).fill(3));
  });

  it('with one that contradicts the books bills the others', async () => {
    const contradiction = captured({ paymentId: 'pay_2', amountCaptured: 0 });
    const failures = await bill([captureOf(1), contradiction]);
    expect([...failures.keys()]).toEqual([contradiction]);
    expect(sizes()).toEqual([2]);
  });
});

describe('a refund that came before its capture and does not fit it', () => {
  const refund = refunded(1, 700, 0);
  const capture = captured({ amount: 500, amountCaptured: 500, lines: null });
  const parked = marshall({ ...newAccount('acme', 'inv_1'), version: 1, parked: [refund], pk: 'acme#inv_1' });
  const contradictions = () => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    return measured().reduce((sum, line) => sum + Number(line.RefundContradictsInvoice ?? 0), 0);
  };

  it('is measured for the alarm and logged with its ids, and the capture is invoiced', async () => {
    dynamodb.on(BatchGetItemCommand).resolves({ Responses: { billing: [parked] } });
    expect((await bill([capture])).size).toBe(0);
    expect(sizes()).toEqual([2]);
    expect(contradictions()).toBe(1);
    expect(logged()).toMatchObject([
      { message: 'refunds contradict the invoice', invoiceId: 'inv_1', eventIds: ['pay_1:2'] },
    ]);
  });

  it('is measured also when they come in one batch', async () => {
    expect((await bill([refund, capture])).size).toBe(0);
    expect(contradictions()).toBe(1);
  });

  it('is measured also when the answer to the write gets lost, after which the capture is no news', async () => {
    dynamodb.on(BatchGetItemCommand).resolves({ Responses: { billing: [parked] } });
    dynamodb.on(TransactWriteItemsCommand).rejects(broken());
    expect((await bill([capture])).size).toBe(1);
    expect(contradictions()).toBe(1);
  });

  it('is not measured when it fits', async () => {
    expect((await bill([refunded(1, 500, 0), captureOf(1)])).size).toBe(0);
    expect(contradictions()).toBe(0);
  });
});
