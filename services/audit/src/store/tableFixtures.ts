import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { sequenceOf } from '@fanfold/contracts/event';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach } from 'vitest';
import { receivedOf } from '../record/receivedFixtures.ts';
import { asksFor, dataKey, stubTables } from '../storeFixtures.ts';
import { itemOf } from './eventItems.ts';

export const dynamodb = mockClient(DynamoDBClient);

beforeEach(() => {
  dynamodb.reset();
  stubTables(dynamodb, ['acme#pay_1']);
});

/** What is asked of the log and not of the keys. */
export const inLog = asksFor('audit');

export const recordedAt = '2026-11-23T10:00:01.000Z';

/** An event as the table has it, and as an index points to it. */
export const itemAt = (position: number) =>
  marshall(itemOf(receivedOf('pay_1', position + 1), dataKey, position, recordedAt));
export const entryAt = (position: number) =>
  marshall({ pk: 'acme#pay_1', sk: sequenceOf(position + 1), position });
export const next = (position: number) => marshall({ position });

export const isNotUp = () => false;
export const isUp = () => true;
