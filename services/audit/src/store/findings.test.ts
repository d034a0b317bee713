import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { receivedOf } from '../record/receivedFixtures.ts';
import { dataKey, stubTables } from '../storeFixtures.ts';
import { itemOf } from './eventItems.ts';
import { saveFinding } from './findings.ts';
import { eventsOf } from './streamEvents.ts';

const dynamodb = mockClient(DynamoDBClient);

beforeEach(() => {
  dynamodb.reset();
  stubTables(dynamodb);
});

const recordedAt = '2026-11-23T10:00:01.000Z';

describe('a finding', () => {
  const finding = {
    merchantId: 'acme',
    date: '2026-11-23',
    difference: { counts: {}, missing: ['pay_1:2'], missingCount: 1 },
    n: 1,
    foundAt: recordedAt,
    trace: {
      correlationid: 'clock_1',
      causationid: 'day_2026-11-23_acme:1',
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    },
    mendedAt: null,
  };
  const puts = () => dynamodb.commandCalls(PutItemCommand).map(({ args: [{ input }] }) => input);

  it('is written over what was known of its day, where no query of events can meet it', async () => {
    dynamodb.on(PutItemCommand).resolves({});
    await saveFinding({ finding, isNew: true }, undefined);
    await saveFinding({ finding: { ...finding, mendedAt: recordedAt }, isNew: false }, finding);
    expect(puts()).toMatchObject([
      {
        Item: { pk: { S: 'finding:acme' }, sk: { S: '2026-11-23' } },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
      {
        ConditionExpression: 'finding.n = :n AND finding.mendedAt = :mendedAt',
        ExpressionAttributeValues: { ':n': { N: '1' }, ':mendedAt': { NULL: true } },
      },
    ]);
    for (const { Item } of puts()) expect(Object.keys(Item ?? {})).not.toContain('merchantId');
  });

  it('is published by the write of a new finding, and not when it is mended', async () => {
    dynamodb.on(PutItemCommand).resolves({});
    await saveFinding({ finding, isNew: true }, undefined);
    await saveFinding({ finding: { ...finding, mendedAt: recordedAt }, isNew: false }, finding);
    const [news, mended] = puts().map(({ Item = {} }) => eventsOf(Item));
    expect(news).toMatchObject([
      {
        id: 'gap_2026-11-23_acme:1',
        source: '/audit',
        type: 'audit.gap-found.v1',
        ...finding.trace,
        data: { date: '2026-11-23', ...finding.difference },
      },
    ]);
    expect(mended).toEqual([]);
    expect(eventsOf(marshall(itemOf(receivedOf('pay_1', 1), dataKey, 0, recordedAt)))).toEqual([]);
  });

  it('that another consumer wrote first is an error, so that the day is checked again', async () => {
    const error = new ConditionalCheckFailedException({ $metadata: {}, message: 'no' });
    dynamodb.on(PutItemCommand).rejects(error);
    await expect(saveFinding({ finding, isNew: true }, undefined)).rejects.toThrow('no');
  });

  it('that nobody could read is never written', async () => {
    const unreadable = { ...finding, date: 'yesterday' };
    await expect(saveFinding({ finding: unreadable, isNew: true }, undefined)).rejects.toThrow();
    expect(dynamodb.calls()).toHaveLength(0);
  });
});
