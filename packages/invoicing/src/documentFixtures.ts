/** Whatever orders, parties and refunds can be, for properties and for the official rules. */
import { codePoint } from '@fanfold/contracts/codePointFixtures';
import { currencyCodes, exponentOf } from '@fanfold/contracts/currency';
import { roundedRatio } from '@fanfold/contracts/rounding';
import { isVisible, unfitCharactersOf } from '@fanfold/contracts/text';
import { type VatCategory, vatCategories } from '@fanfold/contracts/vatCategory';
import fc from 'fast-check';
import { amountsOf, isExempt } from './amounts.ts';
import {
  creditableOf,
  creditOf,
  creditOfStretch,
  nothingCredited,
  type Progress,
  type Refund,
} from './credit.ts';
import { decimalOf, decimalText, productAt } from './decimal.ts';
import type { Address, Amounts, Buyer, Exemption, Seller, TaxDocument } from './document.ts';
import { findingsOf } from './findings.ts';
import { creditNoteOf, invoiceOf, reversalOf } from './issue.ts';
import type { Invoiceable, Order, OrderLine } from './order.ts';
import { spread } from './ordered.ts';

/** VAT ids whose check digits are right. */
export const vatIds = {
  ...{ AT: 'ATU13585627', BE: 'BE0403019261', BG: 'BG175074752', CY: 'CY10259033P', CZ: 'CZ25123891' },
  ...{ DE: 'DE136695976', DK: 'DK13585628', EE: 'EE100931558', GR: 'EL094259216', ES: 'ESB58378431' },
  ...{ FI: 'FI20774740', FR: 'FR40303265045', GB: 'GB980780684', HR: 'HR33392005961', HU: 'HU12892312' },
  ...{ IE: 'IE6433435F', IT: 'IT00743110157', LT: 'LT119511515', LU: 'LU15027442', LV: 'LV40003521600' },
  ...{ MT: 'MT11679112', NL: 'NL004495445B01', PL: 'PL8567346215', PT: 'PT501964843', RO: 'RO18547290' },
  ...{
    SE: 'SE556188840401',
    SI: 'SI50223054',
    SK: 'SK2022749619',
    XI: 'XI980780684',
    NO: 'NO995525828MVA',
    US: null,
    CH: null,
  },
} as const;

const strangeTexts = [
  ...['Müller & Söhne <GmbH> "Chairs"', "O'Brien’s", '株式会社ファンフォールド', 'شركة المثال', 'דוגמה בע"מ'],
  ...['Κατάστημα ΑΕ', 'ООО «Пример»', ']]>', '<!-- -->', '&amp;', '\u00a0x', 'é\u0301', '𠮷野家'],
];

export const texts = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      { weight: 3, arbitrary: fc.constantFrom('Chair', 'Table', 'Consulting', 'Shipping') },
      { weight: 2, arbitrary: fc.constantFrom(...strangeTexts) },
      { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength, unit: 'grapheme' }) },
      { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength, unit: codePoint }) },
      // As long as it may be: one word, many, and scripts without spaces or from right to left.
      {
        weight: 1,
        arbitrary: fc
          .constantFrom('W', 'words and ', '椅子', 'شركة المثال ')
          .map((part) => part.repeat(maxLength).slice(0, maxLength).trim()),
      },
    )
    .filter((text) => text.length <= maxLength && !unfitCharactersOf(text) && isVisible(text));

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 3 });

/** What XRechnung asks for is there mostly, so that some documents have all of it. */
const mostly = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 15 });

const countries = Object.keys(vatIds) as (keyof typeof vatIds)[];

const addresses = (country: fc.Arbitrary<string>): fc.Arbitrary<Address> =>
  fc.record({
    line1: maybe(texts(200)),
    line2: maybe(texts(200)),
    city: mostly(texts(100)),
    postalCode: mostly(fc.constantFrom('9000', 'SW1A 1AA', '10115')),
    state: maybe(texts(100)),
    country,
  });

const electronicAddresses = fc.constantFrom(
  { scheme: '0208', id: '0403019261' },
  { scheme: '0088', id: '4000001123452' },
  { scheme: '9930', id: 'DE136695976' },
  { scheme: '0007', id: '5561888404' },
  { scheme: '0096', id: '1234567890' },
  { scheme: '0245', id: '1234567890' },
  { scheme: '0151', id: '51824753556' },
  { scheme: '0184', id: 'DK13585628' },
  { scheme: '0192', id: '995525828' },
  { scheme: '0198', id: 'DK13585628' },
);

