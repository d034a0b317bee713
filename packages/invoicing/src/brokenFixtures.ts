/**
 * Documents that each break a rule: what the validation finds in an order must be what the official rules find in its
 * document, and what the arithmetic is for must be what they complain of without it.
 */
import type { VatCategory } from '@fanfold/contracts/vatCategory';
import type { Amounts, Buyer, Exemption, Seller, TaxDocument } from './document.ts';
import { creditNoteOf, invoiceOf } from './issue.ts';
import type { Invoiceable, Order, OrderLine } from './order.ts';
import type { Form } from './profile.ts';

export const soundLine: OrderLine = {
  category: 'S',
  taxRate: '21.00',
  description: 'Chair',
  itemId: 'chair-1',
  quantity: '2',
  unitCode: 'C62',
  unitPrice: '50.00',
  exemption: null,
  adjustments: [{ kind: 'allowance', amountMinor: 500, reason: 'Discount' }],
};

const peppol: Form = { syntax: 'ubl', profile: 'peppol' };
const xrechnung: Form = { syntax: 'ubl', profile: 'xrechnung' };
const cii: Form = { syntax: 'cii', profile: 'en16931' };

/** Has all that any profile asks for. */
export const sound: Invoiceable = {
  seller: {
    legalName: 'Fanfold Example BV',
    tradeName: 'Fanfold',
    address: {
      line1: 'Main St 1',
      line2: null,
      city: 'Ghent',
      postalCode: '9000',
      state: null,
      country: 'BE',
    },
    vatId: 'BE0403019261',
    registration: { id: '0403019261', scheme: '0208' },
    contact: { name: 'Accounts', telephone: '+32 9 000 00 00', email: 'billing@example.com' },
    electronicAddress: { scheme: '0208', id: '0403019261' },
    legalNote: 'Registered in Ghent',
  },
  buyer: {
    name: 'Ada Example GmbH',
    address: {
      line1: 'Ring 2',
      line2: null,
      city: 'Berlin',
      postalCode: '10115',
      state: null,
      country: 'DE',
    },
    vatId: 'DE136695976',
    email: 'ada@example.com',
    electronicAddress: { scheme: '9930', id: 'DE136695976' },
  },
  isForCompany: true,
  delivery: { date: '2026-11-29', address: { city: 'Berlin', postalCode: '10115', country: 'DE' } },
  buyerReference: '04011000-12345-34',
  orderReference: 'order-1001',
  order: {
    currency: 'EUR',
    pricesIncludeTax: false,
    lines: [soundLine],
    adjustments: [],
    roundingMinor: 0,
  },
  exchange: null,
  amountMinor: 11_495,
};

const withSeller = (seller: Partial<Seller>) => ({ ...sound, seller: { ...sound.seller, ...seller } });
const withBuyer = (buyer: Partial<Buyer>) => ({ ...sound, buyer: { ...sound.buyer, ...buyer } });
const withOrder = (order: Partial<Order>) => ({ ...sound, order: { ...sound.order, ...order } });
const withLine = (line: Partial<OrderLine>) => withOrder({ lines: [{ ...soundLine, ...line }] });
const exempt = { code: 'VATEX-EU-132', text: null };
const noVatIds = { seller: { ...sound.seller, vatId: null }, buyer: { ...sound.buyer, vatId: null } };

/** An order with one line of a category, and an allowance or a charge of it on the whole when asked for. */
function ofCategory(
  category: VatCategory,
  { adjustment, ...line }: Partial<OrderLine> & { adjustment?: 'allowance' | 'charge' } = {},
): Invoiceable {
  const vat = {
    category,
    taxRate: category === 'S' ? '21.00' : category === 'L' || category === 'M' ? '7' : '0',
    exemption: category === 'E' ? exempt : null,
  };
  const only = { ...soundLine, ...vat, ...line };
  return {
    ...sound,
    buyer: category === 'O' ? { ...sound.buyer, vatId: null } : sound.buyer,
    order: {
      ...sound.order,
      lines: [only],
      adjustments: adjustment
        ? [
            {
              ...{ category, taxRate: only.taxRate, exemption: only.exemption },
              kind: adjustment,
              amountMinor: 100,
              reason: 'Loyalty',
            },
          ]
        : [],
    },
  };
}

