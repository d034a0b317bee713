/**
 * Makes a line safe for a terminal, so that a log cannot move its cursor, change the direction of text or begin
 * another line. (The operator's tool has the same function. This one is separate, because the verifier uses no other
 * code of Fanfold.)
 */
export const printable = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);

/** The same for programs, with JSON's escapes. */
export const jsonText = (value: object): string =>
  JSON.stringify(value, null, 2).replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, (each) =>
    each
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
