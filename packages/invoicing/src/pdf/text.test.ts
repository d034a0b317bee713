import fc from 'fast-check';
import { expect, test } from 'vitest';
import { texts } from '../documentFixtures.ts';
import { readFont } from '../fontFiles.ts';
import { isolated, type Style, typesetter } from './text.ts';

const style: Style = { size: 9, weight: 'regular', color: '#000000' };
const { lines, font } = typesetter(readFont);

/** The runs of a text from left to right, and their fonts. */
const runsOf = (text: string, country?: string) =>
  lines(text, style, undefined, country).flatMap(({ runs }) =>
    runs.map((run) => [run.text, run.font.replace(/^NotoSans|-\w+$/g, '')]),
  );

test('Right-to-left text is ordered as it is seen, with numbers and Latin words in it as they are', () => {
  expect(runsOf('שלום Chair 3.5 מטר').map(([text]) => text)).toEqual(['מטר', ' ', 'Chair 3.5', ' ', 'שלום']);
  expect(runsOf('Chair שלום').map(([text]) => text)).toEqual(['Chair ', 'שלום']);
});

test('What has a mirror image is mirrored from right to left', () => {
  expect(
    runsOf('שחור (א) <ב>')
      .map(([text]) => text)
      .join(''),
  ).toContain(')');
  expect(runsOf('א(ב)').map(([text]) => text)).toEqual(['(', 'ב', ')', 'א']);
});

test('Chinese and Japanese have their own fonts, by kana or by the country of an address', () => {
  expect(runsOf('直営')).toEqual([['直営', 'SC']]);
  expect(runsOf('直営', 'JP')).toEqual([['直営', 'JP']]);
  expect(runsOf('直営の')).toEqual([['直営の', 'JP']]);
  expect(runsOf('예시')).toEqual([['예시', 'KR']]);
  expect(runsOf('شركة')).toEqual([['شركة', 'Arabic']]);
});

test('A mark stays with its letter, and what no font has is shown as a sign for it', () => {
  expect(runsOf('e\u0301')).toEqual([['e\u0301', '']]);
  expect(runsOf('a😀b')).toEqual([['a\ufffdb', '']]);
});

test('A mark for which a font has no place on its letter is shown all the same', () => {
  for (const text of ['\u0887\u08d5', '\u0585\u0328', '\u0e2c\u0e4e'])
    expect(
      runsOf(text)
        .map(([some]) => some)
        .join(''),
    ).toBe(text);
});

test('No text changes the direction of another, and controls are nothing but spaces', () => {
  expect(runsOf('12\u202e34\u202c5\t6\u0007')).toEqual([['12345 6', '']]);
});

test('A number beside a name is read as it is, whatever the direction of the name', () => {
  const seen = (text: string) =>
    runsOf(text)
      .map(([some]) => some)
      .join('');
  expect(seen(`${isolated('אב')} · +32 9 000`)).toBe('אב · +32 9 000');
  expect(seen(`Discount: ${isolated('אב\u2069')} \u22125.00`)).toBe('Discount: אב \u22125.00');
});

test('Lines end between words, and a word that is wider than a line wherever it has to', () => {
  const said = (text: string, width: number) => lines(text, style, width).map((line) => line.text);
  expect(said('Chair with arms', 50)).toEqual(['Chair with', 'arms']);
  expect(said('one\ntwo\r\n\r\nthree', 50)).toEqual(['one', 'two', '', 'three']);
  expect(said('W'.repeat(10), 30).every((line) => line.length <= 4)).toBe(true);
  expect(said('椅子椅子椅子', 20).join('')).toBe('椅子椅子椅子');
});

test('Whatever a text has, each of its lines fits, nothing is lost and fonts have all of it', () => {
  fc.assert(
    fc.property(texts(80), fc.integer({ min: 30, max: 200 }), (text, width) => {
      const set = lines(text, style, width);
      const squeezed = (some: string) => some.replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '');
      expect(squeezed(set.map((line) => line.text).join(''))).toBe(squeezed(text));
      for (const line of set) {
        // A letter with its marks is not broken.
        if (/\P{M}.*\P{M}/su.test(line.text)) expect(line.width).toBeLessThanOrEqual(width + 0.001);
        for (const run of line.runs)
          for (const character of run.text)
            expect(font(run.font).has(character.codePointAt(0) as number)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});
