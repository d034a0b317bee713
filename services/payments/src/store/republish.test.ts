import { BatchGetItemCommand, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from 'vitest';
import type { DayClosing } from '../days/day.ts';
import { captured, momentAt, paymentId } from '../payment/paymentFixtures.ts';
import { refund, settleRefund } from '../payment/refunds.ts';
import { closingsOf } from './days.ts';
import { eventsOf } from './items.ts';
import { load } from './payments.ts';
import { republishEvents, republishWhole } from './republish.ts';
import { capturedNow, itemOf, table, updates } from './tableFixtures.ts';

describe('Events are published again', () => {
  const now = new Date('2026-11-25T08:00:00.000Z');

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
    for (const each of closings) await republishWhole(each, now);
    expect(updates()).toMatchObject([{ Key: { pk: { S: 'acme#day_2026-11-23_acme' } } }]);
    await expect(republishWhole(closings[0] as DayClosing, now)).rejects.toThrow('away');
  });
});
