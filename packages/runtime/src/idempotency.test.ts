import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  derivedId,
  fingerprintOf,
  parseIdempotencyKey,
  refuseReusedKey,
  stillRunning,
} from './idempotency.ts';

describe('An Idempotency-Key', () => {
  test.each([
    ['bare', 'order-1001', 'order-1001'],
    ['a UUID', '8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['a quoted string', '"order-1001"', 'order-1001'],
    ['a quoted string with spaces', '" a b "', ' a b '],
    ['a quoted string with escapes', '"a\\"b\\\\c"', 'a"b\\c'],
    ['a quoted backslash at the end', '"a\\\\"', 'a\\'],
    ['bare with a backslash', 'a\\b', 'a\\b'],
    ['bare with spaces around it', '  a b  ', 'a b'],
    ['the first and the last printable character', '! ~', '! ~'],
    ['a quoted string with commas', '"a, b"', 'a, b'],
    ['a quoted string with a quote and a comma', '"a\\",\\"b"', 'a","b'],
    ['one character', 'x', 'x'],
    ['255 characters', 'x'.repeat(255), 'x'.repeat(255)],
    ['255 characters, quoted', `"${'x'.repeat(255)}"`, 'x'.repeat(255)],
    ['255 characters, all of them escaped', `"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ])('may be %s', (_what, header, key) => expect(parseIdempotencyKey(header)).toBe(key));

  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['nothing but spaces', '   '],
  ])('may not be %s', (_what, header) => {
    expect(() => parseIdempotencyKey(header)).toThrow(
      expect.objectContaining({ status: 400, code: 'idempotency_key_missing' }),
    );
  });

  test.each([
    ['an empty quoted string', '""'],
    ['256 characters', 'x'.repeat(256)],
    ['256 characters, quoted', `"${'x'.repeat(256)}"`],
    ['letters beyond ASCII', 'schlüssel'],
    ['letters beyond ASCII, quoted', '"schlüssel"'],
    ['a control character', 'a\tb'],
    ['a delete character', 'a\u007fb'],
    ['a line break, quoted', '"a\nb"'],
    ['a quoted string that does not end', '"abc'],
    ['a quoted string that does not begin', 'abc"'],
    ['a lone quote', '"'],
    ['two quoted strings', '"a" "b"'],
    ['sent twice', 'key,key'],
    ['sent twice, joined with a space', 'key, key'],
    ['sent twice, quoted', '"key","key"'],
    ['sent quoted and bare', '"key",key'],
    ['sent bare and quoted', 'key,"key"'],
    ['sent with nothing beside it', 'key,'],
    ['a comma', ','],
    ['a quoted string with a parameter', '"a";b=1'],
    ['a quote that is not escaped', '"a"b"'],
    ['another escape', '"a\\nb"'],
    ['a backslash before the closing quote', '"abc\\"'],
  ])('may not be %s', (_what, header) => {
    expect(() => parseIdempotencyKey(header)).toThrow(
      expect.objectContaining({ status: 400, code: 'idempotency_key_invalid' }),
    );
  });

  test('is the same key quoted and bare', () => {
    const printable = fc.string({
      unit: fc.constantFrom(...' !#$%&()*+-./09:;<=>?@AZ[]^_`az{|}~'),
      minLength: 1,
      maxLength: 255,
    });
    fc.assert(
      fc.property(
        printable.filter((key) => key.trim() === key),
        (key) => {
          expect(parseIdempotencyKey(`"${key}"`)).toBe(parseIdempotencyKey(key));
        },
      ),
    );
  });

  test('comes out of a quoted string as it went in', () => {
    const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 255 });
    fc.assert(
      fc.property(printable, (key) => {
        expect(parseIdempotencyKey(`"${key.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)).toBe(key);
      }),
    );
  });
});

describe('A derived id', () => {
  test('is its prefix and 32 hexadecimal digits that follow from its cause', () => {
    const id = derivedId('pay', 'acme', 'POST /payments', 'key');
    expect(id).toMatch(/^pay_[0-9a-f]{32}$/);
    expect(derivedId('pay', 'acme', 'POST /payments', 'key')).toBe(id);
  });

  test('is another one for any other cause, also where the parts would run together', () => {
    const causes = [
      ['acme', 'POST /payments', 'key'],
      ['acme', 'POST /payments', 'key2'],
      ['acme2', 'POST /payments', 'key'],
      ['acme', 'POST /payments/x/capture', 'key'],
      ['acme', 'POST /paymentskey', ''],
      ['acme', 'POST /payments,key'],
      ['acme","POST /payments', 'key'],
    ];
    expect(new Set(causes.map((cause) => derivedId('pay', ...cause))).size).toBe(causes.length);
  });
});

describe('A fingerprint', () => {
  const json = fc.jsonValue();

  const reordered = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reordered);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([name, member]) => [name, reordered(member)]),
    );
  };

  test('does not depend on the order of members, at any depth', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(fingerprintOf(reordered(value))).toBe(fingerprintOf(value));
      }),
    );
  });

  test('differs for different JSON', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(fingerprintOf(a) === fingerprintOf(b)).toBe(canonical(a) === canonical(b));
      }),
    );
  });

  test('sees the order of a list, types, and what is nested', () => {
    const values = [
      { a: [1, 2] },
      { a: [2, 1] },
      { a: ['1', 2] },
      { a: { 0: 1, 1: 2 } },
      { a: null },
      {},
      { a: { b: 1 } },
      { a: { c: 1 } },
    ];
    expect(new Set(values.map(fingerprintOf)).size).toBe(values.length);
  });
});

/** The members of a value as a sorted list of their ways and values, written independently of the code. */
function canonical(value: unknown, way = ''): string {
  if (value === null || typeof value !== 'object') return `${way}=${JSON.stringify(value)}\n`;
  const list = Array.isArray(value);
  return `${way}${list ? '[]' : '{}'}\n${Object.entries(value)
    .map(([name, member]) => canonical(member, `${way}/${JSON.stringify(name)}`))
    .sort()
    .join('')}`;
}

test('A key that was used for another request is refused', () => {
  expect(refuseReusedKey).toThrow(expect.objectContaining({ status: 422, code: 'idempotency_key_reused' }));
});

test('While the first request runs, a second one is told to come again in a second', () => {
  expect(stillRunning()).toMatchObject({
    status: 409,
    code: 'request_in_progress',
    headers: { 'Retry-After': '1' },
  });
});
