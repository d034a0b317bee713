import PDFDocument from 'pdfkit/browser';
import type { Line, Style, Typesetter } from './text.ts';

/** A4, in points. */
export const page = { width: 595.28, height: 841.89, left: 51, right: 51, top: 48, bottom: 66 };
export const contentWidth = page.width - page.left - page.right;

export const ink = '#17212b';
export const muted = '#5a6673';
export const faint = '#d4dae0';
export const accent = '#1d4f7c';

export const text: Style = { size: 9, weight: 'regular', color: ink };
export const strong: Style = { ...text, weight: 'semiBold' };
export const small: Style = { ...text, size: 7.5, color: muted };

export const heightOf = (lines: Line[]): number =>
  lines.reduce((sum, { style }) => sum + lineHeight(style), 0);
const lineHeight = ({ size }: Style): number => size * 1.4;

type StructureType = Parameters<PDFKit.PDFDocument['struct']>[0];

/** An element of the structure that a screen reader follows. */
export type Element = PDFKit.PDFStructureElement;

/** What is drawn on the pages of a document: `y` is where the next thing goes. */
export type Sheet = ReturnType<typeof sheetOf>;

/** How cells of a column are aligned. */
export type Column = { width: number; align: 'left' | 'right' };

export function sheetOf(doc: PDFKit.PDFDocument, typeset: Typesetter) {
  const root = doc.struct('Document');
  doc.addStructure(root);
  const sheet = {
    doc,
    root,
    y: page.top,
    lines: typeset.lines,
    room: (): number => page.height - page.bottom - sheet.y,

    /** A child of `parent`. */
    element(parent: Element, type: string, options: PDFKit.Mixins.StructureElementOptions = {}): Element {
      const element = doc.struct(type as StructureType, options);
      parent.add(element);
      return element;
    },

    /** Draws something as the content of an element. */
    content(element: Element, type: string, draw: () => void): void {
      const content = doc.markStructureContent(type as StructureType);
      draw();
      doc.endMarkedContent();
      element.add(content);
    },

    /** Draws what a screen reader passes over: rules, and what is repeated on each page. */
    artifact(draw: () => void, type: 'Layout' | 'Pagination' = 'Layout'): void {
      doc.markContent('Artifact', { type });
      draw();
      doc.endMarkedContent();
    },

    rule(x: number, y: number, width: number, color = faint, thickness = 0.6): void {
      sheet.artifact(() => {
        doc
          .lineWidth(thickness)
          .strokeColor(color)
          .moveTo(x, y)
          .lineTo(x + width, y)
          .stroke();
      });
    },

    /** Draws lines below each other from `y`. */
    drawLines(lines: Line[], x: number, y: number, width = 0, align: Column['align'] = 'left'): void {
      let top = y;
      for (const line of lines) {
        const baseline = top + lineHeight(line.style) / 2 + line.style.size * 0.36;
        drawLine(doc, typeset, line, align === 'right' ? x + width - line.width : x, baseline);
        top += lineHeight(line.style);
      }
    },

    /** A paragraph with an element of its own, over pages where it has to. */
    paragraph(parent: Element, type: string, lines: Line[], newPage: () => void): void {
      const element = sheet.element(parent, type);
      for (let rest = lines; rest.length > 0; ) {
        const fitting = fittingLines(rest, sheet.room());
        if (fitting.length === 0) {
          newPage();
          continue;
        }
        sheet.content(element, type, () => sheet.drawLines(fitting, page.left, sheet.y));
        sheet.y += heightOf(fitting);
        rest = rest.slice(fitting.length);
      }
    },

    /** Draws the cells of a row, and goes below it. */
    row(parent: Element, type: 'TH' | 'TD', cells: Line[][], columns: Column[], gap: number): void {
      const tr = sheet.element(parent, 'TR');
      let x = page.left;
      for (const [i, cell] of cells.entries()) {
        const column = columns[i] as Column;
        const element = sheet.element(tr, type, type === 'TH' ? columnTitle : {});
        const [left, top] = [x, sheet.y];
        if (cell.length > 0)
          sheet.content(element, type, () => sheet.drawLines(cell, left, top, column.width, column.align));
        x += column.width + gap;
      }
      sheet.y += Math.max(...cells.map(heightOf));
    },
  };
  return sheet;
}

/** As many lines as have room. */
export function fittingLines(lines: Line[], room: number): Line[] {
  let height = 0;
  const end = lines.findIndex(({ style }) => {
    height += lineHeight(style);
    return height > room;
  });
  return end < 0 ? lines : lines.slice(0, end);
}

/** Its types do not know the scope yet. */
const columnTitle: PDFKit.Mixins.StructureElementOptions & { scope: string } = { scope: 'Column' };

/** How much wider strokes are drawn, in parts of the size, where a font has no semi-bold. */
const emboldening = 0.028;

function drawLine(
  doc: PDFKit.PDFDocument,
  typeset: Typesetter,
  line: Line,
  x: number,
  baseline: number,
): void {
  const { size, color } = line.style;
  doc.fontSize(size).fillColor(color);
  let left = x;
  for (const run of line.runs) {
    if (run.isEmboldened) doc.lineWidth(size * emboldening).strokeColor(color);
    doc.registerFont(run.font, typeset.font(run.font) as never);
    doc.font(run.font).text(run.text, left, baseline, {
      lineBreak: false,
      baseline: 'alphabetic',
      features: { direction: run.direction } as never,
      ...(run.isEmboldened ? { fill: true, stroke: true } : {}),
    });
    left += run.width;
  }
}

/** An empty document that claims to be PDF/A-3b. Its texts are fixed, because pdfkit writes them into XMP as they are. */
export const emptyDocument = (lang: string, title: string, day: Date): PDFKit.PDFDocument =>
  new PDFDocument({
    size: [page.width, page.height],
    margin: 0,
    pdfVersion: '1.7',
    subset: 'PDF/A-3b' as never,
    tagged: true,
    lang,
    displayTitle: true,
    bufferPages: true,
    autoFirstPage: false,
    font: null as never,
    info: { Title: title, Producer: 'Fanfold', Creator: 'Fanfold', CreationDate: day, ModDate: day },
  });