/** The same but that the rate of the adjustment is wrong. */
function withWrongRate(
  category: VatCategory,
  adjustment: 'allowance' | 'charge',
  taxRate: string,
): Invoiceable {
  const given = ofCategory(category, { adjustment });
  const adjustments = given.order.adjustments.map((one) => ({ ...one, taxRate }));
  return { ...given, order: { ...given.order, adjustments } };
}

const issued = { number: 'INV-2026-000001', issueDate: '2026-11-30' };
const paid = { card: { lastDigits: '4242', network: 'visa' }, notes: ['Thank you'] };

/** An invoice, whatever is wrong with it. */
export const documentOf = (given: Invoiceable): TaxDocument => invoiceOf(given, issued, paid);

export type BrokenOrder = {
  rule: string;
  pointer: string;
  given: Invoiceable;
  form?: Form;
  /** What breaks the rule, where the arithmetic would mend the order. */
  document?: TaxDocument;
  /** Where XML Schema is in the way of the rule. */
  official?: 'XSD';
};

const names = { S: 'S', Z: 'Z', E: 'E', AE: 'AE', K: 'IC', G: 'G', O: 'O', L: 'AF', M: 'AG' } as const;
const taxed = ['S', 'L'] as const;
const untaxed = ['Z', 'E', 'AE', 'K', 'G'] as const;

