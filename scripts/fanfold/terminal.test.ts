import { codePoint } from '@fanfold/contracts/codePointFixtures';
import fc from 'fast-check';
import { beforeEach, expect, it, vi } from 'vitest';
import { notify, print, printHeading, printJson, safe } from './terminal.ts';

vi.stubEnv('NO_COLOR', '1');
const out = vi.spyOn(console, 'log');
const err = vi.spyOn(console, 'error');
beforeEach(() => {
  for (const stream of [out, err]) stream.mockReset().mockReturnValue();
});
const printed = () => [...out.mock.calls, ...err.mock.calls].flat().join('\n');

/** Any text, and what somebody would write who means to deceive. */
const texts = fc.oneof(
  fc.string({ unit: codePoint }),
  fc.string(),
  fc
    .array(
      fc.constantFrom(
        '\n',
        '\r',
        '\u001b[2J',
        '\u009b31m',
        '\u202e',
        '\u2066',
        '\u2028',
        '\u2029',
        '\u0085',
        'ok',
      ),
    )
    .map((parts) => parts.join('')),
);
const unsafe = /[\p{C}\p{Zl}\p{Zp}]/u;

it.each([
  ['a result', print],
  ['a heading', printHeading],
  ['a complaint', notify],
])('%s is one line without anything that a terminal acts on, whatever it holds', (_, show) => {
  fc.assert(
    fc.property(texts, (text) => {
      out.mockClear();
      err.mockClear();
      show(text);
      expect(printed()).not.toMatch(unsafe);
    }),
  );
});

it('JSON means the same, without anything that a terminal acts on', () => {
  fc.assert(
    fc.property(fc.dictionary(texts, fc.array(texts)), (value) => {
      out.mockClear();
      printJson(value);
      expect(JSON.parse(printed())).toEqual(JSON.parse(JSON.stringify(value)));
      expect(printed().replaceAll('\n', '')).not.toMatch(unsafe);
    }),
  );
});

it('what is not safe is shown for what it is, and the rest as it is', () => {
  expect(safe('a\u001b[2J\nb\u202ec\u2028d\u{e0041}')).toBe('a\\u{1b}[2J\\nb\\u{202e}c\\u{2028}d\\u{e0041}');
  expect(safe('Zoë, 日本, INV-2026-000001')).toBe('Zoë, 日本, INV-2026-000001');
});

it('several lines stay as many', () => {
  print('one', 'two\nthree', '');
  expect(printed()).toBe('one\ntwo\\nthree\n');
});
