import { describe, expect, it, test } from 'vitest';
import { amountsOf } from './amounts.ts';
import { sound, soundLine } from './brokenFixtures.ts';
import { ciiOf } from './cii.ts';
import type { Address } from './document.ts';
import { invoiceOf } from './issue.ts';
import type { Invoiceable, OrderLine } from './order.ts';
import { isSimplified, missingForFullInvoice } from './simplified.ts';
import { ublOf } from './ubl.ts';

const nowhere = { line1: null, line2: null, city: null, postalCode: null, state: null };
const seller = { ...sound.seller, simplifiedInvoices: true };
const ada = { ...sound.buyer, vatId: null, address: { ...nowhere, country: 'BE' } };

/** A chair for a consumer who says only in which country she is. */
const chair = (line: Partial<OrderLine> = {}, changes: Partial<Invoiceable> = {}): Invoiceable => {
  const order = {
    ...sound.order,
    currency: changes.order?.currency ?? 'EUR',
    adjustments: [],
    lines: [{ ...soundLine, quantity: '1', unitPrice: '82.64', adjustments: [], ...line }],
  };
  const { paidMinor } = amountsOf(order);
  return {
    ...{ ...sound, seller, buyer: ada, isForCompany: false, delivery: null, exchange: null },
    ...changes,
    order,
    amountMinor: paidMinor,
  };
};

const from = (country: string, currency = 'EUR', unitPrice = '82.64') =>
  chair(
    { unitPrice },
    {
      seller: { ...seller, address: { ...seller.address, country } },
      buyer: { ...ada, address: { ...ada.address, country } },
      order: { ...sound.order, currency },
    },
  );

const pointers = (given: Invoiceable) => missingForFullInvoice(given).map(({ pointer }) => pointer);

describe('An invoice to a consumer of 100.00 EUR', () => {
  it('is simplified where the seller wants it', () => {
    expect(chair().amountMinor).toBe(9999);
    expect(isSimplified(chair())).toBe(true);
    expect(missingForFullInvoice(chair())).toEqual([]);
    expect(isSimplified(chair({}, { seller: sound.seller }))).toBe(false);
  });

  it('is one in full when the buyer gave a full address', () => {
    const address: Address = {
      ...nowhere,
      line1: 'Main St 1',
      city: 'Ghent',
      postalCode: '9000',
      country: 'BE',
    };
    expect(isSimplified(chair({}, { buyer: { ...ada, address } }))).toBe(false);
  });

  test.each<[string, Invoiceable, string]>([
    ['more than the limit', chair({ unitPrice: '82.66' }), 'it is more than 100.00 EUR'],
    ['to a company', chair({}, { isForCompany: true }), 'the buyer is a company'],
    [
      'to who has a VAT id',
      chair({}, { buyer: { ...ada, vatId: 'BE0403019261' } }),
      'the buyer is a company',
    ],
    ['in reverse charge', chair({ category: 'AE', taxRate: '0' }), 'it has VAT of category AE'],
    ['of an export', chair({ category: 'G', taxRate: '0' }), 'it has VAT of category G'],
    [
      'to another country',
      chair({}, { buyer: { ...ada, address: { ...ada.address, country: 'FR' } } }),
      'it goes to another country',
    ],
    [
      'in another currency than the limit',
      chair({}, { order: { ...sound.order, currency: 'USD' } }),
      'the limit of BE is in EUR',
    ],
  ])('is not when it is %s, and asks for what one in full needs', (_what, given, why) => {
    expect(isSimplified(given)).toBe(false);
    expect(pointers(given)).toEqual([
      '/buyer/address/line1',
      '/buyer/address/city',
      '/buyer/address/postalCode',
    ]);
    for (const { rule, message } of missingForFullInvoice(given))
      expect([rule, message.endsWith(why)]).toEqual(['2006/112/EC-226-5', true]);
    expect(missingForFullInvoice({ ...given, seller: sound.seller })).toEqual([]);
  });
});

it('is delivered in the country of the seller to who lives elsewhere', () => {
  const buyer = { ...ada, address: { ...ada.address, country: 'FR' } };
  const address = { city: null, postalCode: null, country: 'BE' };
  expect(isSimplified(chair({}, { buyer, delivery: { date: null, address } }))).toBe(true);
});

it('asks for no postal code of countries outside the EU, some of which have none', () => {
  const buyer = { ...ada, address: { ...ada.address, country: 'HK' } };
  expect(pointers(chair({}, { buyer }))).toEqual(['/buyer/address/line1', '/buyer/address/city']);
});

test.each([
  ['AT', 'EUR', '400.00'],
  ['CZ', 'CZK', '10000.00'],
  ['DE', 'EUR', '250.00'],
  ['DK', 'DKK', '3000.00'],
  ['PL', 'PLN', '450.00'],
  ['SE', 'SEK', '4000.00'],
])('the limit of %s is in %s and %s with tax', (country, currency, limit) => {
  const priced = (price: number) => {
    const given = from(country, currency);
    const line = { ...soundLine, quantity: '1', unitPrice: price.toFixed(2), adjustments: [] };
    const order = { ...given.order, pricesIncludeTax: true, lines: [line] };
    return { ...given, order, amountMinor: amountsOf(order).paidMinor };
  };
  expect(isSimplified(priced(Number(limit)))).toBe(true);
  expect(isSimplified(priced(Number(limit) + 0.01))).toBe(false);
});

it('is neither simplified nor asked for outside the EU, whose rules these are', () => {
  for (const given of [from('US', 'USD'), from('CH', 'CHF', '9999')]) {
    expect(isSimplified(given)).toBe(false);
    expect(missingForFullInvoice(given)).toEqual([]);
  }
});

it('says in XML that it is simplified', () => {
  const issued = { number: 'INV-2026-000001', issueDate: '2026-11-30' };
  const document = invoiceOf(chair(), issued, { card: null, notes: ['Thank you'], isSimplified: true });
  expect(ublOf(document, 'en16931')).toContain('<cbc:Note>Simplified invoice\nThank you</cbc:Note>');
  expect(ciiOf(document, 'en16931')).toContain('<ram:Content>Simplified invoice\nThank you</ram:Content>');
});
