import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { brokenOrders, sound, soundLine } from './brokenFixtures.ts';
import { invoiceables } from './documentFixtures.ts';
import { findingsOf, sellerFindings } from './findings.ts';
import type { Exchange, Invoiceable, Order, OrderLine } from './order.ts';

const found = (given: Parameters<typeof findingsOf>[0]) =>
  findingsOf(given).map(({ rule, pointer }) => `${rule} ${pointer}`);

const withOrder = (order: Partial<Order>, amountMinor = sound.amountMinor): Invoiceable => ({
  ...sound,
  order: { ...sound.order, ...order },
  amountMinor,
});
const withLine = (line: Partial<OrderLine>) => withOrder({ lines: [{ ...soundLine, ...line }] });

const withExchange = (exchange: Partial<Exchange>): Invoiceable => ({
  ...sound,
  exchange: { currency: 'CZK', rate: '24.315', source: 'ECB, 2026-11-27', ...exchange },
});

describe('What can be invoiced', () => {
  test('has no findings', () => {
    expect(findingsOf(sound)).toEqual([]);
    expect(sellerFindings(sound.seller)).toEqual([]);
  });

  test.each(brokenOrders)('breaks $rule at $pointer', ({ rule, pointer, given }) => {
    expect(found(given)).toContain(`${rule} ${pointer}`);
  });

  test.each<[string, string, Invoiceable]>([
    [
      'a name with a control character',
      'text /buyer/name',
      { ...sound, buyer: { ...sound.buyer, name: 'A\u0001' } },
    ],
    ['a noncharacter', 'text /order/lines/0/description', withLine({ description: 'A\ufffe' })],
    [
      'a lone surrogate',
      'text /seller/tradeName',
      { ...sound, seller: { ...sound.seller, tradeName: '\ud800' } },
    ],
    [
      'a VAT id with wrong check digits',
      'vat-id /buyer/vatId',
      { ...sound, buyer: { ...sound.buyer, vatId: 'DE136695977' } },
    ],
    ['a quantity of zero', 'BR-22 /order/lines/0/quantity', withLine({ quantity: '0.0' })],
    ['a quantity of seven decimals', 'BR-22 /order/lines/0/quantity', withLine({ quantity: '1.0000001' })],
    ['a price that is no number', 'BR-26 /order/lines/0/unitPrice', withLine({ unitPrice: '1e3' })],
    ['a rate that is none', 'rate /order/lines/0/taxRate', withLine({ taxRate: '101' })],
    [
      'a delivery on no day',
      'BR-CO-03 /delivery/date',
      { ...sound, delivery: { date: '2026-02-30', address: null } },
    ],
    ['another amount than the lines', 'amount /amountMinor', withOrder({}, 11_496)],
    ['a rounding beyond cash', 'rounding /order/roundingMinor', withOrder({ roundingMinor: 51 }, 11_546)],
    [
      'nothing to pay',
      'amount /amountMinor',
      { ...withLine({ unitPrice: '0', adjustments: [] }), amountMinor: 0 },
    ],
    [
      'more taken off than charged',
      'negative-net /order/lines',
      { ...withLine({ quantity: '-1' }), amountMinor: -6655 },
    ],
    [
      'more than can be stated',
      'amount /order/lines',
      withLine({ quantity: '999999999999', unitPrice: '999999999999' }),
    ],
    [
      'a line that is too large',
      'amount /order/lines',
      withLine({ quantity: '999999999999', unitPrice: '1' }),
    ],
    [
      'a negative discount',
      'amount /order/lines/0/adjustments/0/amountMinor',
      withLine({ adjustments: [{ kind: 'allowance', amountMinor: -1, reason: 'No' }] }),
    ],
    ['a currency that is none', 'currency /order/currency', withOrder({ currency: 'XXX' })],
    [
      'VAT in the same currency again',
      'PEPPOL-EN16931-R005 /exchange/currency',
      withExchange({ currency: 'EUR' }),
    ],
    ['VAT in no currency', 'BR-CL-05 /exchange/currency', withExchange({ currency: 'XXX' })],
    ['a rate of exchange of nothing', 'exchange /exchange/rate', withExchange({ rate: '0.00' })],
    [
      'a rate of exchange that makes too much',
      'amount /exchange/rate',
      withExchange({ rate: '999999999.9999999999' }),
    ],
    [
      'no source of a rate of exchange',
      'PEPPOL-EN16931-R008 /exchange/source',
      withExchange({ source: ' ' }),
    ],
  ])('is refused with %s', (_what, finding, given) => {
    expect(found(given)).toContain(finding);
  });

  test.each(['S', 'Z', 'E', 'AE', 'K', 'G', 'L', 'M'] as const)(
    'of category %s needs the VAT id of the seller',
    (category) => {
      const given = withLine({
        category,
        taxRate: category === 'S' ? '21' : category === 'L' || category === 'M' ? '7' : '0',
      });
      expect(found({ ...given, seller: { ...sound.seller, vatId: null } }).join()).toContain('/seller/vatId');
    },
  );

  test('is asked nothing that depends on a seller who is not known', () => {
    const without = (given: Invoiceable) => found({ ...given, seller: null });
    expect(without(sound)).toEqual([]);
    expect(without(withLine({ category: 'AE', taxRate: '0' })).join()).not.toContain('/seller');
    expect(without({ ...sound, buyer: { ...sound.buyer, name: ' ' } })).toEqual(['BR-07 /buyer/name']);
  });

  test('says each fault in a sentence about the field', () => {
    for (const { given } of brokenOrders) {
      for (const { message, pointer } of findingsOf(given)) {
        expect(message).toMatch(/^(must|is|has) /);
        expect(pointer).toMatch(/^\//);
      }
    }
  });

  test('can be anything of any category', () => {
    fc.assert(
      fc.property(invoiceables, (given) => {
        expect(findingsOf(given)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