/** Orders that have one fault. */
export const brokenOrders: BrokenOrder[] = [
  { rule: 'BR-06', pointer: '/seller/legalName', given: withSeller({ legalName: ' ' }) },
  { rule: 'BR-CO-26', pointer: '/seller/vatId', given: withSeller({ vatId: null, registration: null }) },
  { rule: 'BR-CO-09', pointer: '/seller/vatId', given: withSeller({ vatId: '0403019261' }) },
  {
    rule: 'BR-CL-14',
    pointer: '/seller/address/country',
    given: withSeller({ address: { ...sound.seller.address, country: 'UK' } }),
  },
  {
    rule: 'BR-CL-11',
    pointer: '/seller/registration/scheme',
    given: withSeller({ registration: { id: '0403019261', scheme: '9999' } }),
  },
  {
    rule: 'BR-CL-25',
    pointer: '/seller/electronicAddress/scheme',
    given: withSeller({ electronicAddress: { scheme: '9999', id: '1' } }),
  },
  ...(
    [
      ['R040', '0088', '4000001123453'],
      ['R041', '0192', '995525829'],
      ['R042', '0184', '1358562'],
      ['R043', '0208', '0403019262'],
      ['R049', '0007', '5561888405'],
      ['R050', '0151', '51824753557'],
      ['R052', '0096', '123456789'],
      ['R053', '0198', '13585628'],
    ] as const
  ).map(([rule, scheme, id]) => ({
    rule: `PEPPOL-COMMON-${rule}`,
    pointer: '/seller/electronicAddress/id',
    given: withSeller({ electronicAddress: { scheme, id } }),
    form: peppol,
  })),
  {
    rule: 'PEPPOL-COMMON-R043',
    pointer: '/seller/registration/id',
    given: withSeller({ registration: { id: '0403019262', scheme: '0208' } }),
    form: peppol,
  },
  { rule: 'BR-07', pointer: '/buyer/name', given: withBuyer({ name: ' ' }) },
  { rule: 'BR-CO-09', pointer: '/buyer/vatId', given: withBuyer({ vatId: '136695976' }) },
  {
    rule: 'BR-CL-14',
    pointer: '/buyer/address/country',
    given: withBuyer({ address: { ...sound.buyer.address, country: 'XK' } }),
  },
  {
    rule: 'BR-CL-25',
    pointer: '/buyer/electronicAddress/scheme',
    given: withBuyer({ electronicAddress: { scheme: 'EMAIL', id: 'ada@example.com' } }),
  },
  {
    rule: 'BR-CL-14',
    pointer: '/delivery/address/country',
    given: { ...sound, delivery: { date: null, address: { city: null, postalCode: null, country: 'ZZ' } } },
  },
  { rule: 'BR-16', pointer: '/order/lines', given: withOrder({ lines: [] }), official: 'XSD' },
  { rule: 'BR-25', pointer: '/order/lines/0/description', given: withLine({ description: ' ' }) },
  { rule: 'BR-27', pointer: '/order/lines/0/unitPrice', given: withLine({ unitPrice: '-50.00' }) },
  { rule: 'BR-CL-23', pointer: '/order/lines/0/unitCode', given: withLine({ unitCode: 'PIECE' }) },
  {
    rule: 'PEPPOL-EN16931-R008',
    pointer: '/order/lines/0/adjustments/0/reason',
    given: withLine({ adjustments: [{ kind: 'allowance', amountMinor: 500, reason: ' ' }] }),
    form: peppol,
  },
  {
    rule: 'PEPPOL-EN16931-R008',
    pointer: '/seller/tradeName',
    given: withSeller({ tradeName: ' ' }),
    form: peppol,
  },
  // The rates of each category, on lines and on the whole.
  ...taxed.map((category) => ({
    rule: `BR-${names[category]}-05`,
    pointer: '/order/lines/0/taxRate',
    given: ofCategory(category, { taxRate: '0' }),
    // Only CII's rules refuse L at 0 %.
    ...(category === 'L' ? { form: cii } : {}),
  })),
  ...untaxed.map((category) => ({
    rule: `BR-${names[category]}-05`,
    pointer: '/order/lines/0/taxRate',
    given: ofCategory(category, { taxRate: '21.00' }),
  })),
  ...untaxed.flatMap((category) =>
    (['allowance', 'charge'] as const).map((adjustment) => ({
      rule: `BR-${names[category]}-${adjustment === 'allowance' ? '06' : '07'}`,
      pointer: '/order/adjustments/0/taxRate',
      given: withWrongRate(category, adjustment, '6'),
    })),
  ),
  ...(['allowance', 'charge'] as const).map((adjustment) => ({
    rule: `BR-S-${adjustment === 'allowance' ? '06' : '07'}`,
    pointer: '/order/adjustments/0/taxRate',
    given: withWrongRate('S', adjustment, '0'),
  })),
  // The VAT ids.
  ...(['S', 'Z', 'E', 'AE', 'K', 'G', 'L', 'M'] as const).map((category) => {
    const given = ofCategory(category);
    return {
      rule: `BR-${names[category]}-02`,
      pointer: '/seller/vatId',
      given: { ...given, seller: noVatIds.seller },
    };
  }),
  ...(['AE', 'K'] as const).map((category) => ({
    rule: `BR-${names[category]}-02`,
    pointer: '/buyer/vatId',
    given: { ...ofCategory(category), buyer: noVatIds.buyer },
  })),
  {
    rule: 'BR-CO-26',
    pointer: '/seller/registration',
    given: { ...ofCategory('O'), seller: { ...sound.seller, registration: null } },
  },
  // The reasons.
  {
    rule: 'BR-E-10',
    pointer: '/order/lines/0/exemption',
    given: ofCategory('E', { exemption: null }),
  },
  ...(['S', 'Z', 'L', 'M'] as const).map((category) => ({
    rule: `BR-${names[category]}-10`,
    pointer: '/order/lines/0/exemption',
    given: ofCategory(category, { exemption: exempt }),
    document: withReason(documentOf(ofCategory(category)), exempt),
  })),
  {
    rule: 'BR-CL-22',
    pointer: '/order/lines/0/exemption/code',
    given: ofCategory('E', { exemption: { code: 'VATEX-EU-999', text: null } }),
  },
  ...(
    [
      ['VATEX-EU-G', 'P0104'],
      ['VATEX-EU-O', 'P0105'],
      ['VATEX-EU-IC', 'P0106'],
      ['VATEX-EU-AE', 'P0107'],
    ] as const
  ).map(([code, rule]) => ({
    rule: `PEPPOL-EN16931-${rule}`,
    pointer: '/order/lines/0/exemption/code',
    given: ofCategory('E', { exemption: { code, text: null } }),
    form: peppol,
  })),
  ...(
    [
      ['VATEX-EU-D', 'P0108'],
      ['VATEX-EU-F', 'P0109'],
      ['VATEX-EU-I', 'P0110'],
      ['VATEX-EU-J', 'P0111'],
    ] as const
  ).map(([code, rule]) => ({
    rule: `PEPPOL-EN16931-${rule}`,
    pointer: '/order/lines/0/exemption/code',
    given: ofCategory('G', { exemption: { code, text: null } }),
    form: peppol,
  })),
  // What K needs, and what O excludes.
  {
    rule: 'BR-IC-11',
    pointer: '/delivery/date',
    given: { ...ofCategory('K'), delivery: sound.delivery && { ...sound.delivery, date: null } },
  },
  {
    rule: 'BR-IC-12',
    pointer: '/delivery/address/country',
    given: { ...ofCategory('K'), delivery: { date: '2026-11-29', address: null } },
  },
  {
    rule: 'BR-O-12',
    pointer: '/order/lines/1/category',
    given: {
      ...ofCategory('O'),
      order: { ...ofCategory('O').order, lines: [...ofCategory('O').order.lines, soundLine] },
    },
  },
  ...(['allowance', 'charge'] as const).map((adjustment) => ({
    rule: adjustment === 'allowance' ? 'BR-O-13' : 'BR-O-14',
    pointer: '/order/adjustments/0/category',
    given: {
      ...ofCategory('O'),
      order: {
        ...ofCategory('O').order,
        adjustments: ofCategory('S', { adjustment }).order.adjustments,
      },
    },
  })),
];

