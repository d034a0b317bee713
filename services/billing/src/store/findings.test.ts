import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Finding } from '@fanfold/runtime/finding';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Difference } from '../reconciliation.ts';
import { saveFinding } from './findings.ts';

const table = mockClient(DynamoDBClient);

beforeEach(() => {
  table.reset();
  vi.stubEnv('BILLING_TABLE_NAME', 'billing');
});

describe('a finding', () => {
  const sum = { captures: 1, refunds: 0, totals: { EUR: { captured: 100, refunded: 0 } } };
  const finding: Finding<Difference> = {
    merchantId: 'acme',
    date: '2026-11-23',
    difference: { expected: sum, found: { captures: 0, refunds: 0, totals: {} } },
    n: 1,
    foundAt: '2026-11-24T00:30:00.000Z',
    trace: {
      correlationid: 'clock_1',
      causationid: 'clock_1',
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    },
    mendedAt: null,
  };

  it('is written over what was known of its day, and over nothing else', async () => {
    table.on(PutItemCommand).resolves({});
    await saveFinding({ finding, isNew: true }, undefined);
    await saveFinding({ finding: { ...finding, mendedAt: 'now' }, isNew: false }, finding);
    expect(table.commandCalls(PutItemCommand).map(({ args: [{ input }] }) => input)).toMatchObject([
      {
        Item: { pk: { S: 'acme#rec_2026-11-23_acme' }, said: { BOOL: true } },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
      {
        Item: { said: { BOOL: false } },
        ConditionExpression: 'finding.n = :n AND finding.mendedAt = :mendedAt',
        ExpressionAttributeValues: { ':n': { N: '1' }, ':mendedAt': { NULL: true } },
      },
    ]);
  });

  it('that another consumer wrote first is an error, so that the day is compared again', async () => {
    table.on(PutItemCommand).rejects(new ConditionalCheckFailedException({ $metadata: {}, message: 'no' }));
    await expect(saveFinding({ finding, isNew: true }, undefined)).rejects.toThrow('no');
  });

  it('that nobody could read is never written', async () => {
    table.on(PutItemCommand).resolves({});
    const unreadable = { ...finding, date: 'yesterday' };
    await expect(saveFinding({ finding: unreadable, isNew: true }, undefined)).rejects.toThrow();
    expect(table.calls()).toHaveLength(0);
  });
});
