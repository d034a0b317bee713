import { DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { watchS3 } from '@fanfold/runtime/objectsFixtures';
import { startTrace } from '@fanfold/runtime/trace';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { provideLog } from '../provisionFixtures.ts';
import { receivedOf } from '../record/receivedFixtures.ts';
import type { NumberTwiceItem } from '../store/numbersTwice.ts';
import { eventsOf } from '../store/streamEvents.ts';

let emulators: Emulators;
let audit: Awaited<ReturnType<typeof startInstance>>;
let dynamodb: DynamoDBClient;

async function startInstance() {
  vi.resetModules();
  const [{ checkNumbers }, { record }, { raiseGiven, readGiven }] = await Promise.all([
    import('./checkNumbers.ts'),
    import('../record/record.ts'),
    import('../store/givenNumbers.ts'),
  ]);
  const { dynamodb } = await import('@fanfold/runtime/dynamodb');
  const { metrics } = await import('@fanfold/runtime/metrics');
  return {
    check: (maxEntries?: number) => checkNumbers(now, trace, maxEntries),
    record,
    raiseGiven,
    readGiven,
    dynamodb,
    measured: vi.spyOn(metrics, 'addMetric'),
  };
}

const now = new Date('2026-11-23T10:02:00.000Z');
const trace = startTrace('clock_1');

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideLog(emulators.endpoints);
  audit = await startInstance();
  dynamodb = new DynamoDBClient(clientConfiguration(emulators.endpoints.dynamodb));
});
afterAll(() => emulators?.stop());

let merchantid: string;
let nextMerchant = 0;

beforeEach(async () => {
  merchantid = `shop-${nextMerchant++}`;
  // What other tests left.
  await audit.check();
  audit.measured.mockClear();
});

const issuedAs = (number: string, document: string, whose = merchantid) =>
  receivedOf(document, 1, {
    type: number.startsWith('INV') ? 'invoice.issued.v1' : 'credit-note.issued.v1',
    merchantid: whose,
    data: { number, paymentId: `pay_of_${document}` },
  });

async function record(...events: ReturnType<typeof issuedAs>[]) {
  expect(await audit.record(events)).toEqual(new Map());
}

async function findings() {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: String(process.env.AUDIT_TABLE_NAME),
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: marshall({ ':pk': `finding:${merchantid}` }),
    }),
  );
  return Items.map((item) => (unmarshall(item) as NumberTwiceItem).numberTwice);
}

async function series(name: string) {
  const { Item = {} } = await dynamodb.send(
    new GetItemCommand({
      TableName: String(process.env.AUDIT_TABLE_NAME),
      Key: marshall({ pk: 'series:0', sk: `${merchantid}#${name}` }),
    }),
  );
  return unmarshall(Item);
}