export const soundInvoice = documentOf(sound);
export const soundCreditNote = creditNoteOf(
  soundInvoice,
  { number: 'CN-2026-000001', issueDate: '2026-12-01' },
  soundInvoice.amounts,
  ['Returned'],
);

const withAmounts = (amounts: Partial<Amounts>): TaxDocument => ({
  ...soundInvoice,
  amounts: { ...soundInvoice.amounts, ...amounts },
});
const { vat, lines } = soundInvoice.amounts;
const withVat = (change: Partial<Amounts['vat'][number]>) => vat.map((group) => ({ ...group, ...change }));

/** Documents whose sums, currency or form are not what the arithmetic and the writers would make of any order. */
export const brokenDocuments: { rule: string; document: TaxDocument; form?: Form }[] = [
  { rule: 'BR-CO-10', document: withAmounts({ linesMinor: 9501 }) },
  { rule: 'BR-CO-13', document: withAmounts({ netMinor: 9501 }) },
  { rule: 'BR-CO-14', document: withAmounts({ taxMinor: 1996 }) },
  { rule: 'BR-CO-15', document: withAmounts({ grossMinor: 11_496 }) },
  { rule: 'BR-CO-16', document: withAmounts({ paidMinor: 11_494 }) },
  { rule: 'BR-CO-16', document: withAmounts({ roundingMinor: 1 }) },
  { rule: 'BR-CO-17', document: withAmounts({ vat: withVat({ tax: 2095 }) }) },
  { rule: 'BR-S-09', document: withAmounts({ vat: withVat({ tax: 2095 }) }) },
  { rule: 'BR-S-08', document: withAmounts({ vat: withVat({ net: 9700 }) }) },
  {
    rule: 'BR-S-08',
    document: withAmounts({
      vat: [...withVat({ net: 5000, tax: 1050 }), ...withVat({ net: 4500, tax: 945 })],
    }),
  },
  { rule: 'BR-S-01', document: withAmounts({ vat: withVat({ category: 'Z', taxRate: '0' }) }) },
  { rule: 'BR-AE-10', document: withReason(documentOf(ofCategory('AE')), null) },
  { rule: 'BR-IC-10', document: withReason(documentOf(ofCategory('K')), null) },
  { rule: 'BR-G-10', document: withReason(documentOf(ofCategory('G')), null) },
  { rule: 'BR-O-10', document: withReason(documentOf(ofCategory('O')), null) },
  { rule: 'BR-O-02', document: withVatIdBesideO() },
  {
    rule: 'PEPPOL-EN16931-R120',
    document: withAmounts({
      lines: lines.map((line) => ({ ...line, unitPrice: '50.02' })),
    }),
    form: peppol,
  },
  { rule: 'BR-DEC-23', document: { ...soundInvoice, currency: 'KWD' } },
  { rule: 'BR-DEC-14', document: { ...soundInvoice, currency: 'KWD' } },
  { rule: 'BR-CL-04', document: { ...soundInvoice, currency: 'XAD' } },
  { rule: 'BR-CL-04', document: { ...soundInvoice, currency: 'STN' } },
  { rule: 'BR-CL-05', document: withAccounting('XAD') },
  { rule: 'UBL-DT-01', document: withAccounting('KWD') },
];

