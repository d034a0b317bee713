import { exponentOf } from '@fanfold/contracts/currency';
import type { Address, Adjustment, DocumentLine, Seller, TaxDocument, VatGroup, VatKey } from './document.ts';
import { countryName } from './pdf/countries.ts';
import type { ReadFont } from './pdf/fonts.ts';
import { attachmentName, metadataOf } from './pdf/metadata.ts';
import {
  accent,
  type Column,
  contentWidth,
  type Element,
  emptyDocument,
  fittingLines,
  heightOf,
  muted,
  page,
  type Sheet,
  sheetOf,
  small,
  strong,
  text,
} from './pdf/sheet.ts';
import { isolated, type Line, type Style, typesetter } from './pdf/text.ts';
import {
  amountText,
  dateText,
  filled,
  type Language,
  numberText,
  rateText,
  titleOf,
  type Words,
  words,
} from './pdf/words.ts';

export type PdfRequest = {
  document: TaxDocument;
  /** The document as `ciiOf(document, 'en16931')`; null when it cannot be electronic. */
  cii: string | null;
  language: Language;
  /** The seller's logo, which `logoProblemOf` has nothing to say of, and what it shows, if not the seller's name. */
  logo: { bytes: Uint8Array; alternativeText: string | null } | null;
  /** Whether it says that it is a copy, as of a document that was issued before there were PDFs. */
  isCopy: boolean;
  readFont: ReadFont;
};

/**
 * A document as PDF/A-3b, with its XML inside by Factur-X 1.0 (ZUGFeRD 2) where it has one, tagged for screen readers (PDF/UA-1). The
 * same document gives the same bytes: nothing depends on the time, the place or the data of `Intl`.
 */
export async function renderPdf(request: PdfRequest): Promise<Uint8Array> {
  const { document, cii, language } = request;
  const day = new Date(`${document.issueDate}T00:00:00Z`);
  const doc = emptyDocument(language, titleOf(document, words[language]), day);
  const chunks: Uint8Array[] = [];
  doc.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  const ended = new Promise((resolve) => doc.on('end', resolve));
  if (cii !== null) {
    doc.file(new TextEncoder().encode(cii) as never, {
      name: attachmentName,
      type: 'text/xml',
      description: 'Factur-X, EN 16931',
      creationDate: day,
      modifiedDate: day,
      ...{ relationship: 'Alternative' },
    });
  }
  doc.appendXML(metadataOf(cii !== null));
  draw(request, sheetOf(doc, typesetter(request.readFont)));
  doc.end();
  await ended;
  return Buffer.concat(chunks);
}

/** What the parts of a document are drawn with. */
type Drawing = PdfRequest & {
  sheet: Sheet;
  say: Words;
  amount(amountMinor: number): string;
  /** Lines of a text in a width. */
  lines: Sheet['lines'];
  newPage(): void;
};

function draw(request: PdfRequest, sheet: Sheet): void {
  const { document, language } = request;
  const say = words[language];
  const drawing: Drawing = {
    ...request,
    sheet,
    say,
    lines: sheet.lines,
    amount: (amountMinor) => amountText(amountMinor, document.currency, say),
    newPage: () => {
      sheet.doc.addPage();
      sheet.y = page.top;
      runningHead(drawing);
    },
  };
  sheet.doc.addPage();
  head(drawing);
  parties(drawing);
  facts(drawing);
  lineTable(drawing);
  vatTable(drawing);
  totals(drawing);
  notes(drawing);
  feet(drawing);
  sheet.root.end();
}

const nameOf = ({ tradeName, legalName }: Seller): string => tradeName ?? legalName;

