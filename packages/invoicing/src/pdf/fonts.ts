import * as fontkit from 'fontkit';

/** Files of the folder `fonts`, without `.ttf.br`. */
export const fontNames = [
  'NotoSans-Regular',
  'NotoSans-SemiBold',
  'NotoSansArabic-Regular',
  'NotoSansArabic-SemiBold',
  'NotoSansHebrew-Regular',
  'NotoSansHebrew-SemiBold',
  'NotoSansArmenian-Regular',
  'NotoSansGeorgian-Regular',
  'NotoSansThai-Regular',
  'NotoSansSC-Regular',
  'NotoSansJP-Regular',
  'NotoSansKR-Regular',
] as const;
export type FontName = (typeof fontNames)[number];

/** The TrueType file of a font, as `readFont` of fontFiles.ts reads it. */
export type ReadFont = (name: FontName) => Uint8Array;

export type Weight = 'regular' | 'semiBold';
export type Direction = 'ltr' | 'rtl';

/** Glyphs in the order in which they are drawn, and their width in thousandths of the font's size. */
type Shaped = { glyphs: Glyph[]; positions: fontkit.GlyphPosition[]; advanceWidth: number };
type Glyph = Pick<fontkit.Glyph, 'id' | 'advanceWidth' | 'codePoints'>;

/** A font in the form that pdfkit takes: what it calls `features` says the direction. */
export type Font = {
  layout(text: string, features: { direction: Direction }): Shaped;
  has(codePoint: number): boolean;
};

/**
 * In which font a character is looked for, after Noto Sans (Latin, Greek, Cyrillic, Devanagari): by blocks of Unicode, so that a
 * document loads only the fonts that it shows. A family without semi-bold is drawn bolder instead.
 */
const families: { name: string; hasSemiBold: boolean; blocks: [first: number, last: number][] }[] = [
  {
    name: 'NotoSansArabic',
    hasSemiBold: true,
    blocks: [
      [0x600, 0x6ff],
      [0x750, 0x77f],
      [0x870, 0x8ff],
      [0xfb50, 0xfdff],
      [0xfe70, 0xfeff],
    ],
  },
  {
    name: 'NotoSansHebrew',
    hasSemiBold: true,
    blocks: [
      [0x590, 0x5ff],
      [0xfb1d, 0xfb4f],
    ],
  },
  {
    name: 'NotoSansArmenian',
    hasSemiBold: false,
    blocks: [
      [0x530, 0x58f],
      [0xfb13, 0xfb17],
    ],
  },
  {
    name: 'NotoSansGeorgian',
    hasSemiBold: false,
    blocks: [
      [0x10a0, 0x10ff],
      [0x1c90, 0x1cbf],
      [0x2d00, 0x2d2f],
    ],
  },
  { name: 'NotoSansThai', hasSemiBold: false, blocks: [[0xe00, 0xe7f]] },
  {
    name: 'NotoSansKR',
    hasSemiBold: false,
    blocks: [
      [0x1100, 0x11ff],
      [0x3130, 0x318f],
      [0xac00, 0xd7af],
    ],
  },
];

const hanBlocks: [first: number, last: number][] = [
  [0x2e80, 0xa4cf],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe4f],
  [0xff00, 0xffef],
  [0x20000, 0x3ffff],
];

const isIn = (blocks: [number, number][], codePoint: number): boolean =>
  blocks.some(([first, last]) => codePoint >= first && codePoint <= last);

/** A font of a document, and whether it has to be drawn bolder than it is. */
export type Choice = { font: FontName; isEmboldened: boolean };

/**
 * The fonts that may have a character, best first. Chinese and Japanese write many of the same characters differently, so that
 * a text is Japanese when it has kana, or where it says an address in Japan.
 */
