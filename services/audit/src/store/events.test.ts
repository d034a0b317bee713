import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { receivedOf } from '../record/receivedFixtures.ts';
import { dataKey, stubTables } from '../storeFixtures.ts';
import { itemOf } from './eventItems.ts';
import { load } from './events.ts';
import { dynamodb, itemAt, recordedAt } from './tableFixtures.ts';

describe('an id', () => {
  it.each([
    '',
    'pay_1',
    'pay_1:',
    ':1',
    'pay_1:0',
    'pay_1:01',
    'pay_1:-1',
    'pay_1:1.0',
    'pay_1:12345678901',
    'pay 1:1',
  ])('that no event can have is not looked for: %o', async (id) => {
    expect(await load('acme', id)).toBeUndefined();
    expect(dynamodb.calls()).toHaveLength(0);
  });

  it('is the key, so that finding an event takes one read', async () => {
    dynamodb.on(GetItemCommand).resolves({ Item: itemAt(7) });
    expect(await load('acme', 'a:b:12')).toMatchObject({ position: 7, recordedAt });
    expect(dynamodb.commandCalls(GetItemCommand)[0]?.args[0].input).toMatchObject({
      Key: marshall({ pk: 'acme#a:b', sk: '0000000012' }),
      ConsistentRead: true,
    });
  });
});

describe('an event that was erased', () => {
  it('is found, with what it is known by and without its text', async () => {
    stubTables(dynamodb, []);
    dynamodb.on(GetItemCommand).resolves({ Item: itemAt(7) });
    const recorded = await load('acme', 'pay_1:7');
    expect(recorded).toMatchObject({ subject: 'pay_1', type: 'payment.canceled.v1', position: 7 });
    expect(recorded).not.toHaveProperty('text');
  });

  it('stays so when its data subject has a new key', async () => {
    const item = itemOf(receivedOf('pay_1', 1), Buffer.alloc(32, 8), 7, recordedAt);
    dynamodb.on(GetItemCommand).resolves({ Item: marshall(item) });
    expect(await load('acme', 'pay_1:1')).not.toHaveProperty('text');
  });
});

it('an event whose sealed text was changed is an error, and never shown as erased', async () => {
  const item = itemOf(receivedOf('pay_1', 1), dataKey, 7, recordedAt);
  const changed = Uint8Array.from(item.sealed, (byte, i) => (i === 20 ? byte ^ 1 : byte));
  dynamodb.on(GetItemCommand).resolves({ Item: marshall({ ...item, sealed: changed }) });
  await expect(load('acme', 'pay_1:1')).rejects.toThrow();
});
