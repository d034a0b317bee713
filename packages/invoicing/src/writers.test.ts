import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentOf, sound, soundCreditNote, soundInvoice, soundLine } from './brokenFixtures.ts';
import { ciiOf } from './cii.ts';
import { documents } from './documentFixtures.ts';
import { ublOf } from './ubl.ts';

const syntaxes = [
  ['UBL', ublOf],
  ['CII', ciiOf],
] as const;

describe.each(syntaxes)('A document in %s', (syntax, write) => {
  test.each([
    ['invoice', soundInvoice],
    ['credit-note', soundCreditNote],
  ] as const)('has for ever the bytes of the example: %s', async (kind, document) => {
    await expect(write(document, 'en16931')).toMatchFileSnapshot(
      `../examples/${kind}.${syntax.toLowerCase()}.xml`,
    );
  });

  test.each([
    ['en16931', '>urn:cen.eu:en16931:2017<'],
    ['xrechnung', 'xrechnung_3.0<'],
  ] as const)('says that it has the profile %s', (profile, id) => {
    expect(write(soundInvoice, profile)).toContain(id);
  });

  test('has texts as they were given, also those that look like XML', () => {
    const description = '<b>&amp; "x" ]]> 椅子 \u{20bb7}';
    const xml = write(
      documentOf({ ...sound, order: { ...sound.order, lines: [{ ...soundLine, description }] } }),
      'en16931',
    );
    expect(xml).toContain('&#x3C;b>&#x26;amp; "x" ]]&#x3E; 椅子 \u{20bb7}<');
  });

  test('leaves out the VAT ids beside category O, and its rate on lines', () => {
    const line = { ...soundLine, category: 'O' as const, taxRate: '0' };
    const xml = write(documentOf({ ...sound, order: { ...sound.order, lines: [line] } }), 'en16931');
    expect(xml).not.toContain('BE0403019261</');
    expect(xml).toContain('VATEX-EU-O');
  });

  test('has no decimals in a currency without, and VAT in the currency of accounting', () => {
    const accountingTax = { currency: 'EUR', taxMinor: 1234, rate: '0.0061', source: 'ECB' };
    const xml = write({ ...soundInvoice, currency: 'JPY', accountingTax }, 'en16931');
    expect(xml).toContain('>1995<');
    expect(xml).toContain('currencyID="EUR">12.34<');
    expect(xml).toContain('0.0061 EUR: ECB');
  });

  test('has nothing empty, and the same bytes after it was kept as JSON, whatever it is', () => {
    fc.assert(
      fc.property(documents, (all) => {
        for (const document of all) {
          const xml = write(document, 'en16931');
          const empty = xml.match(/<[\w:]+[^<>]*\/>|<([\w:]+)[^<>]*><\/\1>/g) ?? [];
          // CII's schema demands this element, also when nothing is known of the delivery.
          expect(empty.filter((one) => one !== '<ram:ApplicableHeaderTradeDelivery />')).toEqual([]);
          expect(write(JSON.parse(JSON.stringify(document)), 'en16931')).toBe(xml);
        }
      }),
      { numRuns: 30 },
    );
  });
});
