import { reversed } from '@fanfold/contracts/reversedFixtures';
import { describe, expect, test } from 'vitest';
import { captured, momentAt, paymentId, paymentRequest } from '../payment/paymentFixtures.ts';
import { refund, settleRefund } from '../payment/refunds.ts';
import { paymentResource, refundResource } from './paymentResource.ts';

const refunded = ['re_b', 're_a', 're_c'].reduce((payment, id, i) => {
  const moment = momentAt(i === 2 ? '09:00:00.000' : '11:00:00.000');
  const pending = refund(payment, { id, amount: 100, reason: null, fingerprint: 'f' }, moment).payment;
  return settleRefund(pending, id, { result: 'succeeded' }, moment).payment;
}, captured());

describe('A payment as the API shows it', () => {
  test('has what the contract says, and nothing of how it is kept', () => {
    expect(paymentResource(captured())).toEqual({
      ...paymentRequest,
      captureMethod: 'automatic',
      object: 'payment',
      id: paymentId,
      status: 'captured',
      amountCaptured: 12_100,
      amountRefunded: 0,
      failure: null,
      cancellationReason: null,
      expiresAt: null,
      invoiceNumber: null,
      nextAction: null,
      refunds: [],
      disputes: [],
      createdAt: '2026-11-23T10:00:00.000Z',
      updatedAt: '2026-11-23T10:00:00.000Z',
      version: 2,
    });
  });

  test('is the same to the letter, whatever order the table gives its members', () => {
    const failure = { code: 'card_declined', message: 'The card was declined.', declineCode: null };
    const payment = { ...refunded, failure, metadata: { b: '2', a: '1' } };
    expect(JSON.stringify(paymentResource(reversed(payment)))).toBe(JSON.stringify(paymentResource(payment)));
  });

  test('has its refunds oldest first, those of one instant always in the same order', () => {
    const ids = ({ refunds }: ReturnType<typeof paymentResource>) => refunds.map(({ id }) => id);
    expect(ids(paymentResource(refunded))).toEqual(['re_c', 're_a', 're_b']);
    // A table gives the members of a map back in an order of its own.
    const refunds = Object.fromEntries(Object.entries(refunded.refunds).toReversed());
    expect(ids(paymentResource({ ...refunded, refunds }))).toEqual(['re_c', 're_a', 're_b']);
  });
});

test('A refund as the API shows it has what the contract says', () => {
  const [shown] = Object.values(refunded.refunds);
  if (!shown) throw new Error('There is no refund');
  expect(
    refundResource(refunded, { ...shown, reason: 'came back', creditNoteNumber: 'CN-2026-000001' }),
  ).toEqual({
    object: 'refund',
    id: 're_b',
    paymentId,
    amount: 100,
    currency: 'EUR',
    reason: 'came back',
    status: 'succeeded',
    creditNoteNumber: 'CN-2026-000001',
    createdAt: '2026-11-23T11:00:00.000Z',
  });
});
