import { codePoint } from '@fanfold/contracts/codePointFixtures';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quickest, slowMs } from '../durationFixtures.ts';
import { Refusal } from '../refusal.ts';
import { holdsCardNumber } from './cardNumber.ts';
import { parseStrictJson, pointerOf } from './strictJson.ts';

function refusalOf(text: string): Refusal {
  try {
    parseStrictJson(text);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error(`Was accepted: ${text.slice(0, 200)}`);
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const nestedObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('JSON is read', () => {
  test.each([
    ['{"a":[1,-2.5,1e3,true,false,null,"x"],"b":{}}', { a: [1, -2.5, 1000, true, false, null, 'x'], b: {} }],
    [' \t\r\n"text" ', 'text'],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
    ['0', 0],
    ['12100.00', 12_100],
    ['1.5e-7', 1.5e-7],
    ['"\\u00e9 \\ud83d\\ude00 / \\/ \\" \\\\"', 'é 😀 / / " \\'],
    ['{"":{"":1}}', { '': { '': 1 } }],
    ['{"constructor":1,"prototype":2,"toString":3}', { constructor: 1, prototype: 2, toString: 3 }],
    ['{"a":{"b":1},"b":{"a":2}}', { a: { b: 1 }, b: { a: 2 } }],
    [
      '{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}',
      { a: { x: 1 }, b: { x: 1 }, c: [{ x: 1 }, { x: 1 }] },
    ],
  ])('%s', (text, value) => expect(parseStrictJson(text)).toEqual(value));

  test('up to a depth of 20', () => {
    expect(JSON.stringify(parseStrictJson(nested(20)))).toBe(nested(20));
    expect(JSON.stringify(parseStrictJson(nestedObjects(20)))).toBe(nestedObjects(20));
    const many = `[${Array.from({ length: 100 }, () => nested(19)).join(',')}]`;
    expect(JSON.stringify(parseStrictJson(many))).toBe(many);
  });

  test('as it was written, whatever it holds within the limits', () => {
    const asWritten = fc
      .jsonValue({ stringUnit: 'grapheme', maxDepth: 6 })
      .map((value) => JSON.stringify(value))
      .filter((text) => !/[\u0080-\u009f\u202a-\u202e\u2066-\u2069]|\\u|\\[bfnrt]|__proto__/.test(text))
      .filter((text) => !/\d{16}|e[+-]/.test(text) && !holdsCardNumber(text));
    fc.assert(
      fc.property(asWritten, (text) => {
        expect(JSON.stringify(parseStrictJson(text))).toBe(text);
      }),
    );
  });
});

describe('Nothing but a value or a refusal comes', () => {
  const looksLikeJson = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"b"',
      '\\',
      '0',
      '-',
      '1e400',
      '.',
      'e',
      'null',
      'true',
      ' ',
      '\n',
      '/*',
      '//',
      '\ud800',
      '"__proto__"',
      "'",
    ),
    { maxLength: 40 },
  );

  test('of any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: codePoint }),
          looksLikeJson.map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            parseStrictJson(text);
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of what JSON.parse refuses, but a refusal', () => {
    fc.assert(
      fc.property(looksLikeJson, (parts) => {
        const text = parts.join('');
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        fc.pre(!valid);
        expect(refusalOf(text)).toMatchObject({ status: 400, code: 'invalid_json' });
      }),
    );
  });
});

