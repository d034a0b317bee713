import { BatchGetItemCommand, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { find } from './queries.ts';
import { dynamodb, entryAt, inLog, isNotUp, isUp, itemAt, next } from './tableFixtures.ts';

const positionsOf = ({ items }: { items: { position: number }[] }) => items.map(({ position }) => position);

describe('a page', () => {
  it('asks again for what DynamoDB left out, and stands in the order of the log', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [entryAt(1), entryAt(4), entryAt(7)] });
    dynamodb
      .on(BatchGetItemCommand, inLog)
      .resolvesOnce({
        Responses: { audit: [itemAt(7)] },
        UnprocessedKeys: { audit: { Keys: [{ pk: { S: 'acme#pay_1' }, sk: { S: '0000000005' } }] } },
      })
      .resolvesOnce({ Responses: { audit: [itemAt(4), itemAt(1)] } });
    expect(positionsOf(await find('acme', { limit: 10 }, isNotUp))).toEqual([1, 4, 7]);
    expect(dynamodb.commandCalls(BatchGetItemCommand)[1]?.args[0].input.RequestItems?.audit?.Keys).toEqual([
      { pk: { S: 'acme#pay_1' }, sk: { S: '0000000005' } },
    ]);
  });

  it('is looked for until it is full, also behind parts in which nothing matches', async () => {
    dynamodb
      .on(QueryCommand)
      .resolvesOnce({ Items: [], LastEvaluatedKey: next(999) })
      .resolvesOnce({ Items: [entryAt(1000), entryAt(1001)], LastEvaluatedKey: next(1999) })
      .resolvesOnce({ Items: [entryAt(2000)], LastEvaluatedKey: next(2999) });
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(1000), itemAt(1001)] } });
    const page = await find('acme', { limit: 2, type: 'payment.failed.v1' }, isNotUp);
    expect(positionsOf(page)).toEqual([1000, 1001]);
    expect(page.hasMore).toBe(true);
    expect(dynamodb.commandCalls(QueryCommand)[2]?.args[0].input.ExclusiveStartKey).toEqual(next(1999));
  });

  it.each([
    ['one in two', 2, [84]],
    ['one in ten', 10, [84, 336]],
    ['one in a hundred', 100, [84, 336, 1000, 1000]],
    ['none', Number.POSITIVE_INFINITY, [84, 336, 1000, 1000, 1000, 1000, 1000]],
  ])(
    'of which %s matches looks at few entries at first, and then at ever more',
    async (_which, everyNth, looked) => {
      let position = 0;
      dynamodb.on(QueryCommand).callsFake(({ Limit }) => {
        const Items = [];
        for (let i = 0; i < Limit && position < 5000; i++, position++) {
          if ((position + 1) % everyNth === 0) Items.push(entryAt(position));
        }
        return { Items, ...(position < 5000 && { LastEvaluatedKey: next(position) }) };
      });
      dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [] } });
      await find('acme', { limit: 20, type: 'payment.failed.v1' }, isNotUp);
      expect(dynamodb.commandCalls(QueryCommand).map(({ args }) => args[0].input.Limit)).toEqual(looked);
    },
  );

  it('of which all matches looks at no more than is on it, and whether there is another', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [] });
    await find('acme', { limit: 20, correlationId: 'req_1' }, isNotUp);
    await find('acme', { limit: 20, subject: 'pay_1', type: 'payment.failed.v1' }, isNotUp);
    const limits = dynamodb.commandCalls(QueryCommand).map(({ args }) => args[0].input.Limit);
    expect(limits).toEqual([21, undefined]);
  });

  it('is the last one when nothing is left, however much DynamoDB had looked at', async () => {
    dynamodb
      .on(QueryCommand)
      .resolvesOnce({ Items: [entryAt(1)], LastEvaluatedKey: next(1) })
      .resolvesOnce({ Items: [] });
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(1)] } });
    expect((await find('acme', { limit: 1 }, isNotUp)).hasMore).toBe(false);
  });

  it('that is not full when time is up is given as it is, and says that there may be more', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [entryAt(5)], LastEvaluatedKey: next(999) });
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(5)] } });
    const page = await find('acme', { limit: 2, type: 'payment.failed.v1' }, isUp);
    expect(positionsOf(page)).toEqual([5]);
    expect(page.hasMore).toBe(true);
  });

  it('on which nothing is when time is up cannot be gone on from: the query is too broad', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [], LastEvaluatedKey: next(999) });
    await expect(find('acme', { limit: 2, type: 'payment.failed.v1' }, isUp)).rejects.toMatchObject({
      status: 422,
      code: 'query_too_broad',
    });
  });

  it('of a subject is read to its end, because events of one may have come in any order', async () => {
    dynamodb
      .on(QueryCommand)
      .resolvesOnce({ Items: [itemAt(9), itemAt(3)], LastEvaluatedKey: next(3) })
      .resolvesOnce({ Items: [itemAt(1)] });
    const page = await find('acme', { limit: 2, subject: 'pay_1' }, isUp);
    expect(positionsOf(page)).toEqual([1, 3]);
    expect(page.hasMore).toBe(true);
    expect(dynamodb.commandCalls(BatchGetItemCommand, inLog)).toHaveLength(0);
  });
});

it('an id to start after that no event has is refused at its field', async () => {
  dynamodb.on(GetItemCommand).resolves({});
  await expect(find('acme', { limit: 2, startingAfter: 'pay_1:7' }, isNotUp)).rejects.toMatchObject({
    status: 404,
    errors: [{ pointer: '#/startingAfter' }],
  });
});
