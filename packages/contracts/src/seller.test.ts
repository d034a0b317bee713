import { describe, expect, test } from 'vitest';
import { seller, sellerRequest } from './seller.ts';

const given = { legalName: 'Example BV', address: { country: 'BE' } };

describe('A seller', () => {
  test('is given with what it has, trimmed, and stored with all members', () => {
    const stored = sellerRequest.parse({ ...given, tradeName: '  Chairs ' });
    expect(stored).toEqual({
      legalName: 'Example BV',
      tradeName: 'Chairs',
      address: { line1: null, line2: null, city: null, postalCode: null, state: null, country: 'BE' },
      vatId: null,
      registration: null,
      contact: null,
      electronicAddress: null,
      bankAccount: null,
      numberingPrefix: null,
      invoiceLanguage: 'en',
      legalNote: null,
      simplifiedInvoices: false,
    });
    expect(seller.parse(stored)).toEqual(stored);
  });

  test('that was stored before a member existed has its default', () => {
    expect(seller.parse(given)).toEqual(sellerRequest.parse(given));
  });

  test.each([
    ['a member that nobody knows', { vatID: 'BE0403019261' }],
    ['a name that shows nothing', { legalName: '\u200b' }],
    ['a name of too many characters', { legalName: 'x'.repeat(201) }],
    ['a note that XML cannot hold', { legalNote: 'RPR\ufffe' }],
    ['a note with a line break', { legalNote: 'RPR\nGent' }],
    ['a part of a contact', { contact: { name: 'Ada' } }],
    ['a language that no document is written in', { invoiceLanguage: 'tlh' }],
    ['a prefix in small letters', { numberingPrefix: 'acme' }],
    ['a prefix that is a kind of document', { numberingPrefix: 'INV' }],
    ['a prefix of too many letters', { numberingPrefix: 'ABCDEFGHIJKLMNOPQ' }],
  ])('is not accepted with %s', (_what, change) => {
    expect(sellerRequest.safeParse({ ...given, ...change }).success).toBe(false);
  });
});