/** Documents that keep the rules of EN 16931 and lack what their profile asks for. */
export const incompleteDocuments: { rule: string; document: TaxDocument; form: Form }[] = [
  {
    rule: 'PEPPOL-EN16931-R020',
    document: { ...soundInvoice, seller: { ...sound.seller, electronicAddress: null } },
    form: peppol,
  },
  {
    rule: 'PEPPOL-EN16931-R010',
    document: { ...soundInvoice, buyer: { ...sound.buyer, electronicAddress: null } },
    form: peppol,
  },
  {
    rule: 'PEPPOL-EN16931-R003',
    document: { ...soundInvoice, buyerReference: null, orderReference: null },
    form: peppol,
  },
  {
    rule: 'BR-CL-14',
    document: {
      ...soundInvoice,
      buyer: { ...sound.buyer, address: { ...sound.buyer.address, country: 'SS' } },
    },
    form: cii,
  },
  ...xrechnungWithout(),
  ...peppolInCountries(),
];

function withReason(document: TaxDocument, exemption: Exemption | null): TaxDocument {
  const { amounts } = document;
  return { ...document, amounts: { ...amounts, vat: amounts.vat.map((one) => ({ ...one, exemption })) } };
}

/** The writers leave a VAT id out beside O: here O stands on a line and is missing in the breakdown, so that they do not. */
function withVatIdBesideO(): TaxDocument {
  const document = documentOf(ofCategory('O'));
  const { amounts } = document;
  return {
    ...document,
    buyer: sound.buyer,
    amounts: { ...amounts, vat: amounts.vat.map((one) => ({ ...one, category: 'Z' as const })) },
  };
}

function withAccounting(currency: string): TaxDocument {
  const accountingTax = { currency, taxMinor: 1995, rate: '1', source: 'Example' };
  return { ...soundInvoice, accountingTax };
}

function xrechnungWithout(): { rule: string; document: TaxDocument; form: Form }[] {
  const { seller, buyer, delivery } = soundInvoice;
  const changes: [rule: string, change: Partial<TaxDocument>][] = [
    ['BR-DE-15', { buyerReference: null }],
    ['BR-DE-2', { seller: { ...seller, contact: null } }],
    ['BR-DE-3', { seller: { ...seller, address: { ...seller.address, city: null } } }],
    ['BR-DE-4', { seller: { ...seller, address: { ...seller.address, postalCode: null } } }],
    ['BR-DE-8', { buyer: { ...buyer, address: { ...buyer.address, city: null } } }],
    ['BR-DE-9', { buyer: { ...buyer, address: { ...buyer.address, postalCode: null } } }],
    [
      'BR-DE-10',
      { delivery: { ...delivery, date: null, address: { city: null, postalCode: '1', country: 'DE' } } },
    ],
    [
      'BR-DE-11',
      { delivery: { ...delivery, date: null, address: { city: 'B', postalCode: null, country: 'DE' } } },
    ],
    ['BR-CL-04', { currency: 'XCG' }],
    ['BR-CL-05', { accountingTax: { currency: 'XCG', taxMinor: 1995, rate: '1', source: 'Example' } }],
    ['BR-CL-11', { seller: { ...seller, registration: { id: '1', scheme: '0248' } } }],
    ['BR-CL-25', { seller: { ...seller, electronicAddress: { scheme: '0242', id: '1' } } }],
    ['BR-CL-25', { buyer: { ...buyer, electronicAddress: { scheme: '0245', id: '1' } } }],
    ['PEPPOL-EN16931-R020', { seller: { ...seller, electronicAddress: null } }],
    ['PEPPOL-EN16931-R010', { buyer: { ...buyer, electronicAddress: null } }],
  ];
  return changes.map(([rule, change]) => ({
    rule,
    document: { ...soundInvoice, ...change },
    form: xrechnung,
  }));
}