function head(drawing: Drawing): void {
  const { sheet, say, document, logo, isCopy, lines } = drawing;
  const { doc, root } = sheet;
  const half = contentWidth / 2;
  const title = lines(titleOf(document, say), { size: 21, weight: 'semiBold', color: accent }, half);
  const number = lines(document.number, { ...text, size: 11, color: muted }, half);
  const copy = isCopy ? lines(say.copy, { size: 10, weight: 'semiBold', color: accent }) : [];
  const top = sheet.y;
  sheet.content(sheet.element(root, 'H1'), 'H1', () => {
    sheet.drawLines(title, page.left + half, top, half, 'right');
    sheet.drawLines(number, page.left + half, top + heightOf(title), half, 'right');
  });
  let bottom = top + heightOf(title) + heightOf(number);
  const [copyLine] = copy;
  if (copyLine) {
    const [x, y, width] = [page.width - page.right - copyLine.width - 14, bottom + 5, copyLine.width + 14];
    sheet.artifact(() => {
      doc.lineWidth(1).strokeColor(accent).roundedRect(x, y, width, 19, 3).stroke();
    });
    sheet.content(sheet.element(root, 'P'), 'P', () => sheet.drawLines(copy, x + 7, y + 2.5));
    bottom = y + 19;
  }
  const { seller } = document;
  if (logo) {
    sheet.content(
      sheet.element(root, 'Figure', { alt: logo.alternativeText ?? nameOf(seller) }),
      'Figure',
      () => {
        doc.image(logo.bytes as never, page.left, top, { fit: [190, 56] });
      },
    );
    bottom = Math.max(bottom, top + 56);
  } else {
    const name = lines(nameOf(seller), { ...strong, size: 14 }, half - 20, seller.address.country);
    sheet.content(sheet.element(root, 'P'), 'P', () => sheet.drawLines(name, page.left, top + 4));
    bottom = Math.max(bottom, top + 4 + heightOf(name));
  }
  // Where the window of an envelope shows the buyer (DIN 5008), when nothing above is long.
  sheet.y = Math.max(bottom + 18, 128);
}

/** What each further page begins with. */
function runningHead({ sheet, say, document, isCopy, lines }: Drawing): void {
  const half = contentWidth / 2;
  const title = titleOf(document, say) + (isCopy ? ` (${say.copy})` : '');
  const left = lines(nameOf(document.seller), small, half).slice(0, 1);
  const right = lines(`${title} ${document.number}`, small, half).slice(0, 1);
  const top = sheet.y;
  sheet.artifact(() => {
    sheet.drawLines(left, page.left, top);
    sheet.drawLines(right, page.left + half, top, half, 'right');
  }, 'Pagination');
  sheet.rule(page.left, top + 14, contentWidth);
  sheet.y = top + 26;
}

function parties({ sheet, say, language, document, lines }: Drawing): void {
  const { seller, buyer } = document;
  const width = (contentWidth - 30) / 2;
  const block = (label: string, name: string, country: string, more: (string | null)[]): Line[] => [
    ...lines(label, { ...small, weight: 'semiBold', color: accent }, width),
    ...lines(name, { ...strong, size: 10 }, width, country),
    ...more.flatMap((line) => (line === null ? [] : lines(line, text, width, country))),
  ];
  const labelled = (label: string, value: string | null | undefined) =>
    value ? `${label}: ${isolated(value)}` : null;
  const to = block(say.to, buyer.name, buyer.address.country, [
    ...addressLines(buyer.address, language),
    labelled(say.vatId, buyer.vatId),
    buyer.email,
  ]);
  const from = block(say.from, seller.legalName, seller.address.country, [
    seller.tradeName,
    ...addressLines(seller.address, language),
    labelled(say.vatId, seller.vatId),
    labelled(say.registration, seller.registration?.id),
    seller.contact && `${isolated(seller.contact.name)} · ${seller.contact.telephone}`,
    seller.contact?.email ?? null,
  ]);
  const top = sheet.y;
  for (const [block, x] of [
    [to, page.left],
    [from, page.left + width + 30],
  ] as const)
    sheet.content(sheet.element(sheet.root, 'P'), 'P', () => sheet.drawLines(block, x, top));
  sheet.y = top + Math.max(heightOf(to), heightOf(from)) + 20;
}

