import { fieldErrors, parseFields } from '@fanfold/runtime/fieldErrors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import { cancelRequest, captureRequest, refundLinesOf, refundRequest } from './changeRequests.ts';
import { paymentRequest } from './paymentRequest.ts';

const least = {
  amount: 12_100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  orderId: 'order-1001',
  customer: { name: 'Ada Example', address: { country: 'BE' } },
};
const chairs = { description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' };
const full = {
  ...least,
  captureMethod: 'manual',
  description: 'Two chairs',
  customer: {
    name: 'Ada Example',
    email: 'ada@example.com',
    taxId: 'BE0123456749',
    address: {
      line1: 'Main St 1',
      line2: 'Box 2',
      city: 'Ghent',
      postalCode: '9000',
      state: 'OVL',
      country: 'BE',
    },
  },
  lines: [chairs],
  metadata: { channel: 'web' },
};

/** With what invoices of companies have besides. */
const fuller = {
  ...full,
  customer: {
    ...full.customer,
    vatId: 'BE0403019261',
    electronicAddress: { scheme: '0208', id: '0403019261' },
    type: 'company',
  },
  pricesIncludeTax: false,
  buyerReference: '04011000-12345-34',
  orderReference: 'PO-1',
  delivery: { date: '2026-11-29', city: 'Ghent', postalCode: '9000', country: 'BE' },
  exchange: { currency: 'CZK', rate: '24.315', source: 'ECB, 2026-11-27' },
};

/** A body with one field changed, `undefined` being left out; `way` is as `customer.address.country`. */
function changed(way: string, value: unknown): Record<string, unknown> {
  const body = structuredClone(fuller) as Record<string, unknown>;
  const steps = way.split('.');
  const last = steps.pop() ?? '';
  const holder = steps.reduce((at, step) => at[step] as Record<string, unknown>, body);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return body;
}

const errorsOf = (schema: z.ZodType, body: unknown) => {
  const { error } = parseFields(schema, body);
  return error ? fieldErrors(error) : [];
};

/** What is wrong is told in words of ours, never in those of the library that found it. */
const plainSentence = /^(is|must|has|does not|the lines) (?!.*(expected|received|undefined))/;

describe('A payment is asked for', () => {
  test('with nothing but what is required; what is left out is null, automatic or empty', () => {
    expect(paymentRequest.parse(least)).toEqual({
      ...least,
      captureMethod: 'automatic',
      description: null,
      customer: {
        name: 'Ada Example',
        email: null,
        taxId: null,
        address: { line1: null, line2: null, city: null, postalCode: null, state: null, country: 'BE' },
      },
      lines: null,
      metadata: {},
    });
  });

  test('with everything', () => {
    expect(paymentRequest.parse(full)).toEqual(full);
    expect(paymentRequest.parse(fuller)).toEqual(fuller);
  });

  test('with any of what invoices have besides, or with null for it', () => {
    const nothing = {
      ...{ pricesIncludeTax: null, taxRate: null, taxCategory: null, exemptionCode: null },
      ...{ exemptionReason: null, roundingAmount: null, buyerReference: null, orderReference: null },
      ...{ delivery: null, exchange: null },
      customer: { ...full.customer, vatId: null, electronicAddress: null, type: null },
      lines: [{ ...chairs, itemId: null, unit: null, taxCategory: null, discount: null, charge: null }],
    };
    expect(errorsOf(paymentRequest, { ...full, ...nothing })).toEqual([]);
  });

  test.each([
    ['amount', [1, 999_999_999_999]],
    ['currency', ['JPY', 'KWD', 'XCG']],
    [
      'paymentMethod',
      [
        'pm_card_visa',
        'pm_card_declined',
        'pm_card_insufficient_funds',
        'pm_card_timeout',
        'pm_card_timeout_lost',
        'pm_card_error',
      ],
    ],
    ['captureMethod', ['automatic', 'manual', undefined]],
    ['orderId', ['x', 'x'.repeat(100), 'Auftrag 7/ä']],
    ['description', [null, undefined, 'x'.repeat(500)]],
    ['customer.name', ['x'.repeat(200), '李小龙']],
    ['customer.email', [null, undefined, 'ada+shop@mail.example.com']],
    ['customer.taxId', [null, undefined]],
    ['customer.address.line1', [null, undefined]],
    ['customer.address.line2', [null, undefined]],
    ['customer.address.city', [null, undefined]],
    ['customer.address.postalCode', [null, undefined]],
    ['customer.address.state', [null, undefined]],
    [
      'metadata',
      [{}, undefined, Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key${i}`, 'x'.repeat(500)]))],
    ],
    ['metadata.channel', ['', 'x'.repeat(500)]],
  ])('with any of these for %s', (way, values) => {
    for (const value of values) {
      const body = changed(way, value);
      expect(errorsOf(paymentRequest, { ...body, lines: null }), String(value)).toEqual([]);
    }
  });

  test('with lines or without, and null is without', () => {
    expect(paymentRequest.parse({ ...least, lines: null }).lines).toBeNull();
    expect(paymentRequest.parse({ ...least, lines: [chairs] }).lines).toEqual([chairs]);
  });

  test.each([
    ['orderId', 'x'.repeat(100)],
    ['description', 'x'.repeat(500)],
    ['customer.name', 'x'.repeat(200)],
    ['customer.email', 'ada@example.com'],
    ['customer.taxId', 'x'.repeat(40)],
    ['customer.address.line1', 'x'.repeat(200)],
    ['customer.address.line2', 'x'.repeat(200)],
    ['customer.address.city', 'x'.repeat(100)],
    ['customer.address.postalCode', 'x'.repeat(20)],
    ['customer.address.state', 'x'.repeat(100)],
    ['lines.0.description', 'x'.repeat(200)],
    ['metadata.channel', 'x'.repeat(500)],
  ])('with blanks around %s, which are taken away before it is measured', (way, value) => {
    for (const blanks of [' ', '\u00a0', '\u3000 ']) {
      const taken = paymentRequest.parse(changed(way, `${blanks}${value}${blanks}`));
      expect(taken).toEqual(paymentRequest.parse(changed(way, value)));
    }
  });

  test('with blanks around a metadata key, unless another one is then the same', () => {
    const metadata = { [` ${'k'.repeat(40)} `]: 'x' };
    expect(paymentRequest.parse({ ...least, metadata }).metadata).toEqual({ ['k'.repeat(40)]: 'x' });
    expect(errorsOf(paymentRequest, { ...least, metadata: { channel: 'web', ' channel': 'shop' } })).toEqual([
      { pointer: '#/metadata', detail: 'has keys that differ only in the blanks around them' },
    ]);
  });

  test('from every country of ISO 3166-1, from Northern Ireland and from Kosovo', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
    const codes = letters.flatMap((first) => letters.map((second) => first + second));
    const taken = codes.filter(
      (code) => errorsOf(paymentRequest, changed('customer.address.country', code)).length === 0,
    );
    expect(taken).toHaveLength(249 + 2);
    expect(taken).toEqual(expect.arrayContaining(['BE', 'GB', 'GR', 'SS', 'XI', 'XK']));
  });
});

describe('A payment is refused, with what to change, for', () => {
  const invisible = [
    '\u200b',
    '\u00ad',
    '\u3164',
    '\u115f\uffa0',
    '\u2800\u2800',
    '\u{e0041}\u{e0042}',
    '\ufe0f',
    '\u2060 \u180e',
    '\ufffb',
    '\u{1d159}',
  ];
  const text = (max: number) => ['', '   ', ...invisible, 'x'.repeat(max + 1), 7, true, {}, []];
  test.each([
    ['amount', [undefined, null, 0, -1, 0.5, 121.5, '12100', 1_000_000_000_000, 1e300, true, {}, []]],
    ['currency', [undefined, null, 'eur', 'EURO', '', 'ANG', 'XAU', 'XAD', 'ABC', 978, ['EUR']]],
    ['paymentMethod', [undefined, null, '', 'pm_card_mastercard', 'PM_CARD_VISA', 'toString', 1]],
    ['captureMethod', [null, '', 'later', 'Manual', 1]],
    ['orderId', [undefined, null, ...text(100)]],
    ['description', text(500)],
    ['customer', [undefined, null, 'Ada', [], 1]],
    ['customer.name', [undefined, null, ...text(200)]],
    [
      'customer.email',
      [
        '',
        'ada',
        'ada@',
        '@example.com',
        'ada example@example.com',
        'ada@example',
        `${'x'.repeat(250)}@example.com`,
        7,
      ],
    ],
    ['customer.taxId', text(40)],
    ['customer.address', [undefined, null, 'BE', []]],
    ['customer.address.line1', text(200)],
    ['customer.address.line2', text(200)],
    ['customer.address.city', text(100)],
    ['customer.address.postalCode', text(20)],
    ['customer.address.state', text(100)],
    [
      'customer.address.country',
      [undefined, null, '', 'be', ' BE', 'BEL', 'B', 'B1', 'ZZ', 'UK', 'EL', 'AN', 'EU', 32],
    ],
    ['lines', [[], {}, 'none', 1, Array(51).fill(chairs)]],
    ['lines.0', [null, 'Chair', 1, []]],
    ['lines.0.description', [undefined, null, ...text(200)]],
    [
      'lines.0.quantity',
      [
        ...[undefined, null, 0, 0.12345, 0.1 + 0.2, 1_000_001, -1_000_001, 1e-7, NaN, true, {}, []],
        ...['', '0', '-0.00', '1.23456', '1,5', '1e3', ' 1', '+1', '.5', '1.', '1000000.5', '1000001'],
      ],
    ],
    [
      'lines.0.unitAmount',
      [
        ...[undefined, null, 0.5, 1_000_000_000_000, -1_000_000_000_000, true, {}, []],
        ...['', '5000', '-5000', '50,00', '0.0000001', '1e3.0', ' 1.0', '.5', '5.', '1234567890123.0'],
      ],
    ],
    ['lines.0.itemId', text(50)],
    ['lines.0.unit', ['', 'PIECE', 7, 'ZZZ', 'c62']],
    ['lines.0.taxCategory', ['', 's', 'B', 'X', 7]],
    ['lines.0.exemptionCode', ['', 7, 'x'.repeat(31)]],
    ['lines.0.exemptionReason', text(200)],
    ['lines.0.discount', [0, -1, 0.5, '5', true, []]],
    ['lines.0.charge', [0, -1, 0.5, '5', true, []]],
    ['pricesIncludeTax', ['true', 1, {}]],
    ['roundingAmount', [51, -51, 0.5, '1']],
    ['buyerReference', text(100)],
    ['orderReference', text(100)],
    ['delivery', ['2026-11-30', 7, []]],
    ['delivery.date', ['', '30.11.2026', '2026-02-30', '2026-11-30T10:00:00Z', 7]],
    ['delivery.country', ['', 'be', 'UK', 7]],
    ['customer.vatId', [...text(20), 'BE0403019262', '0403019261', 'GR094259216', 'be0403019261']],
    ['customer.electronicAddress', ['0208:0403019261', 7, []]],
    ['customer.electronicAddress.scheme', [undefined, null, '', '9999', 'peppol', 7]],
    ['customer.electronicAddress.id', [undefined, null, '', '0403019262', 7]],
    ['customer.type', ['', 'business', 'Company', 7]],
    ['exchange', ['CZK', 7, []]],
    ['exchange.currency', [undefined, null, 'czk', 'EUR', 'XXX']],
    ['exchange.rate', [undefined, null, 24.315, '24,315', '-1', '0', '0.00', '1.12345678901']],
    ['exchange.source', [undefined, null, ...text(100)]],
    ['lines.0.taxRate', [undefined, null, 21, '', '21%', '21,00', '-1', '100.01', '1000', '1.23456']],
    [
      'metadata',
      [null, [], 'web', 1, Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`key${i}`, 'x']))],
    ],
    ['metadata.channel', [null, 1, true, {}, 'x'.repeat(501)]],
  ])('%s', (way, values) => {
    const pointer = `#/${way.replaceAll('.', '/')}`;
    for (const value of values) {
      const errors = errorsOf(paymentRequest, changed(way, value));
      expect(errors, JSON.stringify(value)).toContainEqual(
        expect.objectContaining({ pointer, detail: expect.stringMatching(plainSentence) }),
      );
      expect(new Set(errors.map((error) => error.pointer)), JSON.stringify(value)).toEqual(
        new Set([pointer]),
      );
    }
  });

  test.each([
    ['merchantId', '#/merchantId'],
    ['capturemethod', '#/capturemethod'],
    ['customer.phone', '#/customer/phone'],
    ['customer.address.zip', '#/customer/address/zip'],
    ['lines.0.price', '#/lines/0/price'],
  ])('a field that is not known: %s', (way, pointer) => {
    expect(errorsOf(paymentRequest, changed(way, 'x'))).toEqual([{ pointer, detail: 'is unknown' }]);
  });

  test.each([
    ['empty', ''],
    ['nothing that shows', '%E2%80%8B'],
    ['too long', 'x'.repeat(41)],
  ])('a metadata key that is %s', (_what, key) => {
    expect(errorsOf(paymentRequest, { ...full, metadata: { [decodeURIComponent(key)]: 'x' } })).toMatchObject(
      [{ pointer: `#/metadata/${key}` }],
    );
  });

  test.each(Object.getOwnPropertyNames(Object.prototype).filter((name) => name !== '__proto__'))(
    'a metadata key that every object has: %s',
    (key) => {
      expect(errorsOf(paymentRequest, { ...full, metadata: { [key]: 'x' } })).toMatchObject([
        { pointer: `#/metadata/${key}` },
      ]);
    },
  );

  test('an amount in minor units that are not the currency’s, as far as lines tell', () => {
    expect(errorsOf(paymentRequest, { ...full, amount: 121 })).toEqual([
      { pointer: '#/amount', detail: 'must be what the lines add up to with tax: 12100', rule: 'amount' },
    ]);
  });

  test('lines that do not add up, by one unit more or less', () => {
    for (const amount of [12_099, 12_101]) {
      expect(errorsOf(paymentRequest, { ...full, amount })).toEqual([
        { pointer: '#/amount', detail: 'must be what the lines add up to with tax: 12100', rule: 'amount' },
      ]);
    }
  });

  test('lines whose tax was rounded line by line', () => {
    const lines = Array.from({ length: 10 }, () => ({ ...chairs, quantity: 1, unitAmount: 1 }));
    expect(errorsOf(paymentRequest, { ...full, amount: 12, lines })).toEqual([]);
    expect(errorsOf(paymentRequest, { ...full, amount: 10, lines })).toHaveLength(1);
  });

  test('lines that add up to more than a number holds', () => {
    const lines = Array(50).fill({ ...chairs, quantity: 1_000_000, unitAmount: 999_999_999_999 });
    expect(errorsOf(paymentRequest, { ...full, lines })).toEqual([
      { pointer: '#/lines', detail: 'must add up to an amount that can be paid', rule: 'amount' },
    ]);
  });

  test('several fields at once, each with its own reason', () => {
    const body = { ...full, amount: 0, currency: 'eur', lines: [{ ...chairs, quantity: 0 }] };
    expect(errorsOf(paymentRequest, body).map(({ pointer }) => pointer)).toEqual([
      '#/amount',
      '#/currency',
      '#/lines/0/quantity',
    ]);
  });

  test('any JSON, without ever failing itself', () => {
    const strange = fc.oneof(fc.jsonValue(), fc.constantFrom(0, -1, 2 ** 53, '1e400', '21', {}, [], null));
    const body = fc.record(
      {
        amount: strange,
        currency: strange,
        paymentMethod: strange,
        customer: fc.oneof(strange, fc.record({ name: strange, address: strange })),
        lines: fc.oneof(
          strange,
          fc.array(
            fc.record(
              { description: strange, quantity: strange, unitAmount: strange, taxRate: strange },
              { requiredKeys: [] },
            ),
          ),
        ),
        metadata: strange,
      },
      { requiredKeys: [] },
    );
    const nearlyRight = fc
      .tuple(fc.constantFrom(...Object.keys(chairs), 'all'), fc.oneof(strange, fc.string()))
      .filter(([name]) => name !== 'description')
      .map(([name, value]) => ({
        ...least,
        amount: 7,
        lines: name === 'all' ? value : [{ ...chairs, [name]: value }],
      }))
      .filter(({ lines }) => lines !== null);
    fc.assert(
      fc.property(fc.oneof(body, nearlyRight, fc.jsonValue()), (value) => {
        const errors = errorsOf(paymentRequest, value);
        expect(errors.length).toBeGreaterThan(0);
        for (const { detail } of errors) expect(detail).toMatch(plainSentence);
      }),
      { numRuns: 500 },
    );
  });
});

describe('What moves a payment', () => {
  test('is a capture of an amount, or of all of it', () => {
    expect(captureRequest.parse({})).toEqual({});
    expect(captureRequest.parse({ amount: 5 })).toEqual({ amount: 5 });
  });

  test('is a cancellation with a reason, or by the merchant’s wish', () => {
    expect(cancelRequest.parse({})).toEqual({ reason: 'requested_by_merchant' });
    expect(cancelRequest.parse({ reason: 'out of stock' })).toEqual({ reason: 'out of stock' });
  });

  test('is a refund of an amount, or of what is left, with a reason or without', () => {
    expect(refundRequest.parse({})).toEqual({ reason: null });
    expect(refundRequest.parse({ amount: 5, reason: 'came back' })).toEqual({
      amount: 5,
      reason: 'came back',
    });
  });

  test('is a refund of lines, each by a quantity, an amount, or as a whole', () => {
    const lines = [{ line: 1, quantity: '1.5' }, { line: 2, amount: 5 }, { line: 50 }];
    expect(refundRequest.parse({ lines })).toEqual({ lines, reason: null });
    expect(refundLinesOf([{ line: 1, quantity: 1.5 }])).toEqual([{ line: 1, quantity: '1.5' }]);
    for (const [wrong, pointer] of [
      [{ lines: [] }, '#/lines'],
      [{ lines: null }, '#/lines'],
      [{ lines: [{ line: 0 }] }, '#/lines/0/line'],
      [{ lines: [{ line: 51 }] }, '#/lines/0/line'],
      [{ lines: [{ line: '1' }] }, '#/lines/0/line'],
      [{ lines: [{ line: 1, quantity: 0 }] }, '#/lines/0/quantity'],
      [{ lines: [{ line: 1, amount: 0 }] }, '#/lines/0/amount'],
      [{ lines: [{ line: 1, amount: 5, quantity: 1 }] }, '#/lines/0/amount'],
      [{ lines: [{ line: 1, qty: 1 }] }, '#/lines/0/qty'],
      [{ lines: Array(51).fill({ line: 1 }) }, '#/lines'],
    ] as const)
      expect(errorsOf(refundRequest, wrong)[0], JSON.stringify(wrong)).toMatchObject({ pointer });
  });

  test.each([
    ['a capture', captureRequest],
    ['a refund', refundRequest],
  ])('is not %s of a wrong amount', (_what, schema) => {
    for (const amount of [0, -1, 0.5, '5', null, 1_000_000_000_000]) {
      expect(errorsOf(schema, { amount })[0], String(amount)).toMatchObject({ pointer: '#/amount' });
    }
  });

  test.each([
    ['a cancellation', cancelRequest],
    ['a refund', refundRequest],
  ])('is not %s with a wrong reason', (_what, schema) => {
    for (const reason of ['', ' ', '\u200b', 'x'.repeat(201), 7]) {
      expect(errorsOf(schema, { reason }), String(reason)).toMatchObject([{ pointer: '#/reason' }]);
    }
    expect(schema.parse({ reason: ` ${'x'.repeat(200)} ` })).toMatchObject({ reason: 'x'.repeat(200) });
  });

  test.each([
    ['a capture', captureRequest],
    ['a cancellation', cancelRequest],
    ['a refund', refundRequest],
  ])('is not %s with a field that is not known', (_what, schema) => {
    expect(errorsOf(schema, { ammount: 5 })).toEqual([{ pointer: '#/ammount', detail: 'is unknown' }]);
  });
});
