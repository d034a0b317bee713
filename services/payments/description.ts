import { currencyCodes } from '@fanfold/contracts/currency';
import type { ApiDescription } from '@fanfold/description/operations';
import { paymentMethods } from '#paymentMethods';
import * as answers from './src/api/answers.ts';
import * as changes from './src/api/changeRequests.ts';
import * as body from './src/api/paymentBody.ts';
import { paymentRequest } from './src/api/paymentRequest.ts';

const paymentPath = { id: { schema: answers.paymentId, description: 'The id of the payment.' } };
const ofPayment = {
  getPayment: { id: '/id' },
  capturePayment: { id: '/id' },
  cancelPayment: { id: '/id' },
  refundPayment: { id: '/id' },
};
const providerProblems = ['card_declined', 'provider_error', 'provider_timeout'];
/** Of a change of a payment that exists. */
const changeProblems = ['not_found', 'payment_busy', ...providerProblems];

/** What the API of payments says about itself, besides its code. `pnpm fanfold describe` makes openapi.json of both. */
export const api: ApiDescription = {
  title: 'Fanfold payments',
  description:
    'Takes, captures, cancels and refunds payments. Amounts are integers in the minor unit of their currency.',
  schemas: {
    PaymentRequest: paymentRequest,
    CustomerRequest: body.customerRequest,
    AddressRequest: body.addressRequest,
    LineRequest: body.lineRequest,
    AdjustmentRequest: body.adjustmentRequest,
    DeliveryRequest: body.deliveryRequest,
    ExchangeRequest: body.exchangeRequest,
    ElectronicAddressRequest: body.electronicAddressRequest,
    CaptureRequest: changes.captureRequest,
    CancelRequest: changes.cancelRequest,
    RefundRequest: changes.refundRequest,
    RefundLineRequest: changes.refundLineRequest,
    Payment: answers.payment,
    Refund: answers.refund,
    Dispute: answers.dispute,
    PaymentList: answers.paymentList,
    Problem: answers.paymentProblem,
  },
  operations: {
    createPayment: {
      description:
        'Charges the payment method, or with `captureMethod` `manual` reserves the amount for seven days. When the outcome at the payment provider is not known in time, the payment is answered as `processing`, and its outcome is found out within minutes. It is `processing`, too, while the customer has to do what `nextAction` says, such as to authenticate with the bank, or the provider needs days to know.',
      answers: { 201: { when: 'The payment.', schema: answers.payment, links: ofPayment } },
      problems: ['provider_unavailable', ...providerProblems],
    },
    capturePayment: {
      description:
        'Takes the money of an authorized payment. What is not captured is released, so a payment is captured once.',
      path: paymentPath,
      answers: { 200: { when: 'The payment.', schema: answers.payment, links: ofPayment } },
      problems: ['payment_not_capturable', 'payment_incomplete', 'amount_too_large', ...changeProblems],
    },
    cancelPayment: {
      description: 'Gives up an authorization. No money moves.',
      path: paymentPath,
      answers: { 200: { when: 'The payment.', schema: answers.payment, links: ofPayment } },
      problems: ['payment_not_cancelable', ...changeProblems],
    },
    refundPayment: {
      description:
        'Gives captured money back: an amount, which is of all lines in proportion, or lines. A payment can have several refunds, up to what was captured. Billing issues a credit note for each, with the VAT of what was given back.',
      path: paymentPath,
      answers: {
        201: {
          when: 'The refund.',
          schema: answers.refund,
          links: { getPayment: { id: '/paymentId' }, refundPayment: { id: '/paymentId' } },
        },
      },
      problems: [
        ...['payment_not_refundable', 'payment_disputed', 'refund_exceeds_captured', 'too_many_refunds'],
        ...changeProblems,
      ],
    },
    getPayment: {
      description: 'The payment as it is now, with its refunds.',
      path: paymentPath,
      answers: { 200: { when: 'The payment.', schema: answers.payment, links: ofPayment } },
      problems: ['not_found'],
    },
    listPayments: {
      description: 'All payments of the merchant, page by page.',
      answers: {
        200: {
          when: 'A page of payments.',
          schema: answers.paymentList,
          links: { getPayment: { id: '/data/0/id' }, listPayments: { startingAfter: '/data/0/id' } },
        },
      },
    },
  },
  problems: {
    card_declined: {
      status: 402,
      when: 'The card was declined: `declineCode` says why. The payment has failed.',
    },
    provider_unavailable: {
      status: 502,
      when: 'The payment provider cannot be reached, and nothing was done. Repeat it after the time in Retry-After, with the same Idempotency-Key.',
      headers: ['Retry-After'],
    },
    provider_error: { status: 402, when: 'The payment provider refused. Nothing was done.' },
    provider_timeout: {
      status: 402,
      when: 'The payment provider did not answer, and as was found out later has not received it. Nothing was done.',
    },
    payment_busy: {
      status: 409,
      when: 'Other requests keep changing the payment, and nothing was done. Repeat it after the time in Retry-After.',
      headers: ['Retry-After'],
    },
    payment_not_capturable: {
      status: 409,
      when: 'The payment is not authorized, or its authorization has expired.',
    },
    payment_incomplete: {
      status: 409,
      when: 'The payment was restored from its events, which do not say what it is for. Repeat the request that created it, with its Idempotency-Key, and then this one.',
    },
    payment_not_cancelable: { status: 409, when: 'The payment is not authorized.' },
    payment_not_refundable: { status: 409, when: 'The payment is not captured.' },
    refund_exceeds_captured: { status: 409, when: 'Less than that is left to refund.' },
    payment_disputed: {
      status: 409,
      when: 'The cardholder disputes the payment at the bank, and would be paid twice.',
    },
    too_many_refunds: {
      status: 409,
      when: 'The payment has as many refunds as it can have, or too many of them have failed.',
    },
    amount_too_large: { status: 422, when: 'Less than that was authorized.' },
  },
  refinements: new Map<unknown, Record<string, unknown>>([
    [body.isAccepted, paymentMethods],
    [body.isCountry, { enum: [...body.countries].sort() }],
    [body.isPaidIn, { enum: currencyCodes().filter(body.isPaidIn) }],
    [body.fewEntries, { maxProperties: body.maxMetadataEntries }],
  ]),
  notes: new Map([
    [
      paymentRequest,
      'With `lines`, `amount` is their sum with tax: for each tax rate, the net amounts times the rate, rounded once, half away from zero, to the minor unit.',
    ],
  ]),
};
