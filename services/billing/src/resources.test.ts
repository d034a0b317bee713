import { reversed } from '@fanfold/contracts/reversedFixtures';
import { expect, it } from 'vitest';
import { type Account, newAccount } from './books.ts';
import { creditNoteFor } from './creditNote.ts';
import { captured, now, refunded } from './eventFixtures.ts';
import { invoiceFor } from './invoice.ts';
import { creditNoteResource, invoiceResource } from './resources.ts';

const invoice = invoiceFor(captured(), {
  number: 'INV-2026-000001',
  series: 'INV-2026',
  issuedAt: now.toISOString(),
});

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

it('a document is the same to the letter, whatever order the table gives its members', () => {
  const account = { ...newAccount('acme', invoice.id), invoice };
  expect(JSON.stringify(invoiceResource(reversed(account)))).toBe(JSON.stringify(invoiceResource(account)));
  const creditNote = creditNoteFor(invoice, refunded(1, 100, 0), {
    number: 'CN-2026-000001',
    series: 'CN-2026',
    issuedAt: now.toISOString(),
  });
  expect(JSON.stringify(creditNoteResource(reversed(creditNote)))).toBe(
    JSON.stringify(creditNoteResource(creditNote)),
  );
});
