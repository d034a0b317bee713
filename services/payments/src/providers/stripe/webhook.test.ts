import fc from 'fast-check';
import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { readNotice } from './notice.ts';
import { noticeOf, relevantTypes, signatureFault, signatureHeader } from './webhook.ts';

const isSigned = (...asked: Parameters<typeof signatureFault>) => signatureFault(...asked) === undefined;

const secret = 'whsec_newest';
const now = new Date('2026-11-30T12:00:00.500Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const raw = Buffer.from(JSON.stringify({ id: 'evt_1', type: 'payment_intent.succeeded' }));
const signed = (body = raw, time = now, by = secret) => signatureHeader(body, by, time);

describe('A notification is Stripe’s', () => {
  test('with a signature by a secret, as Stripe’s own library makes and checks it', () => {
    const header = Stripe.webhooks.generateTestHeaderString({
      payload: raw.toString(),
      secret,
      timestamp: Math.floor(now.getTime() / 1000),
    });
    expect(header).toBe(signed());
    expect(isSigned(raw, header, [secret], now)).toBe(true);
  });

  test('when any of its signatures is by any of the secrets', () => {
    const [time, mine] = signed().split(',');
    const [, old] = signed(raw, now, 'whsec_old').split(',');
    expect(isSigned(raw, `${time},${old},${mine}`, [secret], now)).toBe(true);
    expect(isSigned(raw, `${time},${mine},${old},v0=00`, [secret], now)).toBe(true);
    expect(isSigned(raw, signed(raw, now, 'whsec_old'), [secret, 'whsec_old'], now)).toBe(true);
  });

  test('up to five minutes before and after now, and not longer', () => {
    for (const seconds of [-300, 0, 300])
      expect(isSigned(raw, signed(raw, at(seconds)), [secret], at(0))).toBe(true);
    for (const seconds of [-301, 301])
      expect(isSigned(raw, signed(raw, at(seconds)), [secret], at(0))).toBe(false);
  });

  test.each<[string, Buffer, string]>([
    ['no header', raw, ''],
    ['no time', raw, signed().replace(/t=\d+,/, '')],
    ['a time that is none', raw, signed().replace(/t=\d+/, 't=1e9')],
    ['no signature', raw, signed().replace(/,v1=.*/, '')],
    ['a signature of an older scheme', raw, signed().replace('v1=', 'v0=')],
    ['a signature by another secret', raw, signed(raw, now, 'whsec_other')],
    ['a secret that has a line break at its end', raw, signed(raw, now, `${secret}\n`)],
    ['a body that was written anew', Buffer.from(JSON.stringify(JSON.parse(String(raw)), null, 1)), signed()],
    ['another body', Buffer.from(`${raw} `), signed()],
    ['another time than the signed one', raw, signed().replace(/t=\d+/, `t=${now.getTime() / 1000 + 1}`)],
  ])('and not with %s', (_what, body, header) => {
    expect(isSigned(body, header, [secret], now)).toBe(false);
  });

  test('never without a secret', () => {
    expect(isSigned(raw, signed(raw, now, ''), [], now)).toBe(false);
  });

  test('whatever its bytes are, exactly when Stripe’s library takes it, as far as its age goes', () => {
    const time = Math.floor(Date.now() / 1000);
    const body = fc.json();
    const change = fc.constantFrom<(header: string) => string>(
      (header) => header,
      (header) => header.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
      (header) => header.replace(/t=\d+/, `t=${time - 1}`),
      (header) => `${header},v1=00`,
      (header) => header.replace('v1', 'v2'),
    );
    fc.assert(
      fc.property(body, change, (body, change) => {
        const bytes = Buffer.from(body);
        const header = change(signatureHeader(bytes, secret, new Date(time * 1000)));
        const theirs = () => Stripe.webhooks.constructEvent(bytes, header, secret);
        const isTheirs = (() => {
          try {
            theirs();
            return true;
          } catch (error) {
            return !(error instanceof Stripe.errors.StripeSignatureVerificationError);
          }
        })();
        expect(isSigned(bytes, header, [secret], new Date())).toBe(isTheirs);
      }),
    );
  });
});

const notification = (type: string, object: object, more: object = {}) =>
  Buffer.from(
    JSON.stringify({
      id: 'evt_1',
      object: 'event',
      created: now.getTime() / 1000 - 0.5,
      livemode: false,
      type,
      data: { object },
      ...more,
    }),
  );

describe('Of a notification', () => {
  test.each([
    ['payment_intent.succeeded', { object: 'payment_intent', id: 'pi_1' }],
    ['refund.failed', { object: 'refund', id: 're_1', payment_intent: 'pi_1' }],
    ['charge.expired', { object: 'charge', id: 'ch_1', payment_intent: 'pi_1' }],
    ['charge.dispute.closed', { object: 'dispute', id: 'dp_1', payment_intent: 'pi_1' }],
  ])('%s only its id and time and of which payment it is are kept', (type, object) => {
    expect(noticeOf(notification(type, { ...object, customer: 'cus_1' }), false)).toEqual({
      id: 'evt_1',
      type,
      time: '2026-11-30T12:00:00.000Z',
      reference: 'pi_1',
    });
  });

  const refund = { object: 'refund', id: 're_1', payment_intent: 'pi_1' };
  test.each([
    ['of a type that is not needed', notification('invoice.paid', { object: 'invoice', id: 'in_1' })],
    ['of a refund without a PaymentIntent', notification('refund.failed', { object: 'refund', id: 're_1' })],
    ['of what is no id', notification('refund.failed', { ...refund, payment_intent: 'pi_/../x' })],
    ['of real money', notification('refund.failed', refund, { livemode: true })],
    ['without a time', notification('refund.failed', refund, { created: 'now' })],
    ['that is a list', Buffer.from('[]')],
    ['that is null', Buffer.from('null')],
    ['that has no object', Buffer.from('{"id":"evt_1","type":"refund.failed","created":1,"livemode":false}')],
  ])('nothing is kept %s', (_what, raw) => {
    expect(noticeOf(raw, false)).toBeUndefined();
  });

  test('all types are those of Stripe', () => {
    const types: readonly Stripe.WebhookEndpointCreateParams.EnabledEvent[] = relevantTypes;
    expect(new Set(types).size).toBe(types.length);
  });
});

describe('What is in the queue', () => {
  const stored = { id: 'evt_1', type: 'refund.failed', time: '2026-11-30T12:00:00.000Z', reference: 'pi_1' };

  test('is read as it was stored', () => {
    expect(readNotice(JSON.stringify(stored))).toEqual(stored);
  });

  test.each([
    ['no JSON', '{'],
    ['nothing', 'null'],
    ['no reference', JSON.stringify({ ...stored, reference: undefined })],
    ['what is no reference', JSON.stringify({ ...stored, reference: 'pi_1/../../refunds' })],
    ['no time', JSON.stringify({ ...stored, time: 'now' })],
  ])('is quarantined when it has %s', (_what, body) => {
    expect(() => readNotice(body)).toThrow(expect.objectContaining({ reason: 'no-notice' }));
  });
});