function addressLines(address: Address, language: Language): string[] {
  const { line1, line2, city, postalCode, state, country } = address;
  const place = [postalCode, city]
    .flatMap((part) => part ?? [])
    .map(isolated)
    .join(' ');
  return [line1, line2, place, state, countryName(country, language)].filter((line) => !!line) as string[];
}

function facts({ sheet, say, language, document, lines }: Drawing): void {
  const { kind, card, delivery, correctedInvoice } = document;
  const place = delivery?.address;
  const shown: [label: string, value: string | null | undefined][] = [
    [say.issueDate, dateText(document.issueDate, say)],
    [
      say.corrects[kind],
      correctedInvoice &&
        filled(say.correctedOf, correctedInvoice.number, dateText(correctedInvoice.issueDate, say)),
    ],
    [say.deliveryDate, delivery?.date && dateText(delivery.date, say)],
    [
      say.deliveryPlace,
      place &&
        [place.postalCode, place.city, countryName(place.country, language)]
          .flatMap((part) => part ?? [])
          .map(isolated)
          .join(' '),
    ],
    [say.orderReference, document.orderReference],
    [say.buyerReference, document.buyerReference],
    [say.payment, card ? filled(say.byCard[kind], cardText(card)) : say.paid[kind]],
  ];
  const known = shown.filter(([, value]) => value);
  const [columns, gap] = [4, 14];
  const width = (contentWidth - gap * (columns - 1)) / columns;
  sheet.rule(page.left, sheet.y, contentWidth, accent, 1);
  sheet.y += 8;
  for (let i = 0; i < known.length; i += columns) {
    const cells = known
      .slice(i, i + columns)
      .map(([label, value]) => [...lines(label, small, width), ...lines(value as string, strong, width)]);
    const top = sheet.y;
    for (const [j, cell] of cells.entries())
      sheet.content(sheet.element(sheet.root, 'P'), 'P', () =>
        sheet.drawLines(cell, page.left + j * (width + gap), top),
      );
    sheet.y = top + Math.max(...cells.map(heightOf)) + 8;
  }
  sheet.y += 10;
}

/** `Visa •••• 4242` */
const cardText = ({ network, lastDigits }: NonNullable<TaxDocument['card']>): string =>
  `${network.slice(0, 1).toUpperCase()}${network.slice(1)}\u00a0••••\u00a0${lastDigits}`;

const gap = 10;

/** The rate, and which category it is of where it is none of the usual. */
const vatLabel = ({ category, taxRate }: VatKey, say: Words): string =>
  category === 'O' ? '–' : rateText(taxRate, say) + (category === 'S' ? '' : ` ${category}`);

const adjustmentText = (adjustment: Adjustment, { say, amount }: Drawing): string =>
  `${adjustmentLabel(adjustment, say)}\u2002${amount(signed(adjustment))}`;

const adjustmentLabel = ({ kind, reason, percent }: Adjustment, say: Words): string =>
  [
    `${kind === 'charge' ? say.charge : say.allowance}: ${isolated(reason)}`,
    ...(percent === undefined ? [] : [rateText(percent, say)]),
  ].join(', ');

const signed = ({ kind, amountMinor }: Adjustment): number =>
  kind === 'charge' ? amountMinor : -amountMinor;