const sellers: fc.Arbitrary<Seller> = fc.constantFrom(...countries).chain((country) =>
  fc.record({
    legalName: texts(200),
    tradeName: maybe(texts(200)),
    address: addresses(fc.constant(country)),
    vatId: fc.constant(vatIds[country] ?? vatIds.DE),
    registration: fc.constantFrom(
      { id: '0403019261', scheme: '0208' },
      { id: 'HRB 1234', scheme: null },
      { id: '5561888404', scheme: '0007' },
      { id: '13585628', scheme: '0184' },
      { id: '68750110', scheme: '0106' },
    ),
    contact: mostly(
      fc.record({
        name: texts(100),
        telephone: fc.constant('+32 9 000 00 00'),
        email: fc.constant('billing@example.com'),
      }),
    ),
    electronicAddress: mostly(electronicAddresses),
    legalNote: maybe(texts(1000)),
  }),
);

const buyers: fc.Arbitrary<Buyer> = fc
  .tuple(fc.constantFrom(...countries), fc.constantFrom('JP', '1A', 'XI', 'AX', 'CA', 'BR', 'SS'))
  .chain(([country, elsewhere]) =>
    fc.record({
      name: texts(200),
      address: addresses(fc.constantFrom(country, elsewhere)),
      vatId: fc.constant(vatIds[country] ?? vatIds.FR),
      email: maybe(fc.constant('ada@example.com')),
      electronicAddress: mostly(electronicAddresses),
    }),
  );

/** The rates of standard and reduced VAT in the EU in 2026, and some that are nowhere. */
export const standardRates = [
  ...['2.1', '3', '4', '4.8', '5', '5.5', '6', '7', '8', '8.1', '9', '9.5', '10', '11', '12', '13', '13.5'],
  ...['14', '15', '16', '17', '18', '19', '20', '21', '21.00', '22', '23', '24', '25', '25.5', '27', '7.125'],
];

const exemptions = (category: VatCategory): fc.Arbitrary<Exemption | null> => {
  if (category === 'E')
    return fc.constantFrom(
      { code: 'VATEX-EU-132', text: null },
      { code: 'VATEX-EU-135-1', text: 'Insurance' },
      { code: null, text: 'Small enterprise' },
      { code: 'VATEX-EU-F', text: 'Margin scheme' },
    );
  if (!isExempt(category)) return fc.constant(null);
  return fc.constantFrom<(Exemption | null)[]>(null, { code: null, text: 'As the law says' });
};

const vatKeys = (allowed: readonly VatCategory[]) =>
  fc.constantFrom(...allowed).chain((category) =>
    fc.record({
      category: fc.constant(category),
      taxRate:
        category === 'S'
          ? fc.constantFrom(...standardRates)
          : category === 'L' || category === 'M'
            ? fc.constantFrom('3', '7', '9.5', category === 'M' ? '0' : '15')
            : fc.constantFrom('0', '0.00'),
      exemption: exemptions(category),
    }),
  );

const decimals = (max: number, scales: number[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: 1, max }), fc.constantFrom(...scales))
    .map(([units, scale]) => decimalText({ units: BigInt(units), scale }));

const shares = fc.integer({ min: 0, max: 20 });

/** A part of what a line makes, in minor units: small, so that nothing falls below zero. */
const shareOf = (
  line: Pick<OrderLine, 'quantity' | 'unitPrice'>,
  percent: number,
  exponent: number,
): number =>
  Number((productAt(decimalOf(line.quantity), decimalOf(line.unitPrice), exponent) * BigInt(percent)) / 100n);

/** A percentage of what lines make, after their own allowances and charges. */
const percentageOfAll = (ordered: OrderLine[], percent: string, exponent: number): number => {
  const { units, scale } = decimalOf(percent);
  const sum = ordered.reduce(
    (all, { quantity, unitPrice, adjustments }) =>
      adjustments.reduce(
        (rest, { kind, amountMinor }) => rest + BigInt(kind === 'charge' ? amountMinor : -amountMinor),
        all + productAt(decimalOf(quantity), decimalOf(unitPrice), exponent),
      ),
    0n,
  );
  return Number(roundedRatio(sum * units, 100n * 10n ** BigInt(scale)));
};

const lines = (allowed: readonly VatCategory[], exponent: number): fc.Arbitrary<OrderLine> =>
  fc
    .record({
      vat: vatKeys(allowed),
      description: texts(200),
      itemId: maybe(texts(50)),
      quantity: fc.oneof(decimals(20, [0]), decimals(5000, [1, 2, 3, 6]), fc.constant('1')),
      unitCode: fc.constantFrom('C62', 'HUR', 'KGM', 'XPP', 'DAY', 'LTR'),
      unitPrice: fc.oneof(decimals(100_000, [2]), decimals(9_999_999, [0, 3, 6]), fc.constant('0')),
      allowance: maybe(fc.tuple(shares, texts(100))),
      charge: maybe(fc.tuple(shares, texts(100))),
    })
    .map(({ vat, allowance, charge, ...line }) => ({
      ...line,
      ...vat,
      adjustments: [
        ...(allowance
          ? [
              {
                kind: 'allowance' as const,
                amountMinor: shareOf(line, allowance[0], exponent),
                reason: allowance[1],
                // Rounded down where it is a part of a minor unit, so that not each can be said in a document.
                percent: String(allowance[0]),
              },
            ]
          : []),
        ...(charge
          ? [{ kind: 'charge' as const, amountMinor: shareOf(line, charge[0], exponent), reason: charge[1] }]
          : []),
      ],
    }));

