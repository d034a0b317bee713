import { isVisible, unfitCharactersOf } from '@fanfold/contracts/text';

// The rules for texts as regular expressions that every validator reads in the same way, with and without JavaScript's flag u:
// no Unicode properties, and no characters beyond U+FFFF in classes.

/** All characters up to U+FFFF that fulfil a condition, as the inside of a character class. Surrogates are no characters. */
function classOf(isIn: (character: string) => boolean): string {
  const ranges: string[] = [];
  let first: number | undefined;
  let last = 0;
  const end = () => {
    if (first !== undefined)
      ranges.push(first === last ? written(first) : `${written(first)}-${written(last)}`);
    first = undefined;
  };
  for (let code = 0; code <= 0xffff; code += 1) {
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    if (isSurrogate || !isIn(String.fromCharCode(code))) {
      end();
      continue;
    }
    first ??= code;
    last = code;
  }
  end();
  return ranges.join('');
}

const written = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

const isFit = (character: string) => unfitCharactersOf(character) === undefined;

const unfit = classOf((character) => !isFit(character));
const blank = classOf((character) => !isFit(character) || !isVisible(character));

/** A text without the characters that are never accepted. */
export const fitText = `^[^${unfit}]*$`;

/**
 * The same, and at least one character can be seen. Those beyond U+FFFF count as visible, although a few of them, such as
 * tags, are refused when there is nothing else.
 */
export const visibleText = `^[^${unfit}]*[^${blank}][^${unfit}]*$`;
