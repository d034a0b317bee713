import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import type { Payment } from '../payment/payment.ts';
import { captured, momentAt, paymentId } from '../payment/paymentFixtures.ts';
import { refund } from '../payment/refunds.ts';
import { noteCreditNoteNumber, noteInvoiceNumber, noteReversalNumber } from './documentNumbers.ts';
import { conditionFailed, itemOf, table, updates } from './tableFixtures.ts';

describe('A number from billing is noted', () => {
  const withRefund = refund(
    captured(),
    { id: 're_1', amount: 1, reason: null, fingerprint: 'f' },
    momentAt(),
  ).payment;

  test('in one write without events, so that earlier events are not published again', async () => {
    table.on(UpdateItemCommand).resolves({});
    await noteInvoiceNumber('acme', paymentId, 'INV-2026-000001');
    await noteCreditNoteNumber('acme', paymentId, 're_1', 'CN-2026-000001');
    await noteReversalNumber('acme', paymentId, 're_1', 'INV-2026-000002');
    expect(updates()).toMatchObject([
      {
        Key: { pk: { S: `acme#${paymentId}` } },
        ConditionExpression: 'invoiceNumber = :none',
        ExpressionAttributeValues: { ':number': { S: 'INV-2026-000001' }, ':nothing': { L: [] } },
      },
      {
        ConditionExpression: 'refunds.#refund.creditNoteNumber = :none',
        ExpressionAttributeNames: { '#refund': 're_1' },
        ExpressionAttributeValues: { ':number': { S: 'CN-2026-000001' } },
      },
      // A refund has the attribute once it has failed after it succeeded.
      {
        ConditionExpression: 'refunds.#refund.reversalInvoiceNumber = :none',
        ExpressionAttributeNames: { '#refund': 're_1' },
        ExpressionAttributeValues: { ':number': { S: 'INV-2026-000002' } },
      },
    ]);
    for (const { UpdateExpression } of updates()) {
      expect(UpdateExpression).toContain(
        'version = version + :one, updatedAt = :now, said = :nothing, saysNothing = :true, writeId = :writeId',
      );
    }
  });

  test('once: the same number again is no news', async () => {
    table
      .on(UpdateItemCommand)
      .rejects(conditionFailed(itemOf({ ...withRefund, invoiceNumber: 'INV-2026-000001' })));
    await expect(noteInvoiceNumber('acme', paymentId, 'INV-2026-000001')).resolves.toBeUndefined();
  });

  test.each([
    [
      'another invoice number',
      'contradiction',
      { ...withRefund, invoiceNumber: 'INV-2026-000002' },
      undefined,
    ],
    [
      'another credit note number',
      'contradiction',
      {
        ...withRefund,
        refunds: { re_1: { ...withRefund.refunds.re_1, creditNoteNumber: 'CN-2026-000002' } },
      },
      're_1',
    ],
    ['no such refund', 'unknown-refund', withRefund, 're_2'],
    ['no refund by a name that every object has', 'unknown-refund', withRefund, 'constructor'],
  ])('never where there is %s', async (_what, reason, payment, refundId) => {
    table.on(UpdateItemCommand).rejects(conditionFailed(itemOf(payment as Payment)));
    const noting = refundId
      ? noteCreditNoteNumber('acme', paymentId, refundId, 'CN-2026-000001')
      : noteInvoiceNumber('acme', paymentId, 'INV-2026-000001');
    await expect(noting).rejects.toMatchObject({ name: 'Unprocessable', reason });
  });

  test('never of a reversal where the refund has not failed', async () => {
    table.on(UpdateItemCommand).rejects(conditionFailed(itemOf(withRefund)));
    await expect(noteReversalNumber('acme', paymentId, 're_1', 'INV-2026-000002')).rejects.toMatchObject({
      reason: 'unknown-refund',
    });
  });

  test('never where there is no payment', async () => {
    table.on(UpdateItemCommand).rejects(conditionFailed());
    await expect(noteInvoiceNumber('acme', paymentId, 'INV-2026-000001')).rejects.toMatchObject({
      name: 'Unprocessable',
      reason: 'unknown-payment',
    });
  });

  test('or not, and comes again, when the table is away', async () => {
    table.on(UpdateItemCommand).rejects(new Error('away'));
    await expect(noteInvoiceNumber('acme', paymentId, 'INV-2026-000001')).rejects.toThrow('away');
  });
});