describe('a number that two documents have', () => {
  it('is a finding with both of them, is published, and counted in a metric', async () => {
    await record(issuedAs('INV-2026-000001', 'inv_a'), issuedAs('INV-2026-000002', 'inv_b'));
    expect(await audit.check()).toEqual({ counted: 2, twice: 0 });
    await record(receivedOf('pay_x', 1, { merchantid }), issuedAs('INV-2026-000001', 'inv_c'));
    expect(await audit.check()).toEqual({ counted: 2, twice: 1 });
    const [found, ...more] = await findings();
    expect(more).toEqual([]);
    expect(found).toMatchObject({ number: 'INV-2026-000001', documents: ['inv_a', 'inv_c'] });
    expect(audit.measured).toHaveBeenCalledExactlyOnceWith('NumberTwice', 'Count', 1);
    const image = marshall({ pk: `finding:${merchantid}`, sk: '', numberTwice: found });
    expect(eventsOf(image)).toMatchObject([
      {
        type: 'audit.number-twice.v1',
        merchantid,
        time: now.toISOString(),
        data: { number: 'INV-2026-000001', documents: ['inv_a', 'inv_c'] },
      },
    ]);
  });

  it('is found in one batch, and each time that it is given again', async () => {
    await record(
      issuedAs('CN-2026-000001', 'cn_a'),
      issuedAs('CN-2026-000001', 'cn_b'),
      issuedAs('CN-2026-000001', 'cn_c'),
    );
    expect(await audit.check()).toMatchObject({ twice: 2 });
    expect((await findings()).map(({ documents }) => documents)).toEqual([
      ['cn_a', 'cn_b'],
      ['cn_b', 'cn_c'],
    ]);
  });

  it('is not found where numbers only come in another order, are of another kind, year or merchant, or come again', async () => {
    const third = issuedAs('INV-2026-000003', 'inv_3');
    await record(third);
    await audit.check();
    expect(await series('INV-2026')).toMatchObject({ highest: 3, missing: [[1, 2]] });
    await record(
      issuedAs('INV-2026-000001', 'inv_1'),
      issuedAs('CN-2026-000003', 'cn_3'),
      issuedAs('INV-2027-000003', 'inv_4'),
      issuedAs('INV-2026-000003', 'inv_3', `${merchantid}-other`),
      third,
    );
    expect(await audit.check()).toEqual({ counted: 4, twice: 0 });
    expect(await series('INV-2026')).toMatchObject({ highest: 3, missing: [[2, 2]] });
    expect(await audit.check()).toEqual({ counted: 0, twice: 0 });
  });

  it('is found once by several runs at the same time', async () => {
    await record(issuedAs('INV-2026-000001', 'inv_a'), issuedAs('INV-2026-000001', 'inv_b'));
    const others = [await startInstance(), await startInstance()];
    await Promise.all([audit, ...others].map(({ check }) => check()));
    expect(await findings()).toHaveLength(1);
    expect(await series('INV-2026')).toMatchObject({ highest: 1, missing: [] });
    expect(await audit.check()).toEqual({ counted: 0, twice: 0 });
  });

  it('is not found by a run that others overtake, whether or not one was given twice', async () => {
    await record(issuedAs('INV-2026-000001', 'inv_a'), issuedAs('CN-2026-000001', 'cn_a'));
    const overtaken = await startInstance();
    const send = overtaken.dynamodb.send.bind(overtaken.dynamodb);
    // After it has read how far is counted, and before it reads the series.
    const overtake = async (command: { constructor: { name: string } }) => {
      if (command.constructor.name === 'BatchGetItemCommand') await audit.check();
      return send(command as never);
    };
    vi.spyOn(overtaken.dynamodb, 'send').mockImplementation(overtake as never);
    expect(await overtaken.check()).toEqual({ counted: 0, twice: 0 });
    expect(await findings()).toEqual([]);
    expect(overtaken.measured).not.toHaveBeenCalled();
    await record(issuedAs('INV-2026-000002', 'inv_b'), issuedAs('INV-2026-000001', 'inv_c'));
    expect(await overtaken.check()).toEqual({ counted: 0, twice: 0 });
    expect(await findings()).toMatchObject([{ number: 'INV-2026-000001', documents: ['inv_a', 'inv_c'] }]);
  });

  it('is found by the next run when one ends before it has counted, and written once', async () => {
    await record(issuedAs('INV-2026-000001', 'inv_a'), issuedAs('INV-2026-000001', 'inv_b'));
    const ending = await startInstance();
    const send = ending.dynamodb.send.bind(ending.dynamodb);
    vi.spyOn(ending.dynamodb, 'send').mockImplementation((command: { constructor: { name: string } }) => {
      if (command.constructor.name === 'TransactWriteItemsCommand') throw new Error('ended');
      return send(command as never) as never;
    });
    await expect(ending.check()).rejects.toThrow('ended');
    const [first] = await findings();
    expect(await audit.check()).toEqual({ counted: 2, twice: 1 });
    expect(await findings()).toEqual([first]);
  });

  it('is found by a run that goes on within a batch, and over more series than one write takes', async () => {
    const batch = (n: number) =>
      Array.from({ length: 49 }, (_, i) =>
        issuedAs('INV-2026-000001', `inv_${n}_${i}`, `${merchantid}-${n}-${i}`),
      );
    for (const n of [1, 2, 3]) await record(...batch(n));
    expect(await audit.check(50)).toEqual({ counted: 98, twice: 0 });
    expect(await audit.check()).toEqual({ counted: 49, twice: 0 });
    await record(issuedAs('INV-2026-000001', 'inv_again', `${merchantid}-3-48`));
    expect(await audit.check()).toEqual({ counted: 1, twice: 1 });
  });
});