function lineTable(drawing: Drawing): void {
  const { sheet, say, document, lines, amount } = drawing;
  const { currency, amounts } = document;
  const right = (value: string, style = text, width?: number) => lines(value, style, width);
  const cells = amounts.lines.map((line, i) => ({
    number: String(i + 1),
    quantity: numberText(line.quantity, say),
    unit: say.units[line.unitCode] ?? line.unitCode,
    unitPrice: numberText(line.unitPrice, say, exponentOf(currency)),
    vat: vatLabel(line, say),
    amount: amount(line.netMinor),
  }));
  const heading = { ...small, weight: 'semiBold' } as const;
  const titles = {
    number: say.line,
    quantity: say.quantity,
    unit: say.unit,
    unitPrice: say.unitPrice,
    vat: say.vat,
    amount: `${say.amount} (${currency})`,
  };
  /** As wide as what is in it, so that a description has all the rest. */
  const widthOf = (key: keyof typeof titles, most: number): number =>
    Math.min(
      most,
      Math.max(
        ...lines(titles[key], heading).map(({ width }) => width),
        ...cells.flatMap((cell) => lines(cell[key], text).map(({ width }) => width)),
        ...(key === 'amount' ? lines(amount(amounts.linesMinor), strong).map(({ width }) => width) : []),
      ) + 0.1,
    );
  const widths = {
    number: widthOf('number', 40),
    quantity: widthOf('quantity', 70),
    unit: widthOf('unit', 50),
    unitPrice: widthOf('unitPrice', 90),
    vat: widthOf('vat', 50),
    amount: widthOf('amount', 110),
  };
  const description = contentWidth - Object.values(widths).reduce((sum, width) => sum + width + gap, 0);
  const columns: Column[] = [
    { width: widths.number, align: 'left' },
    { width: description, align: 'left' },
    { width: widths.quantity, align: 'right' },
    { width: widths.unit, align: 'left' },
    { width: widths.unitPrice, align: 'right' },
    { width: widths.vat, align: 'right' },
    { width: widths.amount, align: 'right' },
  ];
  const table = sheet.element(sheet.root, 'Table');
  const titleRow = [
    titles.number,
    say.description,
    titles.quantity,
    titles.unit,
    titles.unitPrice,
    titles.vat,
    titles.amount,
  ].map((title, i) => lines(title, heading, columns[i]?.width));
  const drawHead = () => tableHead(sheet, table, titleRow, columns);
  const carried = (label: string, amountMinor: number) => {
    const cell = lines(label, strong, description);
    sheet.row(table, 'TD', [[], cell, [], [], [], [], right(amount(amountMinor), strong)], columns, gap);
    sheet.y += 6;
  };
  const carriedHeight = 9 * 1.4 + 6;
  drawHead();
  let sumMinor = 0;
  const breakPage = () => {
    carried(say.carriedForward, sumMinor);
    drawing.newPage();
    tableHead(sheet, table, titleRow, columns, true);
    carried(say.broughtForward, sumMinor);
    sheet.rule(page.left, sheet.y - 2, contentWidth);
    sheet.y += 2;
  };
  for (const [i, line] of amounts.lines.entries()) {
    const cell = cells[i] as (typeof cells)[number];
    const row = [
      lines(cell.number, { ...text, color: muted }, widths.number),
      descriptionOf(line, description, drawing),
      right(cell.quantity, text, widths.quantity),
      lines(cell.unit, text, widths.unit),
      right(cell.unitPrice, text, widths.unitPrice),
      right(cell.vat, text, widths.vat),
      right(cell.amount, text, widths.amount),
    ];
    drawRow(drawing, table, row, columns, carriedHeight, breakPage);
    sumMinor += line.netMinor;
  }
  sheet.y += 4;
}

const descriptionOf = (line: DocumentLine, width: number, drawing: Drawing): Line[] => {
  const { lines, say, document } = drawing;
  return [
    ...lines(line.description, text, width, document.seller.address.country),
    ...(line.itemId === null ? [] : lines(`${say.itemId}: ${isolated(line.itemId)}`, small, width)),
    ...line.adjustments.flatMap((adjustment) => lines(adjustmentText(adjustment, drawing), small, width)),
  ];
};

/** The titles of columns; those that are repeated are nothing new to a screen reader. */
function tableHead(
  sheet: Sheet,
  table: Element,
  titles: Line[][],
  columns: Column[],
  isRepeated = false,
): void {
  if (isRepeated) {
    const top = sheet.y;
    sheet.artifact(() => {
      let x = page.left;
      for (const [i, column] of columns.entries()) {
        sheet.drawLines(titles[i] ?? [], x, top, column.width, column.align);
        x += column.width + gap;
      }
    }, 'Pagination');
    sheet.y += Math.max(...titles.map(heightOf));
  } else sheet.row(table, 'TH', titles, columns, gap);
  sheet.rule(page.left, sheet.y + 3, contentWidth, muted, 0.8);
  sheet.y += 8;
}

