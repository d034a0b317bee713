import { isVisible, unfitCharactersOf } from '@fanfold/contracts/text';

// The rules for texts as regular expressions that every JSON Schema validator reads in the same way: without flags, and
// without Unicode properties, which not all have in the same version.

/** All characters that fulfil a condition, as the inside of a character class. Surrogates are no characters. */
function classOf(isIn: (character: string) => boolean): string {
  const ranges: string[] = [];
  let first: number | undefined;
  for (let code = 0; code <= 0x110000; code += code === 0xd7ff ? 0x801 : 1) {
    const is = code <= 0x10ffff && isIn(String.fromCodePoint(code));
    if (is) first ??= code;
    else if (first !== undefined) {
      const last = code === 0xe000 ? 0xd7ff : code - 1;
      ranges.push(first === last ? written(first) : `${written(first)}-${written(last)}`);
      first = undefined;
    }
  }
  return ranges.join('');
}

/** Beyond U+FFFF the dialects have no escape in common, so those characters stand for themselves. */
const written = (code: number): string =>
  code > 0xffff ? String.fromCodePoint(code) : `\\u${code.toString(16).padStart(4, '0')}`;

const isFit = (character: string) => unfitCharactersOf(character) === undefined;

const unfit = classOf((character) => !isFit(character));
const blank = classOf((character) => !isFit(character) || !isVisible(character));

/** A text without the characters that are never accepted. */
export const fitText = `^[^${unfit}]*$`;

/** The same, and at least one character can be seen. */
export const visibleText = `^[^${unfit}]*[^${blank}][^${unfit}]*$`;