describe('which numbers were given', () => {
  const notedAt = now.toISOString();
  const given = async () =>
    Object.fromEntries(
      (await audit.readGiven(undefined)).numbers
        .filter((each) => each.merchantId === merchantid)
        .map(({ name, highest }) => [name, highest]),
    );
  const calls: string[] = [];
  afterAll(
    watchS3((operation, path) => {
      calls.push(`${operation} ${path.split('/').slice(2).join('/')}`);
    }),
  );
  /** What was called of the bucket since this was asked last, and the file that it is about. */
  function called() {
    return calls.splice(0);
  }
  /** An instance that ends at its first transaction, as when it is killed there. */
  async function ending() {
    const instance = await startInstance();
    const send = instance.dynamodb.send.bind(instance.dynamodb);
    vi.spyOn(instance.dynamodb, 'send').mockImplementation((command: { constructor: { name: string } }) => {
      if (command.constructor.name === 'TransactWriteItemsCommand') throw new Error('ended');
      return send(command as never) as never;
    });
    return instance;
  }
  const invoices = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, i) =>
      issuedAs(`INV-2026-${String(first + i).padStart(6, '0')}`, `inv_${first + i}`),
    );

  it('is noted in the bucket, once a run and series that has grown, under a name that tells nobody whose it is', async () => {
    called();
    await record(...invoices(2, 4), issuedAs('CN-2026-000001', 'cn_1'));
    await audit.check();
    const first = called();
    expect(first).toEqual([1, 2].map(() => expect.stringMatching(/^PutObject given\/[0-9a-f]{64}$/)));
    expect(await given()).toEqual({ 'INV-2026': 4, 'CN-2026': 1 });
    called();
    await record(...invoices(1, 1));
    await audit.check();
    await audit.check();
    expect(called()).toEqual([]);
    await record(...invoices(5, 5));
    await audit.check();
    const [again, ...more] = called();
    expect([first.includes(String(again)), more]).toEqual([true, []]);
    expect(await given()).toEqual({ 'INV-2026': 5, 'CN-2026': 1 });
  });

  it('is noted before the table has counted it, so that no run that ends in between leaves it behind', async () => {
    await record(...invoices(1, 3));
    await expect((await ending()).check()).rejects.toThrow('ended');
    expect([await given(), await series('INV-2026')]).toEqual([{ 'INV-2026': 3 }, {}]);
    await audit.check();
    expect([await given(), await series('INV-2026')]).toMatchObject([{ 'INV-2026': 3 }, { highest: 3 }]);
    await record(...invoices(4, 4));
    await expect((await ending()).check()).rejects.toThrow('ended');
    await record(...invoices(5, 6));
    await audit.check();
    expect(await given()).toEqual({ 'INV-2026': 6 });
  });

  it('is noted by several runs at the same time', async () => {
    await record(...invoices(1, 3));
    const others = [await startInstance(), await startInstance()];
    await Promise.all([audit, ...others].map(({ check }) => check()));
    expect(await given()).toEqual({ 'INV-2026': 3 });
    await audit.check();
    await record(...invoices(4, 4));
    await audit.check();
    expect(await given()).toEqual({ 'INV-2026': 4 });
  });

  it('is never lowered, whoever raises it with whatever is known of it, in any order and at once', async () => {
    const name = 'INV-2026';
    const known = fc.constantFrom(undefined, '"older"');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ highest: fc.integer({ min: 1, max: 50 }), etag: known }), { minLength: 1 }),
        fc.integer({ min: 1, max: 4 }),
        async (raises, atOnce) => {
          const highest = Math.max((await given())[name] ?? 0, ...raises.map((each) => each.highest));
          for (let i = 0; i < raises.length; i += atOnce) {
            await Promise.all(
              raises
                .slice(i, i + atOnce)
                .map((each) =>
                  audit.raiseGiven(
                    { merchantId: merchantid, name, highest: each.highest, notedAt },
                    each.etag,
                  ),
                ),
            );
          }
          expect((await given())[name]).toBe(highest);
        },
      ),
      { numRuns: 6 },
    );
  });

  it('stays as it is when the table was put back', async () => {
    await record(...invoices(1, 2));
    await audit.check();
    const { etag } = await series('INV-2026');
    await record(...invoices(3, 9));
    await audit.check();
    await audit.raiseGiven({ merchantId: merchantid, name: 'INV-2026', highest: 4, notedAt }, etag);
    expect(await given()).toEqual({ 'INV-2026': 9 });
  });

  it('is read in parts of a thousand', async () => {
    const raises = Array.from({ length: 1001 }, (_, i) => ({
      merchantId: `${merchantid}-${i}`,
      name: 'INV-2026',
      highest: 1,
      notedAt,
    }));
    for (let i = 0; i < raises.length; i += 50)
      await Promise.all(raises.slice(i, i + 50).map((each) => audit.raiseGiven(each, undefined)));
    const first = await audit.readGiven(undefined);
    expect([first.numbers.length, typeof first.next]).toEqual([1000, 'string']);
    const rest = await audit.readGiven(first.next);
    expect([rest.numbers.length > 0, rest.next]).toEqual([true, undefined]);
    const all = [...first.numbers, ...rest.numbers].map((each) => `${each.merchantId}#${each.name}`);
    expect(all).toEqual(expect.arrayContaining(raises.map((each) => `${each.merchantId}#${each.name}`)));
    expect(new Set(all).size).toBe(all.length);
  });
});