describe('JSON is refused', () => {
  test.each([
    '',
    ' ',
    '{',
    '{]',
    '{"a":1,}',
    '[1,]',
    "{'a':1}",
    '{a:1}',
    '01',
    '+1',
    '.5',
    '1.',
    'NaN',
    'Infinity',
    'undefined',
    '"a\nb"',
    '{} {}',
    '// c\n1',
    '/* c */ 1',
    '"\\x41"',
    '\ufeff1',
  ])('when it is none: %j', (text) => {
    const refusal = refusalOf(text);
    expect(refusal).toMatchObject({
      status: 400,
      code: 'invalid_json',
      message: 'The body is not valid JSON.',
    });
    expect(refusal.errors).toBeUndefined();
  });

  test.each([
    ['a key that is there twice', '{"a":{"b":1,"c":2,"b":3}}', '#/a/b', 'is there twice'],
    [
      'a key that is there twice, once written with an escape',
      '{"a":1,"\\u0061":2}',
      '#/a',
      'is there twice',
    ],
    ['a key that is there twice after an inner object', '{"a":1,"b":{"a":1},"a":2}', '#/a', 'is there twice'],
    ['a key that is there twice around an object', '{"a":1,"b":{},"a":2}', '#/a', 'is there twice'],
    ['__proto__', '{"a":{"__proto__":{}}}', '#/a', 'has a member named __proto__'],
    ['__proto__ written with an escape', '{"\\u005f_proto__":1}', '#', 'has a member named __proto__'],
  ])('with %s, as a document', (_what, text, pointer, detail) => {
    expect(refusalOf(text)).toMatchObject({
      status: 400,
      code: 'invalid_json',
      errors: [{ pointer, detail }],
    });
  });

  test.each([
    [
      'a number above 2^53',
      '{"amount":9007199254740993}',
      '#/amount',
      'is larger than a number can hold exactly (9007199254740993)',
    ],
    [
      'a number below -2^53',
      '[0,-9007199254740992]',
      '#/1',
      'is larger than a number can hold exactly (-9007199254740992)',
    ],
    ['1e400', '{"a":[{"b":1e400}]}', '#/a/0/b', 'is larger than a number can hold exactly (1e400)'],
    ['-1e400', '-1e400', '#', 'is larger than a number can hold exactly (-1e400)'],
    ['minus zero', '{"amount":-0}', '#/amount', 'is minus zero'],
    ['minus zero with decimals', '{"amount":-0.00}', '#/amount', 'is minus zero'],
    ['a number that becomes minus zero', '{"amount":-1e-400}', '#/amount', 'is minus zero'],
    ['a number that becomes zero', '{"amount":1e-400}', '#/amount', 'changes when it is read (1e-400)'],
    [
      'a number that becomes whole',
      '{"amount":1.00000000000000000001}',
      '#/amount',
      'changes when it is read (1.00000000000000000001)',
    ],
    ['a lone surrogate', '{"name":"\\ud800"}', '#/name', 'has a lone surrogate, which is no character'],
    [
      'a lone surrogate at the end',
      '{"name":"x\\udc00"}',
      '#/name',
      'has a lone surrogate, which is no character',
    ],
    [
      'a lone surrogate in a key',
      '{"x\\udc00":1}',
      '#/x%EF%BF%BD',
      'has a lone surrogate, which is no character',
    ],
    ['bytes that were no UTF-8', '{"name":"J\ufffdrg"}', '#/name', expect.stringContaining('no UTF-8')],
    ['an escaped U+FFFD', '{"a":{"b":["\\ufffd"]}}', '#/a/b/0', expect.stringContaining('no UTF-8')],
    ['U+FFFE', '["\\ufffe"]', '#/0', 'has U+FFFE or U+FFFF, which are no characters'],
    ['U+FFFF', '["\\uffff"]', '#/0', 'has U+FFFE or U+FFFF, which are no characters'],
    ['U+FFFF in a key', '{"\\uffff":1}', '#/%EF%BF%BF', 'has U+FFFE or U+FFFF, which are no characters'],
    ['a null character', '{"name":"a\\u0000b"}', '#/name', 'has a control character, such as a line break'],
    ['a line break', '{"name":"a\\nb"}', '#/name', 'has a control character, such as a line break'],
    ['a delete character', '["a\\u007f"]', '#/0', 'has a control character, such as a line break'],
    ['a C1 control character', '["\\u0085"]', '#/0', 'has a control character, such as a line break'],
    [
      'an override of the direction of text',
      '{"name":"a\\u202eb"}',
      '#/name',
      'has a control character, such as a line break',
    ],
    [
      'an isolate of the direction of text',
      '{"name":"a\\u2066b"}',
      '#/name',
      'has a control character, such as a line break',
    ],
    [
      'a control character in a key',
      '{"a\\u0007":1}',
      '#/a%07',
      'has a control character, such as a line break',
    ],
  ])('with %s, as for every fault of a field', (_what, text, pointer, detail) => {
    expect(refusalOf(text)).toMatchObject({
      status: 422,
      code: 'invalid_request',
      message: 'The body is invalid. See errors for what to change.',
      errors: [{ pointer, detail }],
    });
  });

  test('when it is nested deeper than 20 levels, with the way down', () => {
    for (const [text, step] of [
      [nested(21), '/0'],
      [nestedObjects(21), '/a'],
    ] as const) {
      expect(refusalOf(text)).toMatchObject({
        status: 400,
        code: 'invalid_json',
        errors: [{ pointer: `#${step.repeat(20)}`, detail: 'is nested deeper than 20 levels' }],
      });
    }
  });

  test.each([
    ['brackets', nested(16 * 1024)],
    ['braces', nestedObjects(5 * 1024)],
    ['brackets and braces', `${'[{"":'.repeat(5 * 1024)}0${'}]'.repeat(5 * 1024)}`],
    ['brackets that are not closed', '['.repeat(32 * 1024)],
    ['braces that are not closed', '{"a":'.repeat(6 * 1024)],
  ])('without harm when 32 KiB of it are nothing but %s', (_what, text) => {
    expect(quickest(() => expect(refusalOf(text).status).toBe(400))).toBeLessThan(slowMs);
  });
});

