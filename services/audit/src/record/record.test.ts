import {
  BatchGetItemCommand,
  type CancellationReason,
  DynamoDBClient,
  GetItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { isSystemic } from '@fanfold/runtime/failure';
import { emptyEdge, encodeEdge, extend } from '@fanfold/tlog/merkle';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { itemOf } from '../store/eventItems.ts';
import { asksFor, dataKey, stubTables } from '../storeFixtures.ts';
import type { Received } from './received.ts';
import { receivedOf } from './receivedFixtures.ts';

const dynamodb = mockClient(DynamoDBClient);

let record: typeof import('./record.ts').record;

beforeEach(async () => {
  dynamodb.reset();
  stubTables(dynamodb, ['acme#pay_1', 'acme#pay_2']);
  // Waiting is not what is tested.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  // As a new instance of the function: it does not know how long the log is.
  vi.resetModules();
  ({ record } = await import('./record.ts'));
});

/** The head of a log of so many entries, whatever they are. */
function headAt(size: number) {
  const edge = extend(emptyEdge, Array<Uint8Array>(size).fill(Buffer.alloc(32)));
  return { Item: marshall({ pk: 'head', sk: 'head', size, edge: encodeEdge(edge) }) };
}
const headIs = (size: number) => dynamodb.on(GetItemCommand).resolves(headAt(size));

/** The head of a log that was empty, as appending moves it. */
const headMoves = () => dynamodb.on(GetItemCommand).callsFake(() => headAt(appends().at(-1)?.to ?? 0));

const transactions = () => dynamodb.on(TransactWriteItemsCommand);

const fine: CancellationReason = { Code: 'None' };
const failedCondition: CancellationReason = { Code: 'ConditionalCheckFailed' };
const conflicting: CancellationReason = { Code: 'TransactionConflict' };
const throttled: CancellationReason = { Code: 'ThrottlingError' };
/** What an event that is recorded already makes of its put. */
const recordedAs = ({ event, text }: Received): CancellationReason => ({
  Code: 'ConditionalCheckFailed',
  Item: marshall(itemOf({ event, text }, dataKey, 1, '2026-11-23T09:00:00.000Z')),
});

/** A transaction that failed, with the reasons of the head, the entries (none), each event and each new key. */
const cancelled = (...[head, ...others]: CancellationReason[]) =>
  new TransactionCanceledException({
    message: 'cancelled',
    $metadata: {},
    CancellationReasons: head ? [head, fine, ...others] : [],
  });

/** What was sent to be appended, transaction by transaction: the move of the head, and the ids by position. */
const appends = () =>
  dynamodb.commandCalls(TransactWriteItemsCommand).map(({ args: [{ input }] }) => {
    const [head, entries, ...others] = input.TransactItems ?? [];
    const values = unmarshall(head?.Update?.ExpressionAttributeValues ?? {});
    const items = others.flatMap(({ Put }) => (Put?.Item ? unmarshall(Put.Item) : []));
    const { sk, count } = unmarshall(entries?.Put?.Item ?? {});
    expect([Number(sk), count]).toEqual([values[':size'] ?? 0, items.length]);
    return {
      from: values[':size'] ?? head?.Update?.ConditionExpression,
      to: values[':newSize'],
      events: Object.fromEntries(
        items.map(({ pk, sk, position }) => [position, `${pk.slice('acme#'.length)}:${Number(sk)}`]),
      ),
      newKeys: others.flatMap(({ Update }) => (Update ? unmarshall(Update.Key ?? {}).pk : [])),
    };
  });

const reads = () => dynamodb.commandCalls(GetItemCommand).length;

const [first, second, third] = [receivedOf('pay_1', 1), receivedOf('pay_1', 2), receivedOf('pay_2', 1)] as [
  Received,
  Received,
  Received,
];

describe('a batch', () => {
  it('is sealed before the head is read, so that others have less time to move it', async () => {
    const order: string[] = [];
    dynamodb.on(BatchGetItemCommand).callsFake(async () => {
      await new Promise(setImmediate);
      order.push('keys');
      return { Responses: { keys: [] } };
    });
    dynamodb.on(GetItemCommand).callsFake(() => {
      order.push('head');
      return headAt(5);
    });
    transactions().resolves({});
    await record([first]);
    expect(order).toEqual(['keys', 'head']);
  });

  it('is appended in one transaction with the move of the head', async () => {
    headIs(5);
    transactions().resolves({});
    expect(await record([first, second, third])).toEqual(new Map());
    expect(appends()).toMatchObject([
      { from: 5, to: 8, events: { 5: 'pay_1:1', 6: 'pay_1:2', 7: 'pay_2:1' } },
    ]);
  });

  it('is the beginning of the log when there is no head', async () => {
    dynamodb.on(GetItemCommand).resolves({});
    transactions().resolves({});
    await record([first]);
    expect(appends()).toMatchObject([{ from: 'attribute_not_exists(pk)', to: 1, events: { 0: 'pay_1:1' } }]);
  });

  it('is written only where no event has its id, and asks for the one that has', async () => {
    headIs(5);
    transactions().resolves({});
    await record([first]);
    const [call] = dynamodb.commandCalls(TransactWriteItemsCommand);
    expect(call?.args[0].input.TransactItems?.[2]?.Put).toMatchObject({
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });

  it('is appended where the log ends then, whoever has appended since the last one', async () => {
    dynamodb.on(GetItemCommand).resolvesOnce(headAt(5)).resolves(headAt(9));
    transactions().resolves({});
    await record([first]);
    await record([second]);
    expect(appends()).toMatchObject([
      { from: 5, to: 6 },
      { from: 9, to: 10, events: { 9: 'pay_1:2' } },
    ]);
    expect(reads()).toBe(2);
  });

  it('of more than 49 events takes several transactions, each of which DynamoDB takes', async () => {
    headMoves();
    transactions().resolves({});
    expect(await record(Array.from({ length: 100 }, (_, i) => receivedOf(`pay_${i}`, 1)))).toEqual(new Map());
    expect(appends().map(({ from, to }) => [from, to])).toEqual([
      ['attribute_not_exists(pk)', 49],
      [49, 98],
      [98, 100],
    ]);
    for (const { args } of dynamodb.commandCalls(TransactWriteItemsCommand)) {
      expect(args[0].input.TransactItems?.length).toBeLessThanOrEqual(100);
    }
  });

  it('of more than 4 MB takes several transactions', async () => {
    headMoves();
    transactions().resolves({});
    const large = Array.from({ length: 49 }, (_, i) => {
      const { event, text } = receivedOf('pay_1', i + 1);
      return { event, text: text.padEnd(96 * 1024) };
    });
    await record(large);
    expect(appends().map(({ to }) => to)).toEqual([38, 49]);
  });
});

describe('an event that is recorded already', () => {
  it('is done, and the rest of the batch is appended without it', async () => {
    headIs(5);
    transactions()
      .rejectsOnce(cancelled(fine, fine, recordedAs(second), fine))
      .resolves({});
    expect(await record([first, second, third])).toEqual(new Map());
    expect(appends()[1]).toMatchObject({ from: 5, to: 7, events: { 5: 'pay_1:1', 6: 'pay_2:1' } });
  });

  it('is done when its members stand in another order', async () => {
    headIs(5);
    const { id, ...rest } = first.event;
    transactions().rejectsOnce(
      cancelled(fine, recordedAs({ ...first, text: JSON.stringify({ ...rest, id }, null, 2) })),
    );
    expect(await record([first])).toEqual(new Map());
  });

  it('contradicts with another content: it is quarantined, and no other event suffers from it', async () => {
    headIs(5);
    const other = receivedOf('pay_1', 2, { data: { amount: 1 } });
    transactions()
      .rejectsOnce(cancelled(fine, fine, recordedAs(other)))
      .resolves({});
    const failures = await record([first, second]);
    expect([...failures.keys()]).toEqual([second]);
    expect(failures.get(second)).toMatchObject({ name: 'Unprocessable', reason: 'contradiction' });
    expect(appends()[1]).toMatchObject({ events: { 5: 'pay_1:1' } });
  });

  it('leaves nothing to append when the whole batch is like it', async () => {
    headIs(5);
    transactions().rejectsOnce(cancelled(fine, recordedAs(first), recordedAs(second)));
    expect(await record([first, second])).toEqual(new Map());
    expect(appends()).toHaveLength(1);
  });

  it('is no conflict: a batch is not given up, however many are found one after the other', async () => {
    headIs(5);
    const entries = Array.from({ length: 12 }, (_, i) => receivedOf('pay_1', i + 1));
    entries.reduce((sends, each) => sends.rejectsOnce(cancelled(fine, recordedAs(each))), transactions());
    expect(await record(entries)).toEqual(new Map());
    expect(appends()).toHaveLength(12);
  });
});

describe('when others append at the same time', () => {
  it('the head is read again, and the batch comes behind them', async () => {
    headIs(5);
    dynamodb.on(GetItemCommand).resolvesOnce(headAt(5)).resolves(headAt(9));
    transactions().rejectsOnce(cancelled(failedCondition, fine)).resolves({});
    expect(await record([first])).toEqual(new Map());
    expect(appends()[1]).toMatchObject({ from: 9, to: 10, events: { 9: 'pay_1:1' } });
  });

  it('the head that the refused write gives back is as good as read, and the batch follows as it was sealed', async () => {
    headIs(5);
    transactions()
      .rejectsOnce(cancelled({ ...failedCondition, ...headAt(9) }, fine))
      .resolves({});
    expect(await record([first])).toEqual(new Map());
    expect(appends()[1]).toMatchObject({ from: 9, to: 10, events: { 9: 'pay_1:1' } });
    expect(reads()).toBe(1);
    expect(dynamodb.commandCalls(BatchGetItemCommand)).toHaveLength(1);
    const [asked] = dynamodb.commandCalls(TransactWriteItemsCommand);
    expect(asked?.args[0].input.TransactItems?.[0]?.Update?.ReturnValuesOnConditionCheckFailure).toBe(
      'ALL_OLD',
    );
    const [before, after] = dynamodb
      .commandCalls(TransactWriteItemsCommand)
      .map(({ args }) => args[0].input.TransactItems?.[2]?.Put?.Item?.sealed);
    expect(after).toBe(before);
  });

  it('a second time in a row, the head is read again after a while', async () => {
    headIs(5);
    transactions()
      .rejectsOnce(cancelled({ ...failedCondition, ...headAt(9) }, fine))
      .rejectsOnce(cancelled({ ...failedCondition, ...headAt(12) }, fine))
      .resolves({});
    dynamodb.on(GetItemCommand).resolvesOnce(headAt(5)).resolves(headAt(20));
    expect(await record([first])).toEqual(new Map());
    expect(appends().map(({ from }) => from)).toEqual([5, 9, 20]);
  });

  it('an event that they recorded is done, although the head has moved too', async () => {
    headIs(5);
    transactions()
      .rejectsOnce(cancelled(failedCondition, recordedAs(first), fine))
      .resolves({});
    expect(await record([first, second])).toEqual(new Map());
    expect(appends()[1]).toMatchObject({ events: { 5: 'pay_1:2' } });
  });

  it.each([
    ['on the head', [conflicting, fine]],
    ['on an event', [fine, conflicting]],
  ])('a conflict %s is tried again', async (_where, reasons) => {
    headIs(5);
    transactions()
      .rejectsOnce(cancelled(...reasons))
      .resolves({});
    expect(await record([first])).toEqual(new Map());
    expect(appends()).toHaveLength(2);
    expect(reads()).toBe(2);
  });

  it.each([
    ['an event', [fine, throttled]],
    ['the head, which others have', [{ ...throttled, Code: 'ProvisionedThroughputExceeded' }, conflicting]],
    ['the head, after which others appended', [failedCondition, throttled]],
    ['an event beside one that is there', [fine, throttled, recordedAs(second)]],
  ])('and there is no capacity for %s, nothing is tried at once: the batch waits', async (_what, reasons) => {
    headIs(5);
    const error = cancelled(...reasons);
    transactions().rejects(error);
    expect(await record([first, second])).toEqual(
      new Map([
        [first, error],
        [second, error],
      ]),
    );
    expect(appends()).toHaveLength(1);
    expect(isSystemic(error)).toBe(true);
  });

  it('and always come first, the batch is given up and comes again', async () => {
    headIs(5);
    transactions().rejects(cancelled(conflicting, fine, fine));
    const failures = await record([first, second]);
    expect([...failures.keys()]).toEqual([first, second]);
    expect(failures.get(first)).toMatchObject({ message: expect.stringContaining('10 times in a row') });
    expect(appends()).toHaveLength(10);
  });

  it('and recorded all of the batch in the end, it is done', async () => {
    headIs(5);
    const lost = Array.from({ length: 9 }, () => cancelled(conflicting, fine));
    lost
      .reduce((sends, error) => sends.rejectsOnce(error), transactions())
      .rejectsOnce(cancelled(failedCondition, recordedAs(first)));
    expect(await record([first])).toEqual(new Map());
  });
});

describe('when DynamoDB fails', () => {
  it('an event that it refuses harms no other', async () => {
    headIs(5);
    const refused = { Code: 'ValidationError', Message: 'One or more parameter values were invalid' };
    transactions()
      .rejectsOnce(cancelled(fine, fine, refused, fine))
      .resolves({});
    const failures = await record([first, second, third]);
    expect([...failures.keys()]).toEqual([second]);
    expect(failures.get(second)).toMatchObject({
      name: 'Unprocessable',
      reason: 'refused',
      message: expect.stringContaining('pay_1:2 was refused: ValidationError'),
    });
    expect(appends()[1]).toMatchObject({ events: { 5: 'pay_1:1', 6: 'pay_2:1' } });
  });

  it('and the answer is lost, the batch fails; when it comes again, it is found to be recorded', async () => {
    dynamodb.on(GetItemCommand).resolvesOnce(headAt(5)).resolves(headAt(7));
    const lost = Object.assign(new Error('Connection timed out'), { name: 'TimeoutError' });
    transactions()
      .rejectsOnce(lost)
      .rejectsOnce(cancelled(fine, recordedAs(first), recordedAs(second)));
    expect(await record([first, second])).toEqual(
      new Map([
        [first, lost],
        [second, lost],
      ]),
    );
    expect(await record([first, second])).toEqual(new Map());
    expect(appends()[1]).toMatchObject({ from: 7 });
  });

  it('at one transaction, the next ones are tried all the same', async () => {
    headIs(0);
    const away = new Error('DynamoDB is away');
    transactions().rejectsOnce(away).resolves({});
    const entries = Array.from({ length: 50 }, (_, i) => receivedOf('pay_1', i + 1));
    const failures = await record(entries);
    expect([...failures.keys()]).toEqual(entries.slice(0, 49));
    expect(appends()[1]).toMatchObject({ events: { 0: 'pay_1:50' } });
  });

  it.each([
    ['names no reasons', []],
    ['names reasons that blame nothing', [fine, fine]],
    ['blames the head', [{ Code: 'ValidationError' }, fine]],
    ['blames the head, while others append', [{ Code: 'ValidationError' }, conflicting]],
    ['blames a key, while others append', [conflicting, fine, { Code: 'ValidationError' }]],
  ])('and the answer %s, the batch fails with it', async (_answer, reasons) => {
    headIs(5);
    const error = cancelled(...reasons);
    transactions().rejects(error);
    expect(await record([first])).toEqual(new Map([[first, error]]));
    expect(appends()).toHaveLength(1);
  });

  it('and the head cannot be read, nothing is appended', async () => {
    const away = new Error('DynamoDB is away');
    dynamodb.on(GetItemCommand).rejects(away);
    expect(await record([first])).toEqual(new Map([[first, away]]));
    expect(appends()).toEqual([]);
  });
});

it('an event that is nested too deeply to be shown is quarantined, and no other suffers from it', async () => {
  headIs(5);
  transactions().resolves({});
  const deep = { event: second.event, text: `${'['.repeat(101)}${']'.repeat(101)}` };
  const failures = await record([first, deep, third]);
  expect([...failures.keys()]).toEqual([deep]);
  expect(failures.get(deep)).toMatchObject({ name: 'Unprocessable', reason: 'too-deep' });
  expect(appends()).toMatchObject([{ events: { 5: 'pay_1:1', 6: 'pay_2:1' } }]);
});

describe('the key of a data subject', () => {
  const keysThen = (...answers: Uint8Array[]) => {
    const answer = (key?: Uint8Array) => ({
      Responses: { keys: key ? [marshall({ pk: 'acme#pay_1', dataKey: key })] : [] },
    });
    const reads = dynamodb.on(BatchGetItemCommand, asksFor('keys')).resolvesOnce(answer());
    for (const key of answers) reads.resolvesOnce(answer(key));
  };

  it('is made when there is none, in the same transaction, once for all of its events', async () => {
    stubTables(dynamodb, ['acme#pay_2']);
    headIs(5);
    transactions().resolves({});
    await record([first, second, third]);
    expect(appends()).toMatchObject([{ to: 8, newKeys: ['acme#pay_1'] }]);
    const [call] = dynamodb.commandCalls(TransactWriteItemsCommand);
    expect(call?.args[0].input.TransactItems?.at(-1)?.Update).toMatchObject({
      TableName: 'keys',
      ConditionExpression: 'attribute_not_exists(dataKey)',
    });
  });

  it('that another consumer made first is taken', async () => {
    keysThen(dataKey);
    headIs(5);
    transactions()
      .rejectsOnce(cancelled(fine, fine, failedCondition))
      .resolves({});
    expect(await record([first])).toEqual(new Map());
    expect(appends()).toMatchObject([{ newKeys: ['acme#pay_1'] }, { from: 5, to: 6, newKeys: [] }]);
  });

  it('that was destroyed leaves its events recorded: what comes of them again is done', async () => {
    stubTables(dynamodb, []);
    headIs(5);
    transactions().rejectsOnce(cancelled(fine, recordedAs(first), fine));
    expect(await record([{ ...first, text: '{"another":"content"}' }])).toEqual(new Map());
  });
});