export function candidatesFor(codePoint: number, weight: Weight, isJapanese: boolean): Choice[] {
  const isSemiBold = weight === 'semiBold';
  const choice = (family: string, hasSemiBold: boolean): Choice => ({
    font: `${family}-${isSemiBold && hasSemiBold ? 'SemiBold' : 'Regular'}` as FontName,
    isEmboldened: isSemiBold && !hasSemiBold,
  });
  const han = isJapanese ? ['NotoSansJP', 'NotoSansSC'] : ['NotoSansSC', 'NotoSansJP'];
  return [
    choice('NotoSans', true),
    ...families
      .filter(({ blocks }) => isIn(blocks, codePoint))
      .map(({ name, hasSemiBold }) => choice(name, hasSemiBold)),
    ...(isIn(hanBlocks, codePoint) ? han.map((name) => choice(name, false)) : []),
  ];
}

/** Reading a font takes some milliseconds, and the Chinese one fifty: documents of one process share them. */
const opened = new WeakMap<ReadFont, Map<FontName, Font>>();

export function openFont(readFont: ReadFont, name: FontName): Font {
  const fonts = opened.get(readFont) ?? new Map<FontName, Font>();
  opened.set(readFont, fonts);
  const font = fonts.get(name) ?? sharedFont(fontkit.create(readFont(name) as Buffer) as fontkit.Font);
  fonts.set(name, font);
  return font;
}

/** How many words a font keeps the glyphs of. */
const maxShaped = 5000;

function sharedFont(font: fontkit.Font): Font {
  sayCharacters(font);
  const shaped = new Map<string, Shaped>();
  const numbered = numberedGlyphs();
  return Object.assign(Object.create(font), {
    has: (codePoint: number) => font.hasGlyphForCodePoint(codePoint),
    layout(text: string, { direction }: { direction: Direction }): Shaped {
      const key = `${direction}${text}`;
      let run = shaped.get(key);
      if (!run) {
        const { glyphs, positions, advanceWidth } = glyphsOf(font, text, direction);
        run = { glyphs: glyphs.map(numbered.glyph), positions, advanceWidth };
        if (shaped.size >= maxShaped) shaped.clear();
        shaped.set(key, run);
      }
      // pdfkit scales the positions that it is given.
      const positions = run.positions.map((position) => ({ ...position }));
      return { ...run, positions };
    },
    createSubset() {
      const subset = font.createSubset() as unknown as Subset;
      subset.includeGlyph = (number) => {
        subset.mapping[number] ??= subset.glyphs.push(numbered.idOf(number)) - 1;
        return subset.mapping[number];
      };
      return subset;
    },
  });
}

/** fontkit throws where a font has a mark, and no place for it on the letter before: such marks stand beside it. */
function glyphsOf(font: fontkit.Font, text: string, direction: Direction): fontkit.GlyphRun {
  try {
    return font.layout(text, undefined, undefined, undefined, direction);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return font.layout(text, unplacedMarks, undefined, undefined, direction);
  }
}

const unplacedMarks = { mark: false, mkmk: false };

/** What pdfkit embeds: the ids of glyphs, and where each is among them. */
type Subset = { glyphs: number[]; mapping: Record<number, number>; includeGlyph(number: number): number };

/**
 * fontkit keeps each glyph with the characters that it was for the first time: it would say of one what depends on what was
 * set before.
 */
function sayCharacters(font: fontkit.Font): void {
  const getGlyph = font.getGlyph.bind(font);
  font.getGlyph = (id, codePoints = []) =>
    Object.create(getGlyph(id, codePoints), { codePoints: { value: codePoints } });
}

/** More than any id: a font has 65,536 glyphs at most. */
const firstNumber = 0x10000;

/**
 * Numbers glyphs together with the characters that they are for. pdfkit too writes of each glyph what it was for the first
 * time, and Arabic letters that differ in their dots share one: what is copied out of a PDF, or read aloud, would have other
 * letters.
 */
function numberedGlyphs() {
  const ids: number[] = [];
  const glyphs = new Map<string, Glyph>();
  return {
    /** Where a glyph is put together of others, fontkit asks for those by their ids. */
    idOf: (number: number): number => ids[number - firstNumber] ?? number,
    glyph({ id, advanceWidth, codePoints }: fontkit.Glyph): Glyph {
      const key = `${id} ${codePoints}`;
      const known = glyphs.get(key) ?? {
        id: id && firstNumber + ids.push(id) - 1,
        advanceWidth,
        codePoints,
      };
      glyphs.set(key, known);
      return known;
    },
  };
}
