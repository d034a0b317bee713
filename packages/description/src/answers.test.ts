import { describe, expect, it } from 'vitest';
import { type Answered, answeredBy, described, describedBy } from './answers.ts';

const requestId = `req_${'0'.repeat(32)}`;
const list = (changes: object = {}): Answered => ({
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'Request-Id': requestId },
  body: JSON.stringify({ object: 'list', data: [], hasMore: false, ...changes }),
});
const payments = describedBy('payments');
const faults = (answered: Answered): string => {
  try {
    payments.check('listPayments', answered);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('an answer', () => {
  it('that is described passes', () => {
    expect(faults(list())).toBe('');
  });

  it('of a gateway that answers by itself passes too', () => {
    const headers = { 'content-type': 'application/json' };
    expect(faults({ status: 503, headers, body: '{"message":"Service Unavailable"}' })).toBe('');
  });

  it.each<[what: string, answered: Answered, fault: string]>([
    ['a status', { ...list(), status: 202 }, 'the status 202 is not among 200'],
    ['a type', { ...list(), headers: { 'content-type': 'text/html' } }, 'the type text/html is not among'],
    ['a member', list({ total: 1 }), 'must NOT have additional properties (total)'],
    ['a value', list({ hasMore: 'no' }), '/hasMore must be boolean'],
    [
      'a header',
      { ...list(), headers: { ...list().headers, 'X-Powered-By': 'us' } },
      'the header x-powered-by is not',
    ],
    [
      'the form of a header',
      { ...list(), headers: { ...list().headers, 'Request-Id': '1' } },
      'must match pattern',
    ],
  ])('with %s that is not described fails, and says so', (_what, answered, fault) => {
    expect(faults(answered)).toContain(fault);
  });

  it('without a member that it must have fails', () => {
    expect(faults({ ...list(), body: '{"object":"list","data":[]}' })).toContain(
      "must have required property 'hasMore'",
    );
  });

  it('with a code that the operation does not name fails', () => {
    const problem = {
      type: 'urn:fanfold:problem:payment_busy',
      title: 'Conflict',
      status: 404,
      detail: 'No.',
      instance: `/requests/${requestId}`,
      code: 'payment_busy',
      requestId,
    };
    const headers = { ...list().headers, 'Content-Type': 'application/problem+json' };
    expect(faults({ status: 404, headers, body: JSON.stringify(problem) })).toContain(
      '/code must be equal to one of the allowed values',
    );
  });
});

it('a handler whose answer is not described fails its caller', async () => {
  const handler = async () => ({
    statusCode: 202,
    headers: { 'Content-Type': 'application/json' },
    body: '{}',
  });
  const { listPayments } = described('payments', { listPayments: handler });
  await expect(listPayments()).rejects.toThrow('does not describe what listPayments answers');
});

it('a request is for the operation of its method and path', () => {
  expect(payments.operationOf('GET', '/payments/pay_1?limit=1')).toBe('getPayment');
  expect(payments.operationOf('POST', '/payments/pay_1/refunds')).toBe('refundPayment');
  expect(payments.operationOf('DELETE', '/payments')).toBeUndefined();
  expect(payments.operationOf('GET', '/payments/..%2f..%2fetc')).toBeUndefined();
  expect(describedBy('audit').operationOf('GET', '/tile/entries/000.p/1')).toBe('getTile');
});

it('a result in Base64 is what the client gets of it', () => {
  expect(answeredBy({ statusCode: 200, body: 'e30=', isBase64Encoded: true }).body).toBe('{}');
});
