/** Documents that show what a PDF can have; the examples are made of them. */
import { crc32, deflateSync } from 'node:zlib';
import { documentOf, sound, soundLine } from './brokenFixtures.ts';
import { ciiOf } from './cii.ts';
import { creditOf, nothingCredited } from './credit.ts';
import type { TaxDocument } from './document.ts';
import { readFont } from './fontFiles.ts';
import { creditNoteOf } from './issue.ts';
import type { OrderLine } from './order.ts';
import type { PdfRequest } from './pdf.ts';

const line = (more: Partial<OrderLine>): OrderLine => ({
  ...soundLine,
  itemId: null,
  adjustments: [],
  ...more,
});

/** Several rates, a discount, a charge, hours, a price below a cent. */
export const mixedInvoice: TaxDocument = {
  ...documentOf({
    ...sound,
    order: {
      ...sound.order,
      lines: [
        {
          ...soundLine,
          description: 'Office chair, oak',
          adjustments: [{ kind: 'allowance', amountMinor: 500, reason: 'scratched' }],
        },
        line({
          description: 'Assembly at your office',
          quantity: '1.5',
          unitCode: 'HUR',
          unitPrice: '62.00',
        }),
        line({
          description: 'Cookbook “Bread”',
          itemId: 'book-7',
          taxRate: '6',
          quantity: '3',
          unitPrice: '24.90',
        }),
        line({ description: 'Screws, stainless steel', quantity: '1250', unitPrice: '0.0349' }),
      ],
      adjustments: [
        {
          kind: 'allowance',
          amountMinor: 1000,
          reason: 'Loyal customer',
          category: 'S',
          taxRate: '21.00',
          exemption: null,
        },
        {
          kind: 'charge',
          amountMinor: 650,
          reason: 'Shipping',
          category: 'S',
          taxRate: '21.00',
          exemption: null,
        },
      ],
    },
  }),
  notes: ['Thank you for your order.'],
};

export const mixedCreditNote: TaxDocument = creditNoteOf(
  mixedInvoice,
  { number: 'CN-2026-000001', issueDate: '2026-12-01' },
  creditOf(mixedInvoice.amounts, 'EUR', nothingCredited(mixedInvoice.amounts), {
    lines: [
      { line: 0, quantity: '1' },
      { line: 2, quantity: '1' },
    ],
  }).amounts,
  ['One chair and one book were returned.'],
);

/** Names and lines in other scripts, from right to left too, and no VAT for two reasons. */
export const namesInvoice: TaxDocument = {
  ...documentOf({
    ...sound,
    order: {
      ...sound.order,
      lines: [
        line({
          description: 'شركة المثال (المحدودة) 123 للتجارة',
          category: 'AE',
          taxRate: '0',
          exemption: { code: 'VATEX-EU-AE', text: 'Reverse charge, article 196 of Directive 2006/112/EC' },
        }),
        line({
          description: 'כיסא Chair (שחור) 3.5 מטר',
          category: 'E',
          taxRate: '0',
          exemption: { code: 'VATEX-EU-132', text: null },
        }),
        line({ description: '株式会社ファンフォールドの椅子、直営店 𠮷野家' }),
        line({ description: '中国椅子有限公司 直 骨 角' }),
        line({ description: '주식회사 예시 의자, हिन्दी, ไทย, ქართული, Հայերեն' }),
        line({ description: 'Ελληνικά, Кириллица, Tiếng Việt, Łódź, e\u0301, 😀' }),
      ],
    },
  }),
  seller: { ...sound.seller, legalName: 'شركة المثال للتجارة والمقاولات العامة', tradeName: null },
  buyer: {
    ...sound.buyer,
    name: '株式会社ファンフォールド東京本社経理部',
    address: {
      line1: '丸の内二丁目7番2号',
      line2: null,
      city: '千代田区',
      postalCode: '100-7004',
      state: '東京都',
      country: 'JP',
    },
  },
};

export const requestOf = (document: TaxDocument, more: Partial<PdfRequest> = {}): PdfRequest => ({
  document,
  cii: ciiOf(document, 'en16931'),
  language: 'en',
  logo: null,
  isCopy: false,
  readFont,
  ...more,
});

/** Three sheets of paper, folded, as PNG with transparency. */
export function logoPng(width = 380, height = 112): Uint8Array {
  const rows = Array.from({ length: height }, (_, y) => {
    const row = Buffer.alloc(1 + width * 4);
    for (let x = 0; x < width; x++) {
      const sheet = Math.floor((3 * x) / width);
      const slant = (sheet % 2 === 0 ? 1 : -1) * (((3 * x) % width) / width - 0.5) * height * 0.4;
      const isInside = Math.abs(y - height / 2 - slant) < height * 0.25;
      row.set(isInside ? [29, 79 + 40 * sheet, 124 + 30 * sheet, 255] : [0, 0, 0, 0], 1 + x * 4);
    }
    return row;
  });
  return pngOf(width, height, [8, 6], deflateSync(Buffer.concat(rows)));
}

/**
 * @param kind how many bits a colour has, and its type
 * @param more other chunks, which stand before the pixels
 */
export function pngOf(
  width: number,
  height: number,
  kind: [depth: number, colourType: number],
  pixels: Buffer,
  palette?: Buffer,
  more: [type: string, data: Buffer][] = [],
): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(kind, 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...(palette ? [chunk('PLTE', palette)] : []),
    ...more.map(([type, data]) => chunk(type, data)),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const sized = Buffer.alloc(8);
  sized.writeUInt32BE(data.length, 0);
  sized.write(type, 4, 'latin1');
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(Buffer.concat([sized.subarray(4), data])));
  return Buffer.concat([sized, data, check]);
}
