import type { EventOfType } from '@fanfold/contracts/catalog';
import { codePoint } from '@fanfold/contracts/codePointFixtures';
import { maxEventBytes } from '@fanfold/contracts/event';
import { amountsOf } from '@fanfold/invoicing/amounts';
import { sound } from '@fanfold/invoicing/brokenFixtures';
import { ciiOf } from '@fanfold/invoicing/cii';
import { findingsOf } from '@fanfold/invoicing/findings';
import { invoiceOf } from '@fanfold/invoicing/issue';
import { invoiceableOf, type Ordered } from '@fanfold/invoicing/ordered';
import { ublOf } from '@fanfold/invoicing/ubl';
import { fieldErrors, parseFields } from '@fanfold/runtime/fieldErrors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settle } from '../payment/lifecycle.ts';
import { eventsOf, momentAt, processing, succeeded } from '../payment/paymentFixtures.ts';
import { faultsOf, refusalOf, requestOf } from './order.ts';
import { paymentBody } from './paymentBody.ts';
import { paymentRequest } from './paymentRequest.ts';

const least = {
  amount: 12_100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  orderId: 'order-1001',
  customer: { name: 'Ada Example', address: { country: 'BE' } },
};
const chair = { description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' };
const company = { ...least.customer, vatId: 'DE136695976' };
const delivery = { date: '2026-11-29', country: 'DE' };

/** A body with one line, and what it makes with tax when that is known. */
const withLine = (line: object, amount = 12_100, more: object = {}) => ({
  ...least,
  amount,
  lines: [{ ...chair, ...line }],
  ...more,
});

const asked = (body: unknown) => requestOf(paymentRequest.parse(body));

const errorsOf = (body: unknown) => {
  const { error } = parseFields(paymentRequest, body);
  return error ? fieldErrors(error).map(({ pointer, rule }) => `${rule} ${pointer}`) : [];
};

const amountsOfBody = (body: unknown) => amountsOf(invoiceableOf(asked(body)).order);

describe('A discount or charge on the whole order', () => {
  const book = { description: 'Book', quantity: 1, unitAmount: 5000, taxRate: '6.00' };
  const mixed = (amount: number, more: object) => ({ ...least, amount, lines: [chair, book], ...more });

  test('in percent is of the sum of the lines, and shared by their rates', () => {
    const body = mixed(15_660, { discount: { percent: '10', reason: 'Loyalty' } });
    expect(asked(body)).toMatchObject({
      lines: null,
      order: { discount: { amount: 1500, reason: 'Loyalty', percent: '10' } },
    });
    expect(amountsOfBody(body)).toMatchObject({
      adjustments: [
        { kind: 'allowance', amountMinor: 1000, taxRate: '21.00', percent: '10', baseMinor: 10_000 },
        { kind: 'allowance', amountMinor: 500, taxRate: '6.00', percent: '10', baseMinor: 5000 },
      ],
      linesMinor: 15_000,
      allowancesMinor: 1500,
      netMinor: 13_500,
      paidMinor: 15_660,
    });
  });

  test('is an amount, after those of lines, with tax where prices have it', () => {
    const body = mixed(14_000, {
      pricesIncludeTax: true,
      lines: [{ ...chair, discount: 500 }, book],
      discount: 1000,
      charge: { amount: 500, reason: 'Shipping' },
    });
    expect(amountsOfBody(body).paidMinor).toBe(14_000);
    expect(asked(body).order).toMatchObject({
      discount: { amount: 1000, reason: 'Discount' },
      charge: { amount: 500, reason: 'Shipping' },
    });
  });

  test('of lines that cost nothing is at the rate of the first', () => {
    const free = { ...chair, unitAmount: 0 };
    const body = { ...least, amount: 605, lines: [free, { ...book, unitAmount: 0 }], charge: 500 };
    expect(amountsOfBody(body).adjustments).toMatchObject([{ amountMinor: 500, taxRate: '21.00' }]);
  });

  test.each<[string, string, object]>([
    ['lines', '/discount', { ...least, discount: 100 }],
    ['lines', '/charge', { ...least, charge: { percent: '5' } }],
    ['negative-net', '/lines', mixed(100, { discount: 100_000 })],
    ['undefined', '/discount/percent', mixed(100, { discount: { percent: '100.1' } })],
    ['undefined', '/discount/percent', mixed(100, { discount: { percent: '0.0' } })],
    ['undefined', '/discount', mixed(100, { discount: { percent: '10', amount: 5 } })],
    ['amount', '/amount', mixed(15_661, { discount: { percent: '10' } })],
  ])('is refused by the rule %s at %s', (rule, pointer, body) => {
    expect(errorsOf(body)).toContain(`${rule} #${pointer}`);
  });

  test('of more than a number holds is refused, and throws nothing', () => {
    const huge = { ...chair, quantity: 1_000_000, unitAmount: 999_999_999_999 };
    const body = mixed(100, { lines: [{ ...huge, charge: { percent: '100' } }], charge: { percent: '100' } });
    expect(errorsOf(body).length).toBeGreaterThan(0);
  });
});

describe('A plain order', () => {
  test('is kept as its lines, and the rest says so', () => {
    const { lines, order, customer } = asked({ ...least, lines: [chair] });
    expect(lines).toEqual([chair]);
    expect(order).toEqual({
      pricesIncludeTax: false,
      lines: null,
      vat: null,
      roundingAmount: 0,
      buyerReference: null,
      orderReference: null,
      delivery: null,
      exchange: null,
    });
    expect(Object.keys(customer)).toEqual(['name', 'email', 'taxId', 'address']);
  });

  test('is plain however its numbers are written', () => {
    const said = { quantity: '2.00', unitAmount: '50.0', unit: 'C62', taxCategory: 'S', itemId: null };
    expect(asked(withLine(said)).lines).toEqual([chair]);
    expect(
      asked({ ...withLine({ unitAmount: '60500.0', taxRate: '0' }, 121_000), currency: 'JPY' }).lines,
    ).toEqual([{ ...chair, unitAmount: 60_500, taxRate: '0' }]);
  });

  test('without lines has one amount at rate 0', () => {
    expect(asked(least)).toMatchObject({
      lines: null,
      order: { lines: null, vat: { taxRate: '0.00', taxCategory: 'Z' } },
    });
    expect(amountsOfBody(least)).toMatchObject({ netMinor: 12_100, taxMinor: 0, paidMinor: 12_100 });
  });
});

describe('An order that is not plain', () => {
  test.each<[string, object, number, object]>([
    ['an hour and a half', { quantity: '1.5', unit: 'HUR' }, 9075, { quantity: '1.5', unit: 'HUR' }],
    ['a number with decimals', { quantity: 0.25 }, 1513, { quantity: '0.25', unitPrice: '50' }],
    [
      'a price below a cent, in the major unit',
      { quantity: 10_000, unitAmount: '0.0035' },
      4235,
      { unitPrice: '0.0035' },
    ],
    ['a part of a cent', { quantity: 100, unitAmount: '50.005' }, 605_061, { unitPrice: '50.005' }],
    ['a discount', { discount: 1000 }, 10_890, { discount: { amount: 1000, reason: 'Discount' } }],
    [
      'a discount with a reason',
      { discount: { amount: 1000, reason: 'Loyalty' } },
      10_890,
      { discount: { amount: 1000, reason: 'Loyalty' } },
    ],
    [
      'a discount in percent of quantity times price',
      { discount: { percent: '12.5' } },
      10_588,
      { discount: { amount: 1250, reason: 'Discount', percent: '12.5' } },
    ],
    [
      'a charge in percent with a reason',
      { charge: { percent: '2.50', reason: 'Small order' } },
      12_403,
      { charge: { amount: 250, reason: 'Small order', percent: '2.5' } },
    ],
    ['a charge', { charge: 1000 }, 13_310, { charge: { amount: 1000, reason: 'Charge' } }],
    ['an item id', { itemId: 'chair-1' }, 12_100, { itemId: 'chair-1' }],
    [
      'an exemption',
      { taxRate: '0', taxCategory: 'E', exemptionCode: 'VATEX-EU-132' },
      10_000,
      { taxCategory: 'E', exemptionCode: 'VATEX-EU-132', exemptionReason: null },
    ],
  ])('has %s', (_what, line, amount, expected) => {
    const { lines, order } = asked(withLine(line, amount));
    expect(lines).toBeNull();
    expect(order.lines).toHaveLength(1);
    expect(order.lines?.[0]).toMatchObject(expected);
  });

  test('takes off by a line, whether its quantity or its amount is negative', () => {
    for (const off of [
      { quantity: -1, unitAmount: 1000 },
      { quantity: 1, unitAmount: -1000 },
      { quantity: '1', unitAmount: '-10.00' },
    ]) {
      const body = { ...least, amount: 10_890, lines: [chair, { ...chair, description: 'Voucher', ...off }] };
      expect(asked(body).order.lines?.[1]).toMatchObject({ quantity: '-1', unitPrice: '10' });
      expect(amountsOfBody(body)).toMatchObject({ netMinor: 9000, taxMinor: 1890, paidMinor: 10_890 });
    }
  });

  test('has prices with tax that no net price gives back', () => {
    const body = withLine({ quantity: 1, unitAmount: 999 }, 999, { pricesIncludeTax: true });
    expect(asked(body)).toMatchObject({ lines: null, order: { pricesIncludeTax: true } });
    expect(amountsOfBody(body)).toMatchObject({ netMinor: 826, taxMinor: 173, paidMinor: 999 });
    expect(errorsOf({ ...body, pricesIncludeTax: false })).toEqual(['amount #/amount']);
  });

  test('is one amount with its rate', () => {
    const body = { ...least, amount: 999, taxRate: '21.00' };
    expect(asked(body).order.vat).toMatchObject({ taxRate: '21.00', taxCategory: 'S' });
    expect(amountsOfBody(body)).toMatchObject({ netMinor: 826, taxMinor: 173, paidMinor: 999 });
  });

  test('is rounded by what it says', () => {
    const body = withLine({ unitAmount: 5001 }, 12_100, { roundingAmount: -2 });
    expect(amountsOfBody(body)).toMatchObject({ grossMinor: 12_102, roundingMinor: -2, paidMinor: 12_100 });
  });

  test('is what Kosovo is called in an invoice', () => {
    const kosovo = { ...least, customer: { name: 'Ada', address: { country: 'XK' } } };
    expect(invoiceableOf(asked(kosovo)).buyer.address.country).toBe('1A');
  });

  test('has the merchant’s order where the customer’s is not known', () => {
    expect(invoiceableOf(asked(least)).orderReference).toBe('order-1001');
    expect(invoiceableOf(asked({ ...least, orderReference: 'PO-7' })).orderReference).toBe('PO-7');
  });
});

describe('A payment whose invoice would break a rule is refused, with field and rule:', () => {
  const zero = { taxRate: '0' };
  test.each<[rule: string, pointer: string, body: object]>([
    ['BR-AE-02', '/customer/vatId', withLine({ ...zero, taxCategory: 'AE' }, 10_000)],
    ['BR-IC-02', '/customer/vatId', withLine({ ...zero, taxCategory: 'K' }, 10_000, { delivery })],
    ['BR-IC-11', '/delivery/date', withLine({ ...zero, taxCategory: 'K' }, 10_000, { customer: company })],
    ['BR-IC-12', '/delivery/country', withLine({ ...zero, taxCategory: 'K' }, 10_000, { customer: company })],
    ['BR-E-10', '/lines/0/exemptionReason', withLine({ ...zero, taxCategory: 'E' }, 10_000)],
    ['BR-S-05', '/lines/0/taxRate', withLine({ ...zero, taxCategory: 'S' }, 10_000)],
    ['BR-Z-05', '/lines/0/taxRate', withLine({ taxCategory: 'Z' })],
    ['BR-Z-10', '/lines/0/exemptionReason', withLine({ ...zero, exemptionReason: 'No' }, 10_000)],
    [
      'BR-CL-22',
      '/lines/0/exemptionCode',
      withLine({ ...zero, taxCategory: 'E', exemptionCode: 'VATEX-EU-0' }, 10_000),
    ],
    ['BR-CL-23', '/lines/0/unit', withLine({ unit: 'ZZZ' })],
    ['BR-27', '/lines/0/unitAmount', withLine({ quantity: -2, unitAmount: -5000 })],
    ['BR-O-02', '/customer/vatId', withLine({ ...zero, taxCategory: 'O' }, 10_000, { customer: company })],
    [
      'BR-O-12',
      '/lines/1/taxCategory',
      { ...least, lines: [{ ...chair, ...zero, taxCategory: 'O' }, chair] },
    ],
    ['vat-id', '/customer/vatId', { ...least, customer: { ...company, vatId: 'DE136695977' } }],
    [
      'BR-CL-25',
      '/customer/electronicAddress/scheme',
      { ...least, customer: { ...company, electronicAddress: { scheme: '9999', id: '1' } } },
    ],
    [
      'PEPPOL-COMMON-R043',
      '/customer/electronicAddress/id',
      { ...least, customer: { ...company, electronicAddress: { scheme: '0208', id: '0403019262' } } },
    ],
    ['negative-net', '/lines', withLine({ quantity: -2 }, 1)],
    ['BR-E-10', '/exemptionReason', { ...least, taxRate: '0', taxCategory: 'E' }],
    ['BR-S-05', '/taxRate', { ...least, taxCategory: 'S' }],
    ['lines', '/taxRate', withLine({}, 12_100, { taxRate: '21.00' })],
    ['lines', '/exemptionReason', withLine({}, 12_100, { exemptionReason: 'No' })],
    [
      'PEPPOL-EN16931-R005',
      '/exchange/currency',
      { ...least, exchange: { currency: 'EUR', rate: '1', source: 'ECB' } },
    ],
    ['amount', '/amount', withLine({ discount: 1 })],
  ])('%s at %s', (rule, pointer, body) => {
    expect(errorsOf(body)).toContain(`${rule} #${pointer}`);
  });

  test('BR-S-02 where the lines are, when the seller has no VAT id', () => {
    const body = paymentBody.parse(withLine({}));
    const seller = { ...sound.seller, vatId: null };
    expect(faultsOf(body, sound.seller)).toEqual([]);
    expect(faultsOf(body, seller)).toEqual([
      {
        path: ['lines'],
        message: 'needs another seller: its vatId must be given for category S',
        rule: 'BR-S-02',
      },
    ]);
    expect(refusalOf(faultsOf(body, seller))).toMatchObject({
      status: 422,
      code: 'invalid_request',
      errors: [{ pointer: '#/lines', rule: 'BR-S-02' }],
    });
  });

  test("the law's, where the buyer's address is not complete and the invoice cannot be simplified", () => {
    const seller = { ...sound.seller, simplifiedInvoices: true };
    const faults = faultsOf(paymentBody.parse(withLine({})), seller);
    expect(refusalOf(faults)).toMatchObject({
      status: 422,
      errors: ['line1', 'city', 'postalCode'].map((name) => ({
        pointer: `#/customer/address/${name}`,
        rule: '2006/112/EC-226-5',
        detail: expect.stringContaining('it is more than 100.00 EUR'),
      })),
    });
    const small = withLine({ quantity: 1 }, 6050);
    expect(faultsOf(paymentBody.parse(small), seller)).toEqual([]);
    const toCompany = { ...small, customer: { ...least.customer, type: 'company' } };
    expect(faultsOf(paymentBody.parse(toCompany), seller)).toHaveLength(3);
  });

  test('its size, when it does not fit into an event', () => {
    const wide = '€'.repeat(200);
    const line = { ...chair, description: wide, quantity: 1, unitAmount: 100, exemptionReason: wide };
    const body = withLine({}, 5000, {
      lines: Array(50).fill({ ...line, taxRate: '0', taxCategory: 'E' }),
    });
    expect(errorsOf(body)).toEqual(['size #/lines']);
    expect(errorsOf({ ...body, amount: 2500, lines: body.lines.slice(25) })).toEqual([]);
  });
});

test('What a text has to be is said where it is not', () => {
  const detailsOf = (body: unknown) => {
    const { error } = parseFields(paymentRequest, body);
    return error ? fieldErrors(error).map(({ detail }) => detail) : [];
  };
  expect(detailsOf(withLine({ unitAmount: '5000' }))).toEqual([
    expect.stringContaining('a text in the major unit with a decimal point'),
  ]);
  expect(detailsOf(withLine({ quantity: '1,5' }))).toEqual([
    'must be a number with at most four decimals, such as 2 or "1.5"',
  ]);
});

test('A day of delivery is of this century', () => {
  const on = (date: string) => errorsOf({ ...least, delivery: { date, country: 'BE' } });
  for (const date of ['0000-01-01', '1999-12-31', '2100-01-01'])
    expect(on(date)).toEqual(['undefined #/delivery/date']);
  expect([...on('2000-01-01'), ...on('2099-12-31')]).toEqual([]);
});

test('the longest plain order fits into its event', () => {
  const wide = (length: number) => '€'.repeat(length);
  const body = {
    ...least,
    amount: 605_000,
    orderId: wide(100),
    description: wide(500),
    customer: {
      name: wide(200),
      email: `${'x'.repeat(60)}@${'y'.repeat(60)}.${'z'.repeat(60)}.example.com`,
      taxId: wide(40),
      address: {
        line1: wide(200),
        line2: wide(200),
        city: wide(100),
        postalCode: wide(20),
        state: wide(100),
        country: 'BE',
      },
    },
    lines: Array(50).fill({ ...chair, description: wide(200), quantity: 2 }),
    metadata: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key${i}`, wide(500)])),
  };
  expect(errorsOf(body)).toEqual([]);
  const [event] = eventsOf(settle(processing(asked(body)), succeeded, momentAt(), true));
  expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(maxEventBytes);
});

describe('Whatever is accepted', () => {
  const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });
  const texts = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('Chair', 'x', ']]>', '𠮷', 'ﷺ', '&<>"', 'é\u0301') },
    { weight: 1, arbitrary: fc.constantFrom(' ', '\u0001', '\ufffe', '\ud800', '\u200b') },
    { weight: 1, arbitrary: fc.string({ unit: codePoint, maxLength: 12 }) },
  );
  const categories = fc.constantFrom('S', 'Z', 'E', 'AE', 'K', 'G', 'O', 'L', 'M');
  const vat = fc
    .record({
      category: categories,
      rate: fc.constantFrom('21.00', '6', '7.125', '100'),
      reason: some(texts),
    })
    .map(({ category, rate, reason }) => ({
      taxCategory: category,
      taxRate: ['S', 'L', 'M'].includes(category) ? rate : '0.00',
      ...(category === 'E' && { exemptionCode: 'VATEX-EU-132', exemptionReason: reason }),
    }));
  const lines = fc
    .record({
      vat,
      description: texts,
      itemId: some(texts),
      quantity: fc.constantFrom(1, 2, '1.5', 0.3333, -1, '1000', 3),
      unitAmount: fc.oneof(
        fc.integer({ min: 0, max: 100_000 }),
        fc.constantFrom('0.0035', '12.345678', '-1.5'),
      ),
      unit: some(fc.constantFrom('HUR', 'KGM', 'C62')),
      discount: some(
        fc.oneof(
          fc.integer({ min: 1, max: 50 }),
          fc.constantFrom({ percent: '12.5' }, { percent: '0.3333' }),
        ),
      ),
      charge: some(fc.record({ amount: fc.integer({ min: 1, max: 50 }), reason: texts })),
    })
    .map(({ vat, ...line }) => ({ ...line, ...vat }));
  const bodies = fc
    .record({
      currency: fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', 'USD'),
      orderId: texts,
      description: some(texts),
      name: texts,
      country: fc.constantFrom('BE', 'XK', 'XI', 'JP', 'SS'),
      vatId: some(fc.constantFrom('DE136695976', 'EL094259216', 'XI980780684')),
      lines: fc.option(fc.array(lines, { minLength: 1, maxLength: 4 })),
      whole: some(vat),
      pricesIncludeTax: fc.boolean(),
      discount: some(fc.constantFrom(3, { percent: '7.5' }, { percent: '33.3333', reason: 'Loyalty' })),
      charge: some(fc.constantFrom(499, { percent: '2' })),
      roundingAmount: some(fc.integer({ min: -5, max: 5 })),
      delivery: some(fc.constant(delivery)),
      exchange: some(fc.constant({ currency: 'CZK', rate: '24.315', source: 'ECB' })),
      buyerReference: some(texts),
      amount: fc.integer({ min: 1, max: 1_000_000 }),
    })
    .map(({ name, country, vatId, whole, discount, charge, ...body }) => ({
      ...body,
      ...(body.lines ? { discount, charge } : whole),
      paymentMethod: 'pm_card_visa',
      customer: { name, vatId, address: { country } },
    }))
    // What is paid is what the lines add up to, where they do.
    .map((body) => {
      const { data } = paymentBody.safeParse(body);
      if (!data?.lines) return body;
      try {
        return { ...body, amount: amountsOf(invoiceableOf(requestOf(data)).order).paidMinor };
      } catch {
        return body;
      }
    });

  test('has an event, an invoice, and XML without what XML cannot hold', () => {
    let accepted = 0;
    fc.assert(
      fc.property(bodies, (body) => {
        const { data } = paymentRequest.safeParse(body);
        if (!data || faultsOf(data, sound.seller).length > 0) return;
        accepted += 1;
        const [event] = eventsOf(settle(processing(requestOf(data)), succeeded, momentAt(), true));
        const read = JSON.parse(JSON.stringify(event)) as EventOfType<'payment.captured.v1'>;
        const given = { ...invoiceableOf(read.data as Ordered), seller: sound.seller };
        expect(findingsOf(given)).toEqual([]);
        const document = invoiceOf(
          given,
          { number: 'INV-1', issueDate: '2026-11-30' },
          { card: null, notes: [] },
        );
        for (const xml of [ublOf(document, 'en16931'), ciiOf(document, 'en16931')])
          expect(xml).not.toMatch(/[\ufffe\uffff]|\p{Surrogate}/u);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });
});