/** A row, on the next page when it does not fit, or over several when it fits on none. */
function drawRow(
  { sheet }: Drawing,
  table: Element,
  row: Line[][],
  columns: Column[],
  reserved: number,
  breakPage: () => void,
): void {
  const room = () => sheet.room() - reserved - 8;
  const wholePage = page.height - page.top - page.bottom - 80;
  const height = Math.max(...row.map(heightOf));
  if (height > room() && (height <= wholePage || room() < 40)) breakPage();
  for (let rest = row; rest.some((cell) => cell.length > 0); ) {
    const part = rest.map((cell) => fittingLines(cell, room()));
    sheet.row(table, 'TD', part, columns, gap);
    rest = rest.map((cell, i) => cell.slice(part[i]?.length));
    if (rest.some((cell) => cell.length > 0)) breakPage();
  }
  sheet.rule(page.left, sheet.y + 4, contentWidth);
  sheet.y += 8;
}

function vatTable(drawing: Drawing): void {
  const { sheet, say, document, lines, amount } = drawing;
  const columns: Column[] = [
    { width: contentWidth - 3 * gap - 250, align: 'left' },
    { width: 50, align: 'right' },
    { width: 100, align: 'right' },
    { width: 100, align: 'right' },
  ];
  const heading = { ...small, weight: 'semiBold' } as const;
  const titles = [
    say.vatBreakdown,
    '%',
    `${say.net} (${document.currency})`,
    `${say.vat} (${document.currency})`,
  ];
  const titleRow = titles.map((title, i) => lines(title, heading, columns[i]?.width));
  const table = sheet.element(sheet.root, 'Table');
  if (sheet.room() < 70) drawing.newPage();
  else sheet.y += 8;
  tableHead(sheet, table, titleRow, columns);
  const breakPage = () => {
    drawing.newPage();
    tableHead(sheet, table, titleRow, columns, true);
  };
  for (const group of document.amounts.vat) {
    const row = [
      groupText(group, columns[0]?.width as number, drawing),
      lines(group.category === 'O' ? '–' : numberText(group.taxRate, say), text),
      lines(amount(group.net), text, columns[2]?.width),
      lines(amount(group.tax), text, columns[3]?.width),
    ];
    drawRow(drawing, table, row, columns, 0, breakPage);
  }
}

/** What a category is, and why no VAT is due. */
function groupText({ category, exemption }: VatGroup, width: number, { lines, say }: Drawing): Line[] {
  const reasons = [exemption?.text, exemption?.code].filter((reason) => reason != null);
  return [
    ...lines(say.categories[category] + (category === 'S' ? '' : ` (${category})`), text, width),
    ...reasons.flatMap((reason) => lines(reason, small, width)),
  ];
}

