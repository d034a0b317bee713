import { BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { sellerRequest } from '@fanfold/contracts/seller';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { readSellers, sellerKey } from './sellers.ts';

const dynamodb = mockClient(DynamoDBClient);
const own = sellerRequest.parse({ legalName: 'Acme', address: { country: 'BE' } });
const byDefault = sellerRequest.parse({ legalName: 'Default', address: { country: 'BE' } });

beforeEach(() => {
  dynamodb.reset();
  vi.stubEnv('BILLING_TABLE_NAME', 'billing');
  const item = { pk: sellerKey('acme'), merchantId: 'acme', seller: own, version: 3 };
  dynamodb.on(BatchGetItemCommand).resolves({ Responses: { billing: [marshall(item)] } });
});

describe('The seller of a merchant', () => {
  test('is its own, or else the default of the stage', async () => {
    vi.stubEnv('DEFAULT_SELLER', JSON.stringify(byDefault));
    expect(await readSellers(['acme', 'other', 'acme'])).toMatchObject(
      new Map([
        ['acme', { seller: own, version: 3 }],
        ['other', { seller: byDefault, version: 0 }],
      ]),
    );
  });

  test('is nobody, when the stage has no default', async () => {
    vi.stubEnv('DEFAULT_SELLER', 'null');
    expect(await readSellers(['acme', 'other'])).toMatchObject(
      new Map([['acme', { seller: own, version: 3 }]]),
    );
  });
});
