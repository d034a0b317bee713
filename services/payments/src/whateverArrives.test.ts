import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { eventsOfType } from '@fanfold/contracts/eventArbitraryFixtures';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { captured } from './payment/paymentFixtures.ts';
import { noteCreditNoteNumber, noteInvoiceNumber } from './store/documentNumbers.ts';

process.env.PAYMENTS_TABLE_NAME = 'payments';
const table = mockClient(DynamoDBClient);
const { id: paymentId, ...payment } = captured();

/** The table with one payment and the closing of a day, and with DynamoDB's limits of keys and names. */
table.on(UpdateItemCommand).callsFake((input: UpdateItemCommandInput) => {
  const key = input.Key?.pk?.S ?? '';
  const names = Object.values(input.ExpressionAttributeNames ?? {});
  if (Buffer.byteLength(key) > 2048 || names.includes('')) throw new Error('ValidationException');
  const pk = `acme#${paymentId}`;
  const item = key === pk ? { ...payment, pk } : key.includes('#day_') ? { pk: key, closing: {} } : undefined;
  throw new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: {},
    ...(item && { Item: marshall(item, { removeUndefinedValues: true }) }),
  });
});

const paymentIds = fc.oneof(
  fc.constantFrom(paymentId, 'day_2026-11-23_acme', `pay_${'0'.repeat(32)}`, '€'.repeat(128)),
  fc.string({ maxLength: 128 }),
);
const refundIds = fc.oneof(
  fc.constantFrom('', 're_1', 'constructor', '__proto__'),
  fc.string({ maxLength: 128 }),
);

test('An event from billing about what does not exist is unprocessable', async () => {
  const invoices = fc.tuple(eventsOfType('invoice.issued.v1'), paymentIds);
  const creditNotes = fc.tuple(eventsOfType('credit-note.issued.v1'), paymentIds, refundIds);
  await fc.assert(
    fc.asyncProperty(invoices, async ([{ merchantid, data }, id]) => {
      for (const merchant of ['acme', merchantid]) {
        const noting = noteInvoiceNumber(merchant, id, data.number);
        if (merchant !== 'acme' || id !== paymentId)
          await expect(noting).rejects.toBeInstanceOf(Unprocessable);
        else await noting.catch((error) => expect(error).toBeInstanceOf(Unprocessable));
      }
    }),
  );
  await fc.assert(
    fc.asyncProperty(creditNotes, async ([{ merchantid, data }, id, refundId]) => {
      for (const merchant of ['acme', merchantid]) {
        await expect(noteCreditNoteNumber(merchant, id, refundId, data.number)).rejects.toBeInstanceOf(
          Unprocessable,
        );
      }
    }),
  );
});
