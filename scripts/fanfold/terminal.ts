import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';

/**
 * All that the tool prints, safe to look at: what events, messages and answers hold was written by somebody else, who may
 * not move the cursor, reverse the direction of text, or begin a line of their own.
 */

// Whoever reads the output, such as `head`, may have had enough. What was begun goes on, and its exit code says what came of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

/** Results, on standard output: each text is a line. */
export const print = (...lines: string[]): void => console.log(lines.map(safe).join('\n'));

/** A result's heading. */
export const printHeading = (line: string): void => console.log(styleText('bold', safe(line)));

/** A result for programs: what is not safe is escaped as JSON escapes it. */
export const printJson = (value: unknown): void =>
  console.log(JSON.stringify(value, null, 2).replace(unsafeInJson, escapedInJson));

/** Errors and progress, on standard error. Each text is a line. */
export const notify = (...lines: string[]): void => console.error(lines.map(safe).join('\n'));

/** What somebody at the terminal answers; undefined where nobody sits at one. */
export async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(safe(question))).trim();
  } finally {
    terminal.close();
  }
}

/** Controls (with which ANSI escapes begin), formats (which reverse the direction of text or are not seen), surrogates, and separators of lines. */
const unsafe = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** JSON has line breaks of its own. */
const unsafeInJson = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;

const short: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A text in one line, in which everything can be seen: `\u{1b}[2J`. */
export const safe = (text: string): string =>
  text.replace(unsafe, (each) => short[each] ?? `\\u{${each.codePointAt(0)?.toString(16)}}`);

const escapedInJson = (text: string): string =>
  text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