/** Orders that can be invoiced: O alone, or any of the others together, now and then a single one. */
export const orders: fc.Arbitrary<Order> = fc
  .tuple(
    fc.oneof(
      { weight: 1, arbitrary: fc.constant<VatCategory[]>(['O']) },
      {
        weight: 4,
        arbitrary: fc.constantFrom(...vatCategories.filter((one) => one !== 'O')).map((one) => [one]),
      },
      {
        weight: 4,
        arbitrary: fc.subarray(
          vatCategories.filter((one) => one !== 'O'),
          { minLength: 2 },
        ),
      },
    ),
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('EUR', 'USD', 'SEK', 'JPY', 'HUF') },
      { weight: 1, arbitrary: fc.constantFrom(...currencyCodes()) },
    ),
  )
  .chain(([allowed, currency]) => {
    const exponent = exponentOf(currency);
    return fc
      .record({
        pricesIncludeTax: fc.boolean(),
        lines: fc.oneof(
          { weight: 9, arbitrary: fc.array(lines(allowed, exponent), { minLength: 1, maxLength: 8 }) },
          { weight: 1, arbitrary: fc.array(lines(allowed, exponent), { minLength: 20, maxLength: 60 }) },
        ),
        takenOff: maybe(shares),
        discount: maybe(fc.constantFrom('10', '33.3333', '2.5', '7', '0.0001')),
        shipping: maybe(fc.integer({ min: 1, max: 2000 })),
        allowance: maybe(fc.tuple(shares, texts(100))),
        charge: maybe(
          fc.record({
            vat: vatKeys(allowed),
            amountMinor: fc.integer({ min: 1, max: 5000 }),
            reason: texts(100),
          }),
        ),
        roundingMinor: fc.oneof(
          { weight: 4, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.integer({ min: -4, max: 4 }) },
        ),
      })
      .map(({ pricesIncludeTax, lines: ordered, takenOff, allowance, charge, ...given }): Order => {
        const { discount, shipping, roundingMinor } = given;
        const [first] = ordered as [OrderLine, ...OrderLine[]];
        const { category, taxRate, exemption } = first;
        return {
          currency,
          pricesIncludeTax,
          roundingMinor,
          lines: [
            ...ordered,
            ...(takenOff === null
              ? []
              : [
                  {
                    ...first,
                    description: `${takenOff} % off`,
                    quantity: '-1',
                    unitPrice: decimalText({
                      units: BigInt(shareOf(first, takenOff, exponent)),
                      scale: exponent,
                    }),
                    adjustments: [],
                  },
                ]),
          ],
          adjustments: [
            ...(discount === null
              ? []
              : spread(
                  {
                    kind: 'allowance',
                    amountMinor: percentageOfAll(ordered, discount, exponent),
                    reason: 'Loyalty',
                    percent: discount,
                  },
                  ordered,
                  currency,
                )),
            ...(shipping === null
              ? []
              : spread({ kind: 'charge', amountMinor: shipping, reason: 'Shipping' }, ordered, currency)),
            ...(allowance
              ? [
                  {
                    kind: 'allowance' as const,
                    amountMinor: shareOf(first, allowance[0], exponent),
                    reason: allowance[1],
                    category,
                    taxRate,
                    exemption,
                  },
                ]
              : []),
            ...(charge
              ? [
                  {
                    kind: 'charge' as const,
                    amountMinor: charge.amountMinor,
                    reason: charge.reason,
                    ...charge.vat,
                  },
                ]
              : []),
          ],
        };
      });
  })
  .filter((order) => amountsOf(order).paidMinor > 0);

export const invoiceables: fc.Arbitrary<Invoiceable> = fc
  .tuple(
    orders,
    sellers,
    buyers,
    fc.record({
      date: fc.constant('2026-11-30'),
      address: fc.record({
        city: mostly(texts(100)),
        postalCode: mostly(fc.constant('9000')),
        country: fc.constantFrom(...countries),
      }),
    }),
    mostly(texts(100)),
    maybe(texts(100)),
    maybe(fc.constant({ currency: 'CZK', rate: '24.315', source: 'ECB, 2026-11-27' })),
    fc.boolean(),
  )
  .map(([order, seller, buyer, delivery, buyerReference, orderReference, exchange, isDelivered]) => {
    const has = (category: VatCategory) =>
      [...order.lines, ...order.adjustments].some((one) => one.category === category);
    return {
      order,
      seller,
      buyer: has('O') ? { ...buyer, vatId: null } : buyer,
      isForCompany: false,
      delivery: has('K') || isDelivered ? delivery : null,
      buyerReference,
      orderReference,
      exchange: order.currency === exchange?.currency ? null : exchange,
      amountMinor: amountsOf(order).paidMinor,
    };
  })
  .filter((given) => findingsOf(given).length === 0);

