import { reversed } from '@fanfold/contracts/reversedFixtures';
import { expect, it } from 'vitest';
import { type Account, newAccount } from './books.ts';
import { creditNoteFor } from './creditNote.ts';
import { captured, now, ordering, orderLine, refunded, sellerOf } from './eventFixtures.ts';
import { invoiceFor } from './invoice.ts';
import { creditNoteResource, invoiceResource } from './resources.ts';

const numbered = { number: 'INV-2026-000001', series: 'INV-2026', issuedAt: now.toISOString() };
const invoice = invoiceFor(captured(), numbered, undefined);
const ordered = invoiceFor(
  captured({
    amount: 16_784,
    amountCaptured: 16_784,
    lines: null,
    order: ordering({
      lines: [
        orderLine({ itemId: 'chair-1', discount: { amount: 500, reason: 'Loyalty' } }),
        orderLine({ description: 'Advice', quantity: '1.5', unit: 'HUR', unitPrice: '33.333' }),
        orderLine({ description: 'Voucher', quantity: '-1', unitPrice: '10' }),
        orderLine({
          ...{ description: 'Course', quantity: '1', unitPrice: '4.5' },
          ...{ taxRate: '0', taxCategory: 'E', exemptionCode: 'VATEX-EU-132' },
        }),
      ],
      roundingAmount: -1,
    }),
  }),
  numbered,
  sellerOf(),
);

const shown = (...amounts: number[]) => {
  const creditNotes: Account['creditNotes'] = amounts.map((amount, i) => ({
    id: `cn_${i}`,
    number: `CN-2026-00000${i + 1}`,
    refundId: `re_${i}`,
    amount,
  }));
  return invoiceResource({ ...newAccount('acme', invoice.id), invoice, creditNotes });
};

it.each([
  ['paid', []],
  ['partially_credited', [12_099]],
  ['credited', [12_000, 100]],
])('an invoice is %s when %j of 12100 was credited', (status, amounts) => {
  expect(shown(...amounts)).toMatchObject({ status });
});

it('an invoice is shown as it was issued, without what only the table needs', () => {
  const { happenedOn, trace, ...document } = invoice;
  expect(shown()).toEqual({ object: 'invoice', ...document, status: 'paid', creditNotes: [] });
});

it('an invoice of an order says who issued it, and what each line and rate is', () => {
  const shown = invoiceResource({ ...newAccount('acme', ordered.id), invoice: ordered });
  expect(shown).toMatchObject({
    seller: { legalName: 'Fanfold Example BV', vatId: 'BE0403019261', version: 3 },
    lines: [
      {
        ...{ description: 'Chair', itemId: 'chair-1', quantity: 2, unit: 'C62', unitAmount: 5000 },
        ...{ discount: { amount: 500, reason: 'Loyalty' }, net: 9500, taxCategory: 'S', tax: 1995 },
      },
      { quantity: '1.5', unit: 'HUR', unitAmount: '33.333', net: 5000, tax: 1050, gross: 6050 },
      { quantity: -1, unitAmount: 1000, net: -1000, tax: -210, gross: -1210 },
      { taxRate: '0.00', taxCategory: 'E', net: 450, tax: 0 },
    ],
    totals: {
      ...{ net: 13_950, tax: 2835, gross: 16_785, rounding: -1 },
      taxByRate: [
        { rate: '21.00', net: 13_500, tax: 2835, category: 'S' },
        { rate: '0.00', net: 450, tax: 0, category: 'E', exemptionCode: 'VATEX-EU-132' },
      ],
    },
  });
  expect(Object.keys(shown)).not.toContain('taxDocument');
});

it('a document is the same to the letter, whatever order the table gives its members', () => {
  for (const issued of [invoice, ordered]) {
    const account = { ...newAccount('acme', issued.id), invoice: issued };
    expect(JSON.stringify(invoiceResource(reversed(account)))).toBe(JSON.stringify(invoiceResource(account)));
    const creditNote = creditNoteFor(issued, refunded(1, 100, 0), { ...numbered, number: 'CN-2026-000001' });
    expect(JSON.stringify(creditNoteResource(reversed(creditNote)))).toBe(
      JSON.stringify(creditNoteResource(creditNote)),
    );
  }
});
