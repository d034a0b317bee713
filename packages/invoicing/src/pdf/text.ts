import bidiFactory, { type Bidi } from 'bidi-js';
import LineBreaker from 'linebreak';
import {
  type Choice,
  candidatesFor,
  type Direction,
  type FontName,
  openFont,
  type ReadFont,
  type Weight,
} from './fonts.ts';

/** `size` in points, `color` as `#1a2b3c`. */
export type Style = { size: number; weight: Weight; color: string };

/** Text of one font and direction, in the order of reading. `width` in points. */
type Run = Choice & { text: string; direction: Direction; level: number; width: number };

/** Runs from left to right. `text` is what they say in the order of reading. */
export type Line = { style: Style; runs: Run[]; text: string; width: number };

export type Typesetter = {
  /** The lines of a text that is at most `maxWidth` points wide; a line break in the text begins a new one. */
  lines(text: string, style: Style, maxWidth?: number, country?: string): Line[];
  font(name: FontName): ReturnType<typeof openFont>;
};

// Its types say that it exports an object.
const bidi = (bidiFactory as unknown as () => Bidi)();

/** What no font can show has this sign: a glyph that is missing is no PDF/A. */
const replacement = 0xfffd;

/** Breaks texts into lines and orders them by Unicode's rules (UAX 9, UAX 14). */
export function typesetter(readFont: ReadFont): Typesetter {
  const font = (name: FontName) => openFont(readFont, name);

  const chosenBefore = new Map<string, [Choice, codePoint: number]>();
  function chosen(codePoint: number, weight: Weight, isJapanese: boolean): [Choice, codePoint: number] {
    const key = `${codePoint} ${weight} ${isJapanese}`;
    const before = chosenBefore.get(key);
    if (before) return before;
    const candidates = candidatesFor(codePoint, weight, isJapanese);
    const choice = candidates.find((one) => font(one.font).has(codePoint));
    const made: [Choice, codePoint: number] = choice
      ? [choice, codePoint]
      : [candidates[0] as Choice, replacement];
    chosenBefore.set(key, made);
    return made;
  }

  const widthOf = (text: string, name: FontName, direction: Direction, { size }: Style): number =>
    (font(name).layout(text, { direction }).advanceWidth * size) / 1000;

  /** The runs of `text` from `start` to `end` in the order of reading. */
  function runsOf(
    text: string,
    levels: Uint8Array,
    start: number,
    end: number,
    style: Style,
    isJapanese: boolean,
  ): Run[] {
    const runs: Run[] = [];
    for (let i = start; i < end; ) {
      const original = text.codePointAt(i) as number;
      const level = levels[i] as number;
      const direction = level % 2 === 1 ? 'rtl' : 'ltr';
      const mirrored = direction === 'rtl' ? bidi.getMirroredCharacter(String.fromCodePoint(original)) : null;
      const wanted = mirrored?.codePointAt(0) ?? original;
      i += original > 0xffff ? 2 : 1;
      const last = runs.at(-1);
      // A mark or a joiner belongs to the letter before it.
      if (last && last.level === level && isAttached(wanted) && font(last.font).has(wanted)) {
        last.text += String.fromCodePoint(wanted);
        continue;
      }
      if (isIgnorable(wanted)) continue;
      const [choice, codePoint] = chosen(wanted, style.weight, isJapanese);
      const character = String.fromCodePoint(codePoint);
      if (last && last.level === level && last.font === choice.font) last.text += character;
      else runs.push({ ...choice, text: character, direction, level, width: 0 });
    }
    for (const run of runs) run.width = widthOf(run.text, run.font, run.direction, style);
    return runs;
  }

  function lines(given: string, style: Style, maxWidth = Number.POSITIVE_INFINITY, country = ''): Line[] {
    return cleaned(given)
      .split('\n')
      .flatMap((paragraph) => paragraphLines(paragraph, style, maxWidth, country));
  }

  function paragraphLines(text: string, style: Style, maxWidth: number, country: string): Line[] {
    const { levels } = bidi.getEmbeddingLevels(text, 'auto');
    const isJapanese = /[\u3041-\u30ff]/.test(text) || country === 'JP';
    const runs = (start: number, end: number) => runsOf(text, levels, start, end, style, isJapanese);
    const widthBetween = (start: number, end: number) => {
      const trimmed = start + text.slice(start, end).trimEnd().length;
      return runs(start, trimmed).reduce((sum, { width }) => sum + width, 0);
    };
    const lineOf = (start: number, end: number): Line => {
      const trimmed = start + text.slice(start, end).trimEnd().length;
      const ordered = reordered(runs(start, trimmed));
      return {
        style,
        runs: ordered,
        text: text.slice(start, trimmed),
        width: ordered.reduce((sum, { width }) => sum + width, 0),
      };
    };
    // Most texts are one line, which is then shaped once, and not at each place where it could be broken.
    const whole = lineOf(0, text.length);
    if (whole.width <= maxWidth) return [whole];
    const made: Line[] = [];
    let start = 0;
    let end = 0;
    const breaks = breaksOf(text);
    for (const next of breaks) {
      if (widthBetween(start, next) > maxWidth && end > start) {
        made.push(lineOf(start, end));
        start = end;
      }
      // A word that is wider than a line is broken wherever it has to be.
      while (widthBetween(start, next) > maxWidth) {
        let cut = start;
        for (const cluster of clustersOf(text.slice(start, next))) {
          if (cut > start && widthBetween(start, cut + cluster.length) > maxWidth) break;
          cut += cluster.length;
        }
        if (cut >= next) break;
        made.push(lineOf(start, cut));
        start = cut;
      }
      end = next;
    }
    made.push(lineOf(start, text.length));
    return made;
  }

  return { lines, font };
}

