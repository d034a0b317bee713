import { reversed } from '@fanfold/contracts/reversedFixtures';
import { describe, expect, test } from 'vitest';
import { settle } from '../payment/lifecycle.ts';
import { observe } from '../payment/observe.ts';
import { captured, momentAt, paymentId, paymentRequest, processing } from '../payment/paymentFixtures.ts';
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

describe('What the provider told later', () => {
  const facts = { paymentId, merchantId: 'acme', refunds: [], disputes: [] };
  const action = {
    result: 'action',
    nextAction: { type: 'redirect_to_url', url: 'https://bank.example' },
    until: '2026-11-23T11:00:00.000Z',
  } as const;

  test('is shown: what the customer has to do, as long as that is so', () => {
    const waiting = settle(processing(), action, momentAt(), true).payment;
    expect(paymentResource(waiting)).toMatchObject({
      status: 'processing',
      nextAction: { type: 'redirect_to_url', url: 'https://bank.example' },
    });
    expect(paymentResource(waiting).nextAction).not.toHaveProperty('until');
    const pending = settle(waiting, { result: 'pending' }, momentAt(), false).payment;
    expect(paymentResource(pending)).toMatchObject({ status: 'processing', nextAction: null });
  });

  test('is shown: disputes, and why a refund failed', () => {
    const failure = { code: 'lost', message: 'The account is closed.', declineCode: null };
    const claim = {
      id: 'dp_1',
      amount: 12_100,
      currency: 'EUR',
      reason: 'fraudulent',
      status: 'lost',
    } as const;
    const openedAt = '2026-11-24T08:00:00.000Z';
    const { payment } = observe(
      refunded,
      {
        ...facts,
        refunds: [{ key: 're_a', outcome: { result: 'failed', failure } }],
        disputes: [{ ...claim, openedAt }],
      },
      momentAt('12:00:00.000'),
    );
    expect(paymentResource(payment)).toMatchObject({
      amountRefunded: 200,
      disputes: [{ object: 'dispute', ...claim, paymentId, openedAt, evidenceDueBy: null }],
    });
    expect(paymentResource(payment).refunds[1]).toMatchObject({
      ...{ id: 're_a', status: 'failed', failure, reversalInvoiceNumber: null },
    });
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