function peppolInCountries(): { rule: string; document: TaxDocument; form: Form }[] {
  const { seller, buyer } = soundInvoice;
  const bare = { line1: null, line2: null, city: null, postalCode: null, state: null };
  const from = (country: string, vatId: string | null, change: Partial<Seller> = {}): TaxDocument => ({
    ...soundInvoice,
    seller: { ...seller, vatId, address: { ...seller.address, country }, ...change },
  });
  const inGermany = from('DE', 'DE136695976');
  const dutch = from('NL', 'NL004495445B01', { registration: { id: '68750110', scheme: '0106' } });
  const dutchBuyer = { ...buyer, vatId: 'NL004495445B01', address: { ...buyer.address, country: 'NL' } };
  const icelandic = from('IS', null, { registration: { id: '4603080720', scheme: '0196' } });
  const cases: [rule: string, document: TaxDocument][] = [
    ['DE-R-015', { ...inGermany, buyerReference: null }],
    ['DE-R-002', { ...inGermany, seller: { ...inGermany.seller, contact: null } }],
    ['DE-R-003', from('DE', 'DE136695976', { address: { ...seller.address, country: 'DE', city: null } })],
    [
      'DE-R-004',
      from('DE', 'DE136695976', { address: { ...seller.address, country: 'DE', postalCode: null } }),
    ],
    ['DE-R-008', { ...inGermany, buyer: { ...buyer, address: { ...buyer.address, city: null } } }],
    ['DE-R-009', { ...inGermany, buyer: { ...buyer, address: { ...buyer.address, postalCode: null } } }],
    [
      'DE-R-010',
      { ...inGermany, delivery: { date: null, address: { city: null, postalCode: '1', country: 'DE' } } },
    ],
    [
      'DE-R-011',
      { ...inGermany, delivery: { date: null, address: { city: 'B', postalCode: null, country: 'DE' } } },
    ],
    ['DK-R-002', from('DK', 'DK13585628', { registration: null })],
    ['DK-R-014', from('DK', 'DK13585628')],
    ['GR-R-004-1', from('GR', 'EL094259216')],
    ['IS-R-002', { ...icelandic, seller: { ...icelandic.seller, registration: seller.registration } }],
    ['IS-R-003', { ...icelandic, seller: { ...icelandic.seller, address: { ...bare, country: 'IS' } } }],
    [
      'IS-R-004',
      { ...icelandic, buyer: { ...buyer, vatId: null, address: { ...buyer.address, country: 'IS' } } },
    ],
    ['IT-R-002', from('IT', 'IT00743110157', { address: { ...bare, country: 'IT' } })],
    ['IT-R-003', from('IT', 'IT00743110157', { address: { ...bare, country: 'IT' } })],
    ['IT-R-004', from('IT', 'IT00743110157', { address: { ...bare, country: 'IT' } })],
    ['NL-R-002', { ...dutch, seller: { ...dutch.seller, address: { ...bare, country: 'NL' } } }],
    ['NL-R-003', from('NL', 'NL004495445B01')],
    ['NL-R-004', { ...dutch, buyer: { ...dutchBuyer, address: { ...bare, country: 'NL' } } }],
    ['NL-R-008', { ...dutch, buyer: dutchBuyer, card: null }],
    ['SE-R-013', from('SE', 'SE556188840401', { registration: { id: '5561888405', scheme: '0007' } })],
    ['SE-R-006', from('SE', 'SE556188840401', { registration: { id: '5561888404', scheme: '0007' } })],
  ];
  return cases.map(([rule, document]) => ({ rule, document, form: peppol }));
}
