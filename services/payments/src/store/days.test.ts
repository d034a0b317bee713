import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from 'vitest';
import { DayBook, type DayClosing } from '../days/day.ts';
import { captured, momentAt } from '../payment/paymentFixtures.ts';
import { closeDay, markClosed, progressOf } from './days.ts';
import { eventsOf } from './items.ts';
import { conditionFailed, puts, table } from './tableFixtures.ts';

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