/** How much is refunded: all that is left, a share of it, or the same of a line. */
type Wish = { share: number; line: number; by: 'all' | 'amount' | 'quantity' | 'line amount' };

export const wishes: fc.Arbitrary<Wish[]> = fc.array(
  fc.record({
    share: fc.integer({ min: 1, max: 100 }),
    line: fc.nat(),
    by: fc.constantFrom('all' as const, 'amount' as const, 'quantity' as const, 'line amount' as const),
  }),
  { maxLength: 5 },
);

/** The refund of a wish; null when nothing is left for it. */
function refundOf({ share, line, by }: Wish, invoice: Amounts, progress: Progress): Refund | null {
  const left = invoice.paidMinor - progress.paidBackMinor;
  if (left < 1) return null;
  if (by === 'all') return { amountMinor: left };
  if (by === 'amount') return { amountMinor: Math.max(1, Math.floor((left * share) / 100)) };
  const index = line % invoice.lines.length;
  const [wanted, item] = [invoice.lines[index], progress.items[index]];
  if (!wanted || !item) return null;
  const rest = (creditableOf(invoice)[index]?.grossMinor ?? 0) - item.creditedMinor;
  if (rest < 1) return null;
  if (by === 'line amount')
    return { lines: [{ line: index, amountMinor: Math.max(1, Math.floor((rest * share) / 100)) }] };
  const { units, scale } = decimalOf(wanted.quantity);
  const credited = decimalOf(item.creditedQuantity);
  const unitsLeft = units - credited.units * 10n ** BigInt(scale - credited.scale);
  const quantity = decimalText({ units: (unitsLeft * BigInt(share) + 99n) / 100n, scale });
  return { lines: [{ line: index, quantity }] };
}

/** The credit notes' amounts of wishes, one after the other, and what has been credited in the end. */
export function creditsOf(invoice: Amounts, currency: string, wanted: Wish[]) {
  const credits: Amounts[] = [];
  let progress = nothingCredited(invoice);
  for (const wish of wanted) {
    const refund = refundOf(wish, invoice, progress);
    if (!refund) continue;
    try {
      const credit = creditOf(invoice, currency, progress, refund);
      credits.push(credit.amounts);
      progress = credit.progress;
    } catch (error) {
      // A quantity so small that it makes less than a minor unit cannot be returned alone.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return { credits, progress };
}

/** The stretches that wishes make up, by their shares alone, one after the other. */
export function stretchesOf({ paidMinor }: Amounts, wanted: Wish[]): [from: number, to: number][] {
  const stretches: [number, number][] = [];
  let from = 0;
  for (const { share, by } of wanted) {
    if (from === paidMinor) break;
    const to = by === 'all' ? paidMinor : from + Math.max(1, Math.floor(((paidMinor - from) * share) / 100));
    stretches.push([from, to]);
    from = to;
  }
  return stretches;
}

/** An invoice, its credit notes, and invoices that reverse some of those. */
export const documents: fc.Arbitrary<[invoice: TaxDocument, ...corrections: TaxDocument[]]> = fc
  .record({
    given: invoiceables,
    wanted: wishes,
    card: maybe(fc.constant({ lastDigits: '4242', network: 'visa' })),
    notes: fc.array(texts(100), { maxLength: 2 }),
    isSimplified: fc.boolean(),
    byAmount: fc.boolean(),
    reversed: fc.integer({ min: 0, max: 31 }),
  })
  .map(({ given, wanted, byAmount, reversed, ...paid }) => {
    const invoice = invoiceOf(given, { number: 'INV-2026-000001', issueDate: '2026-11-30' }, paid);
    const { amounts, currency } = invoice;
    const credits = byAmount
      ? stretchesOf(amounts, wanted).map(([from, to]) => creditOfStretch(amounts, currency, from, to))
      : creditsOf(amounts, currency, wanted).credits;
    const creditNotes = credits.map((amounts, i) =>
      creditNoteOf(invoice, { number: `CN-2026-00000${i + 1}`, issueDate: '2026-12-01' }, amounts, []),
    );
    const reversals = creditNotes
      .filter((_, i) => reversed & (1 << i))
      .map((creditNote, i) =>
        reversalOf(creditNote, { number: `INV-2026-00000${i + 2}`, issueDate: '2026-12-02' }),
      );
    return [invoice, ...creditNotes, ...reversals];
  });