/**
 * A text without what would only disturb: controls become spaces, and overrides of the direction of other text, by which an
 * amount could be made to read as another, are left out.
 */
const cleaned = (text: string): string =>
  text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/[\u202a-\u202e]/g, '')
    .replace(/[^\P{Cc}\n]/gu, ' ');

/** Blocks of scripts that are written from right to left. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A text as part of another, which keeps its own order whatever the direction of this one: a number beside it is read as it is. */
export const isolated = (text: string): string =>
  rightToLeft.test(text) ? `\u2068${text.replace(/[\u2066-\u2069]/g, '')}\u2069` : text;

/** A combining mark, a variation selector, or a joiner. */
const isAttached = (codePoint: number): boolean =>
  /^[\p{M}\u200c\u200d]$/u.test(String.fromCodePoint(codePoint));

/** What has no shape of its own. */
const isIgnorable = (codePoint: number): boolean =>
  /^\p{Default_Ignorable_Code_Point}$/u.test(String.fromCodePoint(codePoint));

/** The ends of what a line can hold at least, the last of which is the text's. */
function breaksOf(text: string): number[] {
  const breaker = new LineBreaker(text);
  const ends: number[] = [];
  for (let next = breaker.nextBreak(); next; next = breaker.nextBreak()) ends.push(next.position);
  return ends;
}

const clustersOf = (text: string): string[] => text.match(/\P{M}\p{M}*|\p{M}+/gu) ?? [];

/** Rule L2 of UAX 9: from the highest level down to the lowest odd one, what has at least that level is reversed. */
function reordered(runs: Run[]): Run[] {
  const ordered = [...runs];
  const odd = runs.map(({ level }) => level).filter((level) => level % 2 === 1);
  for (let level = Math.max(0, ...runs.map((run) => run.level)); level >= Math.min(...odd); level--)
    for (let i = 0; i < ordered.length; i++) {
      let j = i;
      while (j < ordered.length && (ordered[j] as Run).level >= level) j++;
      if (j > i) {
        ordered.splice(i, j - i, ...ordered.slice(i, j).reverse());
        i = j;
      }
    }
  return ordered;
}