describe('A card number is refused', () => {
  test.each([
    ['in a text', '{"description":"card 4111 1111 1111 1111"}', '#/description'],
    [
      'in a list',
      '{"lines":[{"description":"x"},{"description":"4111-1111-1111-1111"}]}',
      '#/lines/1/description',
    ],
    ['written with escapes', '{"a":"4111\\u0020111111111111"}', '#/a'],
    ['in full-width digits', '{"a":"４１１１１１１１１１１１１１１１"}', '#/a'],
    ['in a key', '{"metadata":{"4111111111111111":"x"}}', '#/metadata'],
    ['as a number', '{"metadata":{"card":4111111111111111}}', '#/metadata/card'],
  ])('%s, without being repeated in the answer', (_where, text, pointer) => {
    const refusal = refusalOf(text);
    expect(refusal).toMatchObject({ status: 422, code: 'card_number_refused', errors: [{ pointer }] });
    expect(JSON.stringify({ ...refusal, message: refusal.message, stack: refusal.stack })).not.toMatch(
      /4111|４１１１/,
    );
  });

  test('below a key that is one, without the key in the answer', () => {
    const refusal = refusalOf('{"4111111111111111":{"a":{"b":"\\u0000"}}}');
    expect(refusal).toMatchObject({ status: 422, errors: [{ pointer: '#' }] });
  });
});

describe('50 KB and more in one text', () => {
  test.each([
    ['letters', 'x'.repeat(50_000)],
    ['digits', '9'.repeat(50_000)],
    ['groups of digits', '9999 '.repeat(10_000)],
    ['escapes', '\\u00e9'.repeat(8000)],
    ['a logo in base64', 'iVB0Rw0K'.repeat(11_000)],
    ['as many digits', '9'.repeat(118_000)],
    ['emoji', '😀'.repeat(12_000)],
  ])('of %s is read in time that nobody can abuse', (_what, content) => {
    const text = `{"a":"${content}"}`;
    expect(quickest(() => parseStrictJson(text))).toBeLessThan(slowMs);
  });

  test('and 32 KiB of many small members', () => {
    const text = JSON.stringify(Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`k${i}`, i])));
    expect(quickest(() => parseStrictJson(text))).toBeLessThan(slowMs);
  });
});

test('A pointer is the fragment of RFC 6901, with what is special in it escaped', () => {
  expect(pointerOf([])).toBe('#');
  expect(pointerOf(['lines', 0, 'quantity'])).toBe('#/lines/0/quantity');
  expect(pointerOf(['a/b', 'c~d', 'e f', 'ü', '%', '', '"'])).toBe('#/a~1b/c~0d/e%20f/%C3%BC/%25//%22');
  expect(pointerOf(['\ud800'])).toBe('#/%EF%BF%BD');
});
