import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { eventTypes } from '@fanfold/contracts/catalog';
import { eventsOfType } from '@fanfold/contracts/eventArbitraryFixtures';
import { NotYet } from '@fanfold/runtime/failure';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { checkDay } from './compare/checkDay.ts';
import { record } from './record/record.ts';
import { stubTables } from './storeFixtures.ts';

const dynamodb = mockClient(DynamoDBClient);
captureLog();
beforeEach(() => {
  dynamodb.reset();
  stubTables(dynamodb);
  dynamodb.on(GetItemCommand).resolves({});
  dynamodb.on(TransactWriteItemsCommand).resolves({});
});

it.each(eventTypes)('whatever a %s has, it is recorded', async (type) => {
  await fc.assert(
    fc.asyncProperty(eventsOfType(type), async (event) => {
      const failures = await record([{ event, text: JSON.stringify(event) }]);
      expect([...failures.values()]).toEqual([]);
    }),
    { numRuns: 10 },
  );
});

it('whatever a closed day has, one that no event can be about is unprocessable', async () => {
  const recorded = {
    pk: 'acme#pay_1',
    sk: '0000000007',
    type: 'payment.failed.v1',
    time: '2026-11-23T10:00:00Z',
  };
  dynamodb.on(QueryCommand).resolves({ Items: [marshall({ ...recorded, merchantId: 'acme', position: 1 })] });
  dynamodb.on(PutItemCommand).resolves({});
  await fc.assert(
    fc.asyncProperty(eventsOfType('payments.day-closed.v1'), async (closed) => {
      await checkDay(closed, new Date(0)).catch((error) => {
        if (!(error instanceof NotYet)) expect(error).toBeInstanceOf(Unprocessable);
      });
    }),
    { numRuns: 100 },
  );
});