function totals(drawing: Drawing): void {
  const { sheet, say, document, lines, amount } = drawing;
  const { amounts, accountingTax, currency, kind } = document;
  const total: Style = { ...strong, size: 12, color: accent };
  const rows: [label: string, value: string, style: Style][] = [
    ...(amounts.adjustments.length === 0
      ? []
      : [[say.linesTotal, amount(amounts.linesMinor), text] satisfies [string, string, Style]]),
    ...amounts.adjustments.map((one): [string, string, Style] => [
      `${adjustmentLabel(one, say)} (${vatLabel(one, say)})`,
      amount(signed(one)),
      text,
    ]),
    [say.netTotal, amount(amounts.netMinor), text],
    [say.vatTotal, amount(amounts.taxMinor), text],
    [`${say.grossTotal} (${currency})`, amount(amounts.grossMinor), total],
    ...(amounts.roundingMinor === 0
      ? []
      : [[say.rounding, amount(amounts.roundingMinor), text] satisfies [string, string, Style]]),
    [say.paidTotal[kind], amount(-amounts.paidMinor), text],
    [say.due, amount(0), strong],
    ...(accountingTax
      ? [
          [
            filled(say.accountingTax, accountingTax.currency),
            amountText(accountingTax.taxMinor, accountingTax.currency, say),
            text,
          ] satisfies [string, string, Style],
        ]
      : []),
  ];
  const width = 275;
  const valueWidth = Math.max(...rows.map(([, value, style]) => lines(value, style)[0]?.width ?? 0)) + 0.1;
  const columns: Column[] = [
    { width: contentWidth - width - gap, align: 'left' },
    { width: width - valueWidth - gap, align: 'left' },
    { width: valueWidth, align: 'right' },
  ];
  const table = sheet.element(sheet.root, 'Table');
  const cells = rows.map(([label, value, style]) => [
    [],
    lines(label, style, columns[1]?.width),
    lines(value, style, valueWidth),
  ]);
  const height = cells.reduce((sum, row) => sum + Math.max(...row.map(heightOf)) + 4, 20);
  if (height > sheet.room() && height < page.height / 2) drawing.newPage();
  else sheet.y += 6;
  for (const [i, row] of cells.entries()) {
    if (rows[i]?.[2] === total) {
      sheet.rule(page.left + contentWidth - width, sheet.y + 1, width, accent, 1);
      sheet.y += 4;
    }
    if (Math.max(...row.map(heightOf)) > sheet.room()) drawing.newPage();
    sheet.row(table, 'TD', row, columns, gap);
    sheet.y += 4;
  }
  if (accountingTax) {
    const { currency: accounting, rate, source } = accountingTax;
    const exchange = filled(say.exchange, currency, numberText(rate, say), accounting, isolated(source));
    const explained = lines(exchange, small, contentWidth);
    sheet.paragraph(sheet.root, 'P', explained, drawing.newPage);
  }
  sheet.y += 14;
}

function notes(drawing: Drawing): void {
  const { sheet, say, document, lines, newPage } = drawing;
  const heading = { ...small, weight: 'semiBold', color: accent } as const;
  if (document.notes.length > 0) {
    // A heading is not the last thing on a page.
    if (sheet.room() < 40) newPage();
    sheet.paragraph(sheet.root, 'H2', lines(say.notes, heading, contentWidth), newPage);
    for (const note of document.notes) {
      sheet.paragraph(sheet.root, 'P', lines(note, text, contentWidth), newPage);
      sheet.y += 4;
    }
    sheet.y += 8;
  }
  const legal = legalLines(drawing);
  if (legal.length > maxFootLines) sheet.paragraph(sheet.root, 'P', legal, newPage);
}

/** As many lines as fit below the number of a page. */
const maxFootLines = 2;

const legalLines = ({ document, lines }: Drawing): Line[] =>
  document.seller.legalNote === null ? [] : lines(document.seller.legalNote, small, contentWidth);

/** The seller, the number of the page and the legal notes, where they are short. */
function feet(drawing: Drawing): void {
  const { sheet, say, document, lines } = drawing;
  const { start, count } = sheet.doc.bufferedPageRange();
  const half = contentWidth / 2;
  const top = page.height - page.bottom + 14;
  const party = [isolated(document.seller.legalName), document.seller.vatId]
    .filter((part) => part !== null)
    .join(' · ');
  const legal = legalLines(drawing);
  for (let i = start; i < start + count; i++) {
    sheet.doc.switchToPage(i);
    sheet.rule(page.left, top - 6, contentWidth);
    sheet.artifact(() => {
      sheet.drawLines(lines(party, small, half).slice(0, 1), page.left, top);
      const number = lines(filled(say.page, String(i + 1), String(count)), small);
      sheet.drawLines(number, page.left + half, top, half, 'right');
      if (legal.length <= maxFootLines) sheet.drawLines(legal, page.left, top + heightOf(number));
    }, 'Pagination');
  }
}
