import { codePoint } from '@fanfold/contracts/codePointFixtures';
import { dataSubjectOf } from '@fanfold/contracts/event';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eraseRequest } from '../erase/eraseRequest.ts';
import { erasedEventOf } from '../store/erasures.ts';
import { comparableTime, depthOf, isSameJson } from './received.ts';
import { receivedOf } from './receivedFixtures.ts';

describe('texts with the same JSON', () => {
  it('differ in the order of members and in space only', () => {
    expect(isSameJson('{"a":1,"b":[{"c":null}]}', '{ "b": [{"c":null}],\n"a": 1 }')).toBe(true);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(4), (content, indent) => {
        const reversed = Object.fromEntries(Object.entries(content).reverse());
        expect(isSameJson(JSON.stringify(content), JSON.stringify(reversed, null, indent))).toBe(true);
      }),
    );
  });

  it.each([
    ['another value', '{"data":{"amount":100}}', '{"data":{"amount":101}}'],
    ['a value of another type', '{"data":{"amount":100}}', '{"data":{"amount":"100"}}'],
    ['a member more', '{"data":{}}', '{"data":{"amount":null}}'],
    ['another order in a list', '{"data":[1,2]}', '{"data":[2,1]}'],
  ])('do not have %s', (_difference, one, other) => {
    expect(isSameJson(one, other)).toBe(false);
  });
});

describe('whom an event is about', () => {
  const about = (paymentId: unknown) => dataSubjectOf(receivedOf('inv_1', 1, { data: { paymentId } }).event);

  it('is the payment that it belongs to, or else its own subject', () => {
    expect(about('pay_1')).toBe('pay_1');
    expect(about('p'.repeat(128))).toBe('p'.repeat(128));
    for (const none of [undefined, null, 1, {}, '', 'p'.repeat(129), 'pay 1', 'zahlung-ä', 'pay\u00001']) {
      expect(about(none)).toBe('inv_1');
    }
  });

  it('can be ordered to be erased, and the erasure be published, whatever an event has for a payment', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string({ unit: codePoint }), (anything, text) => {
        for (const paymentId of [anything, text]) {
          const dataSubject = about(paymentId);
          const order = { merchantId: 'acme', reason: null, operationId: 'op_1' };
          expect(() => eraseRequest.parse({ ...order, subject: dataSubject })).not.toThrow();
          const { correlationid, causationid, traceparent } = receivedOf('inv_1', 1).event;
          const trace = { correlationid, causationid, traceparent };
          const erasedAt = '2026-11-23T10:00:00.000Z';
          expect(() => erasedEventOf({ ...order, dataSubject, erasedAt, trace })).not.toThrow();
        }
      }),
    );
  });
});

describe('the depth of a text', () => {
  const depth = (value: unknown): number =>
    value !== null && typeof value === 'object' ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;

  it('is how deeply its value is nested', () => {
    const json = fc.jsonValue({ stringUnit: fc.constantFrom('[', ']', '{', '}', '"', '\\', 'a') });
    fc.assert(
      fc.property(json, fc.nat(2), (value, indent) => {
        expect(depthOf(JSON.stringify(value, null, indent))).toBe(depth(value));
      }),
    );
  });

  it('is found of a text that is too deep to be walked through', () => {
    expect(depthOf('['.repeat(24_000) + ']'.repeat(24_000))).toBe(24_000);
  });
});

describe('the comparable form of a time', () => {
  it.each([
    ['2026-11-23T10:00:00Z', '2026-11-23T10:00:00.000000000Z'],
    ['2026-11-23T10:00:00.5Z', '2026-11-23T10:00:00.500000000Z'],
    ['2026-11-23T10:00:00.123456Z', '2026-11-23T10:00:00.123456000Z'],
    ['2026-11-23T00:30:00.25+01:00', '2026-11-22T23:30:00.250000000Z'],
  ])('of %s is in UTC with nine decimals', (time, comparable) => {
    expect(comparableTime(time)).toBe(comparable);
  });

  it('stands in the order of the times, whatever their precision and offset', () => {
    /** A time as nanoseconds since 1970, and one of the ways to write it. */
    const time = fc
      .record({
        seconds: fc.integer({ min: Date.UTC(1990) / 1000, max: Date.UTC(2090) / 1000 }),
        fraction: fc.stringMatching(/^\d{0,9}$/),
        offsetMinutes: fc.integer({ min: -14 * 60, max: 14 * 60 }),
      })
      .map(({ seconds, fraction, offsetMinutes }) => {
        const local = new Date((seconds + offsetMinutes * 60) * 1000).toISOString().slice(0, 19);
        const minutes = Math.abs(offsetMinutes);
        const pad = (n: number) => String(n).padStart(2, '0');
        const offset = `${offsetMinutes < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
        return {
          nanoseconds: BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')),
          text: `${local}${fraction && `.${fraction}`}${offset}`,
        };
      });
    fc.assert(
      fc.property(time, time, (a, b) => {
        const [x, y] = [comparableTime(a.text), comparableTime(b.text)];
        expect(x < y).toBe(a.nanoseconds < b.nanoseconds);
        expect(x === y).toBe(a.nanoseconds === b.nanoseconds);
      }),
    );
  });
});
