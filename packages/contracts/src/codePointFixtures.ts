import fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 };

/**
 * Any character of Unicode, as the unit of `fc.string`. It draws what the library's own unit `binary` draws, which makes a table
 * of the million of them in each process: a second of its processor time, and eighty megabytes for as long as it runs.
 */
export const codePoint = fc
  .nat({ max: 0x10ffff - surrogates.count })
  .map((n) => String.fromCodePoint(n < surrogates.first ? n : n + surrogates.count), numberOf);

/** So that the library finds names such as `__proto__` possible, and draws them. */
function numberOf(character: unknown): number {
  const code = String(character).codePointAt(0);
  if (code === undefined || character !== String.fromCodePoint(code) || !character.isWellFormed())
    throw new Error('It is not one character');
  return code < surrogates.first ? code : code - surrogates.count;
}
